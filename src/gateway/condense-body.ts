import { type Condensed, condense } from '../kit/json-condense.ts'
import type { Span } from '../kit/json-splice.ts'
import type { ReadEnvelope } from './envelope.ts'

/** What stands before a text or a file of a conversation, but not before an id or a call's arguments. */
const KEY = /"(?:text|content|output|data|url|image_url|file_data)": ?$/
const LONGEST_KEY = '"image_url": '.length
/** Less is translated as fast as it is, bytes. */
const LEAST = 32 * 1024

/**
 * A request's body with the middles of its conversation's long texts left behind; undefined where that is not worth it.
 * What stands elsewhere, such as instructions and tools, is looked into and told again, and stays whole.
 */
export function condenseBody(body: Uint8Array, envelope: ReadEnvelope): Condensed | undefined {
  const { conversationSpan, longStrings, latin1 } = envelope
  if (conversationSpan === undefined || sizeOf(longStrings) < LEAST) return undefined
  const { start, end } = conversationSpan
  const isText = (string: Span) => {
    if (string.start < start || string.end > end) return false
    return KEY.test(latin1.slice(string.start - LONGEST_KEY, string.start))
  }
  return condense(body, latin1, longStrings.filter(isText))
}

function sizeOf(strings: readonly Span[]): number {
  return strings.reduce((sum, { start, end }) => sum + end - start, 0)
}
