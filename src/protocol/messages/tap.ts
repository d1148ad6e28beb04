import { asBuffer } from '../../kit/bytes.ts'
import { isRecord } from '../../kit/json.ts'
import { valueEnd } from '../../kit/json-splice.ts'
import type { Usage } from '../protocol.ts'

const USAGE = Buffer.from('"usage"')
const COLON = 0x3a
const SPACE = 0x20
const LF = 0x0a
const LETTER_E = 0x65
const LETTER_C = 0x63
const LETTER_P = 0x70
const BLANK_LINE = Buffer.from('\n\n')
/** Works on any Uint8Array; making a Buffer of each chunk costs more than the search. */
const { indexOf } = Buffer.prototype
/** `event: message_stop` with its data is 53 bytes; more may follow in other spellings. */
const TAIL = 160

/** What a passed-through Messages reply says of itself, read beside the way of its bytes. */
export interface Tap {
  readonly usage: Usage
  /** `message_stop` or an `error` event was seen: the stream has said how it ends. */
  readonly ended: boolean
  /** The type of the stream's own `error` event. */
  readonly error: string | undefined
  /** Looks at whole events; never throws and never changes them. */
  events(bytes: Uint8Array): void
  /** Looks at a whole JSON reply. */
  reply(bytes: Uint8Array): void
}

/** A tap on one Messages reply. */
export function createMessagesTap(): Tap {
  const usage: Usage = {}
  let ended = false
  let error: string | undefined
  return {
    usage,
    get ended() {
      return ended
    },
    get error() {
      return error
    },
    events(bytes) {
      if (isOneBlockEvent(bytes)) return
      const buffer = asBuffer(bytes)
      for (let at = buffer.indexOf(USAGE); at !== -1; at = buffer.indexOf(USAGE, at + 7)) {
        addUsage(usage, valueAfterKey(buffer, at))
      }
      const tail = buffer.length > TAIL ? buffer.length - TAIL : 0
      if (buffer.indexOf('message_stop', tail) !== -1) ended = true
      const failed = errorEventAt(buffer)
      if (failed === -1) return
      ended = true
      error = errorType(buffer, failed)
    },
    reply(bytes) {
      const buffer = asBuffer(bytes)
      const at = buffer.lastIndexOf(USAGE)
      if (at !== -1) addUsage(usage, valueAfterKey(buffer, at))
    },
  }
}

/**
 * What nearly every chunk of a stream is: one `event: content_block_…` or `event: ping`, told by its eighth byte and by
 * where its end stands. It carries neither usage nor an end, and must cost next to nothing.
 */
function isOneBlockEvent(bytes: Uint8Array): boolean {
  if (bytes[0] !== LETTER_E || (bytes[7] !== LETTER_C && bytes[7] !== LETTER_P)) return false
  return indexOf.call(bytes, BLANK_LINE) === bytes.length - 2
}

/** An unescaped `"usage"` is a key, never text: inside a string its quotes would be escaped. */
function valueAfterKey(buffer: Buffer, at: number): unknown {
  let start = at + USAGE.length
  while (buffer[start] === SPACE || buffer[start] === COLON) start += 1
  try {
    return JSON.parse(buffer.toString('utf8', start, valueEnd(buffer, start)))
  } catch {
    // A tap may not fail the stream it looks at: what cannot be read is not counted.
    return undefined
  }
}

function addUsage(usage: Usage, value: unknown): void {
  if (!isRecord(value)) return
  set(usage, 'input', value.input_tokens)
  set(usage, 'output', value.output_tokens)
  set(usage, 'cacheRead', value.cache_read_input_tokens)
  set(usage, 'cacheWrite', value.cache_creation_input_tokens)
}

/** The last number of each count stands: message_delta repeats or corrects message_start. */
function set(usage: Usage, key: keyof Usage, value: unknown): void {
  if (typeof value === 'number') usage[key] = value
}

/** A line that begins so is no text: inside JSON a line end would be escaped. */
function errorEventAt(buffer: Buffer): number {
  if (buffer.length > 12 && buffer.toString('latin1', 0, 12) === 'event: error') return 0
  return buffer.indexOf('\nevent: error')
}

function errorType(buffer: Buffer, at: number): string {
  const data = buffer.indexOf('data:', at)
  const end = data === -1 ? -1 : buffer.indexOf(LF, data)
  if (end === -1) return 'unknown'
  const type = /"error"\s*:\s*\{[^{}]*?"type"\s*:\s*"([^"]+)"/.exec(
    buffer.toString('utf8', data, end),
  )
  return type?.[1] ?? 'unknown'
}
