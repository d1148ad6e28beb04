import { isRecord } from '../../kit/json.ts'
import { assemble } from '../messages/assemble.ts'
import { truncated } from '../messages/events.ts'
import type { Message, Noted } from '../protocol.ts'
import { noAnswer } from '../read-error.ts'
import type { ResponsesInOptions } from './item-reader.ts'
import { ResponseReader } from './reader.ts'

/**
 * A whole response → the hub's message: the fold of the stream that it would have been. A failed response throws;
 * malformed tool arguments become `{}` with a note. @see translation.md 3.E
 */
export function responsesReplyIn(
  body: Record<string, unknown>,
  options: ResponsesInOptions,
): Noted<Message> {
  const reader = new ResponseReader(options)
  const failed = body.status === 'failed' || body.status === 'cancelled' || isRecord(body.error)
  if (failed) reader.failed(body)
  else if (body.status === 'in_progress' || body.status === 'queued') reader.fail(truncated())
  // No error, and no answer either: it must not pass for an empty one.
  else if (!Array.isArray(body.output)) reader.fail(noAnswer('output'))
  else reader.finish(body, false)
  return assemble(reader.take())
}
