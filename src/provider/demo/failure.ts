import { type ErrorKind, type ErrorOptions, ProxyError } from '../../kit/error.ts'

const KINDS: Readonly<Record<number, { kind: ErrorKind; type: string; message: string }>> = {
  400: { kind: 'invalid_request', type: 'invalid_request_error', message: 'Bad request' },
  401: { kind: 'authentication', type: 'authentication_error', message: 'invalid x-api-key' },
  402: {
    kind: 'invalid_request',
    type: 'billing_error',
    message: 'Your credit balance is too low to access the API',
  },
  403: {
    kind: 'permission',
    type: 'permission_error',
    message: 'Your account does not have permission to use this resource',
  },
  404: { kind: 'not_found', type: 'not_found_error', message: 'Not found' },
  405: { kind: 'method_not_allowed', type: 'invalid_request_error', message: 'Method Not Allowed' },
  409: { kind: 'invalid_request', type: 'conflict_error', message: 'Conflict' },
  413: {
    kind: 'too_large',
    type: 'request_too_large',
    message: 'Request exceeds the maximum size',
  },
  429: {
    kind: 'rate_limit',
    type: 'rate_limit_error',
    message: "This request would exceed your account's rate limit. Please try again later.",
  },
  500: { kind: 'internal', type: 'api_error', message: 'Internal server error' },
  503: { kind: 'unavailable', type: 'api_error', message: 'Service unavailable' },
  504: { kind: 'upstream_timeout', type: 'timeout_error', message: 'The request timed out' },
  529: { kind: 'overloaded', type: 'overloaded_error', message: 'Overloaded' },
}

/** Statuses that `error N` can ask for. */
export const FAILURE_STATUSES: readonly number[] = Object.keys(KINDS).map(Number)

/** An error as the real API would answer it: type and default message follow from the status. */
export function failure(status: number, message?: string, options: ErrorOptions = {}): ProxyError {
  const known = KINDS[status] ?? KINDS[500]
  if (known === undefined) throw new TypeError('The table of failures has no 500')
  return new ProxyError(known.kind, message ?? known.message, {
    type: known.type,
    ...options,
    status,
  })
}

/** A 400 whose message starts with the path of the field at fault, as Anthropic writes it. */
export function badField(field: string, issue: string): ProxyError {
  return failure(400, `${field}: ${issue}`, { field })
}
