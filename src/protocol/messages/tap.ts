import { asBuffer } from '../../kit/bytes.ts'
import type { Tap } from '../codec.ts'
import type { Usage } from '../protocol.ts'
import { streamFailure } from '../stream-failure.ts'
import { tapStop, USAGE, usageAt } from '../usage-tap.ts'
import { tapUsage } from './usage.ts'

const LETTER_E = 0x65
const LETTER_C = 0x63
const LETTER_P = 0x70
const STOP_REASON = Buffer.from('"stop_reason"')
const ERROR = Buffer.from('error')
const BLANK_LINE = Buffer.from('\n\n')
/** Works on any Uint8Array; making a Buffer of each chunk costs more than the search. */
const { indexOf } = Buffer.prototype
/** A line that begins so is no text, nor is such a key: inside JSON a line end and a quote would be escaped. */
const ERROR_LINE = /^event: ?error/m
const END = /^event: ?message_stop|"type": ?"message_stop"/m
/** `event: message_stop` with its data is 53 bytes; more may follow in other spellings. */
const TAIL = 160

/** A tap on one Messages reply. */
export function createMessagesTap(): Tap {
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
      if (isOneBlockEvent(bytes)) return
      const buffer = asBuffer(bytes)
      for (let at = buffer.indexOf(USAGE); at !== -1; at = buffer.indexOf(USAGE, at + 7)) {
        Object.assign(usage, tapUsage(usageAt(buffer, at)))
      }
      tapStop(usage, buffer, buffer.lastIndexOf(STOP_REASON), STOP_REASON)
      const failed = buffer.indexOf(ERROR) !== -1 && ERROR_LINE.test(buffer.toString('latin1'))
      if (failed) failure ??= streamFailure(bytes)
      ended ||= failed || END.test(buffer.toString('latin1', Math.max(0, buffer.length - TAIL)))
    },
    reply(bytes) {
      const buffer = asBuffer(bytes)
      const at = buffer.lastIndexOf(USAGE)
      if (at !== -1) Object.assign(usage, tapUsage(usageAt(buffer, at)))
      tapStop(usage, buffer, buffer.lastIndexOf(STOP_REASON), STOP_REASON)
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
