import { ProxyError } from '../../kit/error.ts'
import type { SseFrame } from '../../kit/sse.ts'
import type { StreamEvent } from '../messages/schema.ts'
import type { StreamIn } from '../protocol.ts'
import { readErrorValue, readUpstreamError } from '../read-error.ts'
import { isRecord } from '../value.ts'
import { type ChatInOptions, ChatReader } from './reader.ts'

/** Chat Completions SSE → hub events, from whatever an OpenAI-compatible server sends. @see translation.md 3.C */
export function createChatStreamIn(options: ChatInOptions): StreamIn {
  const reader = new ChatReader(options)
  return {
    push(frame: SseFrame): StreamEvent[] {
      readFrame(frame, reader)
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

function readFrame(frame: SseFrame, reader: ChatReader): void {
  const { data } = frame
  if (data === '' || frame.event === 'ping') return
  if (data === '[DONE]') {
    reader.done()
    return
  }
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch (cause) {
    reader.fail(
      frame.event === 'error'
        ? readUpstreamError({ body: data })
        : new ProxyError(
            'upstream_protocol',
            'Upstream sent an event that is not JSON: try again',
            { cause },
          ),
    )
    return
  }
  if (frame.event === 'error') reader.fail(readErrorValue(value))
  else if (isRecord(value)) reader.chunk(value)
}
