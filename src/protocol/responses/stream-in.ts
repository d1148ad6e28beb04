import { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import type { SseFrame } from '../../kit/sse.ts'
import type { StreamEvent } from '../messages/schema.ts'
import type { StreamIn } from '../protocol.ts'
import { frameValue, readErrorValue } from '../read-error.ts'
import { textOf } from '../value.ts'
import type { ResponsesInOptions } from './item-reader.ts'
import { ResponseReader } from './reader.ts'

/** Responses SSE → hub events, from OpenAI and from servers that keep its order loosely. @see translation.md 3.E */
export function createResponsesStreamIn(options: ResponsesInOptions): StreamIn {
  const reader = new ResponseReader(options)
  return {
    push(frame: SseFrame): StreamEvent[] {
      if (!reader.closed) readFrame(frame, reader)
      return reader.take()
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

function readFrame(frame: SseFrame, reader: ResponseReader): void {
  const { data } = frame
  if (data === '' || data === '[DONE]' || frame.event === 'ping') return
  const read = frameValue(frame)
  if (read instanceof ProxyError) {
    reader.fail(read)
    return
  }
  const { value } = read
  if (isRecord(value)) readEvent(textOf(value.type) ?? frame.event, value, reader)
}

type Handler = (event: Record<string, unknown>, reader: ResponseReader) => void

/** What each event does; those that are not here (created, in_progress, keepalives, …) carry nothing for the hub. */
const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['response.output_text.delta', (event, reader) => reader.items.text(event)],
  ['response.output_text.done', (event, reader) => reader.items.textDone(event, event.text)],
  [
    'response.content_part.done',
    (event, reader) => {
      if (isRecord(event.part)) reader.items.textDone(event, event.part.text)
    },
  ],
  ['response.output_text.annotation.added', (event, reader) => reader.items.annotate(event)],
  ['response.refusal.delta', (event, reader) => reader.items.refuse(event)],
  ['response.refusal.done', (event, reader) => reader.items.refuse(event)],
  [
    'response.reasoning_summary_text.delta',
    (event, reader) => reader.items.reasoning(event, 'summary_index'),
  ],
  [
    'response.reasoning_text.delta',
    (event, reader) => reader.items.reasoning(event, 'content_index'),
  ],
  ['response.function_call_arguments.delta', (event, reader) => reader.items.arguments(event)],
  ['response.function_call_arguments.done', (event, reader) => reader.items.argumentsDone(event)],
  ['response.output_item.added', (event, reader) => reader.items.itemAdded(event)],
  [
    'response.output_item.done',
    (event, reader) => reader.items.itemDone(event.item, event.output_index),
  ],
  ['response.completed', (event, reader) => finish(event, reader)],
  // An earlier name of the same, which some backends still use.
  ['response.done', (event, reader) => finish(event, reader)],
  ['response.incomplete', (event, reader) => finish(event, reader)],
  ['response.failed', (event, reader) => reader.failed(event.response)],
  ['response.cancelled', (event, reader) => reader.failed(event.response)],
  ['error', (event, reader) => reader.fail(readErrorValue(event))],
])

function readEvent(type: string, event: Record<string, unknown>, reader: ResponseReader): void {
  const handler = HANDLERS.get(type)
  if (handler !== undefined) handler(event, reader)
  else if (isRecord(event.error)) reader.fail(readErrorValue(event))
}

function finish(event: Record<string, unknown>, reader: ResponseReader): void {
  const response = isRecord(event.response) ? event.response : {}
  const status = event.type === 'response.incomplete' ? 'incomplete' : response.status
  if (status === 'failed') reader.failed(response)
  else reader.finish({ ...response, status }, true)
}
