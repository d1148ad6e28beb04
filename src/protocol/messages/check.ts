import { checker } from '../check.ts'
import { MessagesRequest } from './schema.ts'

/** The body as a Messages request; throws `invalid_request` naming the field. */
export const checkRequest = checker(MessagesRequest)
