import { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import type { SseFrame } from '../../kit/sse.ts'
import type { StreamEvent } from '../messages/schema.ts'
import type { StreamIn } from '../protocol.ts'
import { frameValue, readErrorValue } from '../read-error.ts'
import { TextTemplate } from '../text-template.ts'
import { type LostOptions, tellLost } from './lost-fields.ts'
import { type ChatInOptions, ChatReader } from './reader.ts'

/** Chat Completions SSE → hub events, from whatever an OpenAI-compatible server sends. @see translation.md 3.C */
export function createChatStreamIn(options: ChatInOptions & LostOptions): StreamIn {
  const reader = new ChatReader(options)
  const template = new TextTemplate()
  return {
    get around() {
      return template.around
    },
    push(frame: SseFrame): StreamEvent[] {
      const text = template.match(frame)
      if (text !== undefined) {
        reader.text(text)
        return reader.take()
      }
      readFrame(frame, reader, options)
      const events = reader.take()
      learn(template, frame, events)
      return events
    },
    end(): StreamEvent[] {
      reader.end()
      return reader.take()
    },
    fail(error: ProxyError): StreamEvent[] {
      reader.fail(error)
      return reader.take()
    },
  }
}

/** A frame that said one piece of text, and nothing beside it, is what the next ones will look like. */
function learn(template: TextTemplate, frame: SseFrame, events: StreamEvent[]): void {
  const [event] = events
  if (events.length !== 1 || event?.type !== 'content_block_delta') return
  if (event.delta.type !== 'text_delta' || !template.wants(frame)) return
  if (saysOnlyText(JSON.parse(frame.data))) {
    template.learn(frame, 'content', event.delta.text)
  }
}

/** Whether a chunk has one choice whose delta has content, no other word, no finish and no counts. */
function saysOnlyText(chunk: unknown): boolean {
  if (!isRecord(chunk) || !Array.isArray(chunk.choices) || chunk.choices.length !== 1) return false
  const choice: unknown = chunk.choices[0]
  if (!isRecord(choice) || !isRecord(choice.delta)) return false
  const { role: _role, content, ...words } = choice.delta
  const silent = [
    ...Object.values(words),
    choice.finish_reason,
    choice.usage,
    chunk.usage,
    chunk.x_groq,
  ]
  return typeof content === 'string' && silent.every(isNothing)
}

function isNothing(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )
}

function readFrame(frame: SseFrame, reader: ChatReader, options: LostOptions): void {
  const { data } = frame
  if (data === '' || frame.event === 'ping') return
  if (data.startsWith('[DONE]')) {
    reader.done()
    return
  }
  const read = frameValue(frame)
  if (read instanceof ProxyError) {
    reader.fail(read)
    return
  }
  const { value } = read
  if (frame.event === 'error') reader.fail(readErrorValue(value))
  else if (isRecord(value)) {
    tellLost(value, options)
    reader.chunk(value)
  }
}
