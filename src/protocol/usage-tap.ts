import { asBuffer } from '../kit/bytes.ts'
import { valueEnd } from '../kit/json-splice.ts'
import type { Tap } from './codec.ts'
import type { Usage } from './protocol.ts'
import { streamFailure } from './stream-failure.ts'

/** The key whose value a tap reads. */
export const USAGE = Buffer.from('"usage"')
const COLON = 0x3a
const SPACE = 0x20
const QUOTE = 0x22
/** Longer ones are no reasons. */
const LONGEST_REASON = 64

/** What one protocol's tap looks for. */
export interface UsageTapOptions {
  readonly usageOf: (value: unknown) => Usage
  /** What tells a stream's end: a line of SSE or a key of JSON, which no text inside a string looks like. */
  readonly ends: RegExp
  /** What may tell that it failed. */
  readonly failures: RegExp
  /** Notes why the model stopped, where these bytes tell it. */
  readonly stop: (usage: Usage, buffer: Buffer) => void
}

/** A tap that takes every `usage` object, why the model stopped, and a stream's end. */
export function createUsageTap({ usageOf, ends, failures, stop }: UsageTapOptions): Tap {
  const usage: Usage = {}
  let ended = false
  let failure: string | undefined
  return {
    usage,
    get ended() {
      return ended
    },
    get failure() {
      return failure
    },
    events(bytes) {
      const buffer = asBuffer(bytes)
      for (let at = buffer.indexOf(USAGE); at !== -1; at = buffer.indexOf(USAGE, at + 7)) {
        Object.assign(usage, usageOf(usageAt(buffer, at)))
      }
      stop(usage, buffer)
      const text = buffer.toString('latin1')
      if (failures.test(text)) failure ??= streamFailure(bytes)
      ended ||= failure !== undefined || ends.test(text)
    },
    reply(bytes) {
      const buffer = asBuffer(bytes)
      const at = buffer.lastIndexOf(USAGE)
      if (at !== -1) Object.assign(usage, usageOf(usageAt(buffer, at)))
      stop(usage, buffer)
    },
  }
}

/** Takes the text behind the key at `found`, where there is one. */
export function tapStop(usage: Usage, buffer: Buffer, found: number, key: string | Buffer): void {
  if (found === -1) return
  const start = skipColon(buffer, found + key.length)
  if (buffer[start] !== QUOTE) return
  const end = buffer.indexOf(QUOTE, start + 1)
  if (end === -1 || end - start > LONGEST_REASON) return
  usage.stopReason = buffer.toString('latin1', start + 1, end)
}

/** The value behind the key at `at`. An unescaped `"usage"` is a key: inside a string its quotes would be escaped. */
export function usageAt(buffer: Buffer, at: number): unknown {
  const start = skipColon(buffer, at + USAGE.length)
  try {
    return JSON.parse(buffer.toString('utf8', start, valueEnd(buffer, start)))
  } catch {
    // A tap may not fail the stream it looks at: what cannot be read is not counted.
    return undefined
  }
}

function skipColon(buffer: Buffer, from: number): number {
  let start = from
  while (buffer[start] === SPACE || buffer[start] === COLON) start += 1
  return start
}
