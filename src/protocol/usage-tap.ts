import { asBuffer } from '../kit/bytes.ts'
import { valueEnd } from '../kit/json-splice.ts'
import type { Tap } from './codec.ts'
import type { Usage } from './protocol.ts'

/** The key whose value a tap reads. */
export const USAGE = Buffer.from('"usage"')
const COLON = 0x3a
const SPACE = 0x20

/** A tap that takes every `usage` object and knows a stream's end by any of some texts. */
export function createUsageTap(usageOf: (value: unknown) => Usage, ends: readonly string[]): Tap {
  const usage: Usage = {}
  let ended = false
  return {
    usage,
    get ended() {
      return ended
    },
    events(bytes) {
      const buffer = asBuffer(bytes)
      for (let at = buffer.indexOf(USAGE); at !== -1; at = buffer.indexOf(USAGE, at + 7)) {
        Object.assign(usage, usageOf(usageAt(buffer, at)))
      }
      ended ||= ends.some((end) => buffer.includes(end))
    },
    reply(bytes) {
      const buffer = asBuffer(bytes)
      const at = buffer.lastIndexOf(USAGE)
      if (at !== -1) Object.assign(usage, usageOf(usageAt(buffer, at)))
    },
  }
}

/** The value behind the key at `at`. An unescaped `"usage"` is a key: inside a string its quotes would be escaped. */
export function usageAt(buffer: Buffer, at: number): unknown {
  let start = at + USAGE.length
  while (buffer[start] === SPACE || buffer[start] === COLON) start += 1
  try {
    return JSON.parse(buffer.toString('utf8', start, valueEnd(buffer, start)))
  } catch {
    // A tap may not fail the stream it looks at: what cannot be read is not counted.
    return undefined
  }
}
