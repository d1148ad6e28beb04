import type { ErrorKind, ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import type { ErrorShape } from '../protocol.ts'

interface Words {
  readonly type: string
  readonly code: string | null
}

/** OpenAI's type and code for each of our kinds. @see wire.md 2.3 */
const WORDS_OF_KIND: Readonly<Record<ErrorKind, Words>> = {
  invalid_request: { type: 'invalid_request_error', code: null },
  authentication: { type: 'authentication_error', code: 'invalid_api_key' },
  permission: { type: 'permission_error', code: null },
  not_found: { type: 'not_found_error', code: null },
  method_not_allowed: { type: 'invalid_request_error', code: 'method_not_allowed' },
  request_timeout: { type: 'timeout_error', code: null },
  conflict: { type: 'invalid_request_error', code: 'conflict' },
  gone: { type: 'not_found_error', code: null },
  too_large: { type: 'invalid_request_error', code: 'request_too_large' },
  unsupported_media_type: { type: 'invalid_request_error', code: 'unsupported_media_type' },
  rate_limit: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  client_closed: { type: 'server_error', code: null },
  internal: { type: 'server_error', code: null },
  not_available: { type: 'server_error', code: 'not_available' },
  upstream_unreachable: { type: 'server_error', code: 'upstream_unreachable' },
  upstream_protocol: { type: 'server_error', code: null },
  unavailable: { type: 'server_error', code: 'unavailable' },
  upstream_timeout: { type: 'timeout_error', code: null },
  overloaded: { type: 'overloaded_error', code: null },
}

/** The `error` object of OpenAI's bodies and events. */
export interface OpenAiError {
  message: string
  type: string
  param: string | null
  code: string | null
}

/** An error in OpenAI's words; an upstream's own type and code are kept. */
export function openAiError(error: ProxyError): OpenAiError {
  const words = WORDS_OF_KIND[error.kind]
  return {
    message: error.message,
    type: error.type ?? words.type,
    param: error.field ?? null,
    // A vendor's type without a code stays without one: ours would claim what the vendor did not say.
    code: error.vendorCode ?? (error.type === undefined ? words.code : null),
  }
}

/** Whether a body is `{error:{message,…}}`. */
export function isOpenAiError(body: unknown): boolean {
  return isRecord(body) && isRecord(body.error) && typeof body.error.message === 'string'
}

/** Errors as Chat Completions writes them; a request id travels in the header only. */
export const chatErrors: ErrorShape = {
  isOwn: isOpenAiError,
  body: (error) => JSON.stringify({ error: openAiError(error) }),
  event: (error) => `data: ${JSON.stringify({ error: openAiError(error) })}\n\n`,
}
