import { checker } from '../check.ts'
import { ResponsesRequest } from './schema.ts'

/** The body as a Responses request; throws `invalid_request` naming the field. */
export const checkRequest = checker(ResponsesRequest)
