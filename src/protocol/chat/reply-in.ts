import { isRecord } from '../../kit/json.ts'
import { assemble } from '../messages/assemble.ts'
import type { Message } from '../messages/schema.ts'
import type { Noted } from '../protocol.ts'
import { noAnswer } from '../read-error.ts'
import { textOf } from '../value.ts'
import { choiceOf } from './chunk-in.ts'
import { isCut } from './finish-reason.ts'
import { type LostOptions, tellLost } from './lost-fields.ts'
import { type ChatInOptions, ChatReader } from './reader.ts'

/**
 * A Chat Completions reply as the hub's message: the fold of the stream that it would have been. An error inside a
 * good reply throws; malformed tool arguments become `{}` with a note. @see translation.md 3.B
 */
export function chatReplyIn(
  body: Record<string, unknown>,
  options: ChatInOptions & LostOptions,
): Noted<Message> {
  const reader = new ChatReader(options)
  tellLost(body, options)
  reader.chunk(body)
  // No error, and no answer either: it must not pass for an empty one.
  if (!Array.isArray(body.choices)) reader.fail(noAnswer('choices'))
  else if (body.choices.length > 0 && !answers(choiceOf(body.choices))) {
    reader.fail(noAnswer('choices.0.message'))
  }
  reader.endWhole()
  return assemble(reader.take())
}

/** Gemini's endpoint leaves the message out of what its filter has stopped (2026-09). */
function answers(choice: Record<string, unknown> | undefined): boolean {
  return isRecord(choice?.message) || isCut(textOf(choice?.finish_reason))
}
