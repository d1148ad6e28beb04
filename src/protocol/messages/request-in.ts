import type { Turn } from '../protocol.ts'
import type { MessagesRequest } from './schema.ts'

/** A Messages client's request is the hub's form already. */
export function messagesRequestIn(request: MessagesRequest): Turn {
  return { request, hints: {}, notes: [] }
}
