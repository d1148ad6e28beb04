import { ProxyError } from '../../kit/error.ts'
import { disassemble } from '../messages/assemble.ts'
import type { Message } from '../protocol.ts'
import { objectIn } from '../value.ts'
import { type ResponsesStreamOutOptions, ResponseWriter } from './stream-out.ts'

/** A whole reply → a response: the one that a stream of the same reply ends with. */
export function responsesReplyOut(
  message: Message,
  options: ResponsesStreamOutOptions,
): Record<string, unknown> {
  const writer = new ResponseWriter(options)
  for (const event of disassemble(message)) writer.push(event)
  const response = objectIn(writer.final ?? '')
  if (response === undefined) throw new ProxyError('internal', 'A response was left unfinished')
  return response
}
