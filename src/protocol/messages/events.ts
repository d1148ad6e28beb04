import { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import type { SseFrame } from '../../kit/sse.ts'
import type { Around, StreamIn, StreamOut } from '../protocol.ts'
import { readErrorValue } from '../read-error.ts'
import { TextTemplate } from '../text-template.ts'
import { BlockOrder, withInput } from './block-order.ts'
import { brokenInput } from './broken-input.ts'
import { errorEvent, errorOfEvent, messagesErrors } from './error.ts'
import type { MessageDelta, MessageUsage, StreamEvent } from './schema.ts'
import { completeUsage, mergeUsage } from './usage.ts'

const DELTA = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":'
const TEXT = ',"delta":{"type":"text_delta","text":'
const END = '}}\n\n'

/** One hub event as the text of a server-sent event. */
export function renderEvent(event: StreamEvent): string {
  if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
    // By far the most frequent event: only the text needs to be encoded.
    return `${DELTA}${event.index}${TEXT}${JSON.stringify(event.delta.text)}${END}`
  }
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

/** Whether a parsed frame is an event of the hub; what a newer API adds beyond them is not. */
function isStreamEvent(value: unknown): value is StreamEvent {
  if (!isRecord(value)) return false
  switch (value.type) {
    case 'message_start':
      return isRecord(value.message)
    case 'content_block_start':
      return typeof value.index === 'number' && typeOf(value.content_block) !== undefined
    case 'content_block_delta':
      return typeof value.index === 'number' && isDelta(value.delta)
    case 'content_block_stop':
      return typeof value.index === 'number'
    case 'message_delta':
      return isRecord(value.delta)
    default:
      return value.type === 'message_stop'
  }
}

function typeOf(value: unknown): string | undefined {
  return isRecord(value) && typeof value.type === 'string' ? value.type : undefined
}

/** What each delta says; those that a newer API adds may say anything. */
const WORD_OF_DELTA: ReadonlyMap<string, string> = new Map([
  ['text_delta', 'text'],
  ['thinking_delta', 'thinking'],
  ['signature_delta', 'signature'],
  ['input_json_delta', 'partial_json'],
])

function isDelta(value: unknown): boolean {
  const type = typeOf(value)
  if (type === undefined || !isRecord(value)) return false
  const word = WORD_OF_DELTA.get(type)
  return word === undefined || typeof value[word] === 'string'
}

/** The error that a stream ends with when its upstream closes too early. */
export function truncated(): ProxyError {
  return new ProxyError(
    'upstream_protocol',
    'Upstream closed the stream before the answer was complete: try again',
  )
}

type Phase = 'before start' | 'open' | 'closed'

/**
 * Anthropic's SSE → hub events. Pings and unknown events are left out; several message_delta events become one,
 * with the last word on each count; an end without message_stop is an error.
 */
export function createMessagesStreamIn(): StreamIn {
  return new MessagesReader()
}

class MessagesReader implements StreamIn {
  readonly #template = new TextTemplate()
  /** The block of the frames that the template knows. */
  #index = 0
  #phase: Phase = 'before start'
  #usage: MessageUsage = {}
  #delta: MessageDelta = { stop_reason: null }
  readonly #blocks = new BlockOrder()

  get around(): Around | undefined {
    return this.#template.around
  }

  push(frame: SseFrame): StreamEvent[] {
    if (this.#phase === 'closed' || frame.data === '' || frame.event === 'ping') return []
    const text = this.#blocks.isText(this.#index) ? this.#template.match(frame) : undefined
    if (text !== undefined) {
      return [
        { type: 'content_block_delta', index: this.#index, delta: { type: 'text_delta', text } },
      ]
    }
    const value: unknown = parse(frame.data)
    if (isStreamEvent(value)) {
      this.#learn(frame, value)
      return this.#take(value)
    }
    if (isRecord(value) && isError(value, frame)) return this.fail(readErrorValue(value))
    return value === undefined ? this.fail(nonsense()) : []
  }

  end(): StreamEvent[] {
    return this.fail(truncated())
  }

  fail(error: ProxyError): StreamEvent[] {
    if (this.#phase === 'closed') return []
    this.#phase = 'closed'
    return [errorEvent(error)]
  }

  #learn(frame: SseFrame, event: StreamEvent): void {
    if (!isPlainText(event) || !this.#template.wants(frame)) return
    if (this.#template.learn(frame, 'text', event.delta.text)) this.#index = event.index
  }

  #take(event: StreamEvent): StreamEvent[] {
    switch (event.type) {
      case 'message_start':
        if (this.#phase !== 'before start') return []
        this.#phase = 'open'
        this.#usage = isRecord(event.message.usage) ? event.message.usage : {}
        return [{ ...event, message: { ...event.message, usage: this.#usage } }]
      case 'message_delta':
        this.#usage = mergeUsage(this.#usage, event.usage ?? {})
        this.#delta = { ...this.#delta, ...event.delta }
        return []
      case 'message_stop':
        return this.#phase === 'open' ? this.#finish() : this.fail(truncated())
      default:
        return this.#phase === 'open' ? this.#block(event) : []
    }
  }

  #block(event: StreamEvent): StreamEvent[] {
    switch (event.type) {
      case 'content_block_start':
        return this.#blocks.start(event.index, withInput(event.content_block))
      case 'content_block_delta':
        return this.#blocks.grow(event.index, event.delta) ? [event] : this.fail(disorder())
      case 'content_block_stop':
        return this.#blocks.close(event.index)
      default:
        return [event]
    }
  }

  #finish(): StreamEvent[] {
    const last = this.#blocks.close()
    if (!this.#blocks.sound(this.#delta)) return [...last, ...this.fail(brokenInput())]
    this.#phase = 'closed'
    const delta = this.#blocks.ending(this.#delta)
    return [...last, { type: 'message_delta', delta, usage: this.#usage }, { type: 'message_stop' }]
  }
}

function isError(value: Record<string, unknown>, frame: SseFrame): boolean {
  return value.type === 'error' || frame.event === 'error' || isRecord(value.error)
}

type TextEvent = { index: number; delta: { type: 'text_delta'; text: string } }

/** Whether an event is a piece of text with no field beside it. */
function isPlainText(event: StreamEvent): event is StreamEvent & TextEvent {
  if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') return false
  return Object.keys(event).length === 3 && Object.keys(event.delta).length === 2
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    // The caller ends the stream with an error of its own.
    return undefined
  }
}

function nonsense(): ProxyError {
  return new ProxyError('upstream_protocol', 'Upstream sent an event that is not JSON: try again')
}

function disorder(): ProxyError {
  return new ProxyError('upstream_protocol', 'Upstream sent a delta outside its block: try again')
}

/** Hub events → Anthropic's SSE. */
export function createMessagesStreamOut(options: { readonly requestId: string }): StreamOut {
  let closed = false
  const failed = (error: ProxyError): string => {
    if (closed) return ''
    closed = true
    return messagesErrors.event(error, options.requestId)
  }
  return {
    push(event: StreamEvent): string {
      if (closed) return ''
      switch (event.type) {
        case 'message_start': {
          const message = { ...event.message, usage: completeUsage(event.message.usage) }
          return renderEvent({ type: 'message_start', message })
        }
        case 'message_delta':
          return renderEvent({ ...event, usage: completeUsage(event.usage) })
        case 'message_stop':
          closed = true
          return renderEvent(event)
        case 'error':
          return failed(errorOfEvent(event))
        default:
          return renderEvent(event)
      }
    },
    end: () => failed(truncated()),
    fail: failed,
    around: (index) => ({ head: `${DELTA}${index}${TEXT}"`, tail: `"${END}` }),
  }
}
