import { type ErrorKind, ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { ownValue } from '../../kit/own-value.ts'
import type { ErrorShape } from '../protocol.ts'
import { promptTooLong } from './prompt-too-long.ts'
import type { StreamEvent } from './schema.ts'

/** Anthropic's type for each of our kinds. @see wire.md 1.6 */
const TYPE_OF_KIND: Readonly<Record<ErrorKind, string>> = {
  invalid_request: 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  not_found: 'not_found_error',
  method_not_allowed: 'invalid_request_error',
  request_timeout: 'timeout_error',
  conflict: 'conflict_error',
  gone: 'not_found_error',
  too_large: 'request_too_large',
  unsupported_media_type: 'invalid_request_error',
  rate_limit: 'rate_limit_error',
  client_closed: 'api_error',
  internal: 'api_error',
  not_available: 'api_error',
  upstream_unreachable: 'api_error',
  upstream_protocol: 'api_error',
  unavailable: 'api_error',
  upstream_timeout: 'timeout_error',
  overloaded: 'overloaded_error',
}

/** Our kind for each of Anthropic's types, for an error that came as a stream event. */
const KIND_OF_TYPE: Readonly<Record<string, ErrorKind>> = {
  invalid_request_error: 'invalid_request',
  authentication_error: 'authentication',
  billing_error: 'permission',
  permission_error: 'permission',
  not_found_error: 'not_found',
  conflict_error: 'invalid_request',
  request_too_large: 'too_large',
  rate_limit_error: 'rate_limit',
  timeout_error: 'upstream_timeout',
  overloaded_error: 'overloaded',
}

/** The statuses of types that share a kind with another one, or have none of their own. */
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  billing_error: 402,
  conflict_error: 409,
  api_error: 500,
}

const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  402: 'billing_error',
  409: 'conflict_error',
}

interface ErrorObject {
  type: string
  message: string
  [key: string]: unknown
}

/** Anthropic's error type for an error: its own where it is one of Anthropic's, else by status and kind. */
export function messagesErrorType(error: ProxyError): string {
  const own = error.type
  if (own !== undefined && (Object.hasOwn(KIND_OF_TYPE, own) || own === 'api_error')) return own
  return TYPE_OF_STATUS[error.status] ?? TYPE_OF_KIND[error.kind]
}

/** The `error` object of Anthropic's body and event; another vendor's type and code stay in `details`. */
function messagesErrorObject(error: ProxyError): ErrorObject {
  const type = messagesErrorType(error)
  const object: ErrorObject = { type, message: promptTooLong(error) }
  const details: Record<string, string> = {}
  if (error.type !== undefined && error.type !== type) details.type = error.type
  if (error.vendorCode !== undefined) details.error_code = error.vendorCode
  if (Object.keys(details).length > 0) object.details = details
  return object
}

/** The hub's error event; `cause` keeps what the event's own fields cannot say, for an encoder that can. */
export function errorEvent(error: ProxyError): StreamEvent {
  return { type: 'error', error: messagesErrorObject(error), cause: error }
}

/** The ProxyError behind a hub error event: the status that a reply would have had if nothing was sent yet. */
export function errorOfEvent(event: Extract<StreamEvent, { type: 'error' }>): ProxyError {
  if (event.cause !== undefined) return event.cause
  const { type, message } = event.error
  const status = ownValue(STATUS_OF_TYPE, type)
  return new ProxyError(ownValue(KIND_OF_TYPE, type) ?? 'upstream_protocol', message, {
    type,
    ...(status === undefined ? {} : { status }),
  })
}

/** Errors as Anthropic writes them. @see wire.md 1.5, 1.6 */
export const messagesErrors: ErrorShape = {
  isOwn: (body) => isRecord(body) && body.type === 'error' && isRecord(body.error),
  body: (error, requestId) => JSON.stringify(envelope(error, requestId)),
  event: (error, requestId) =>
    `event: error\ndata: ${JSON.stringify(envelope(error, requestId))}\n\n`,
}

function envelope(error: ProxyError, requestId: string): object {
  return { type: 'error', error: messagesErrorObject(error), request_id: requestId }
}
