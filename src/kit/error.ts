/** What went wrong, in ccproxy's own words; each protocol maps a kind to its own error type. */
export type ErrorKind =
  | 'invalid_request'
  | 'authentication'
  | 'permission'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'conflict'
  | 'gone'
  | 'too_large'
  | 'unsupported_media_type'
  | 'rate_limit'
  | 'client_closed'
  | 'internal'
  | 'not_available'
  | 'upstream_unreachable'
  | 'upstream_protocol'
  | 'unavailable'
  | 'upstream_timeout'
  | 'overloaded'

/** The HTTP status of each kind (interface.md 7). */
export const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid_request: 400,
  authentication: 401,
  permission: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  gone: 410,
  too_large: 413,
  unsupported_media_type: 415,
  rate_limit: 429,
  client_closed: 499,
  internal: 500,
  not_available: 501,
  upstream_unreachable: 502,
  upstream_protocol: 502,
  unavailable: 503,
  upstream_timeout: 504,
  overloaded: 529,
}

/** The parts of an error beyond kind and message. */
export interface ErrorOptions {
  /** Overrides the kind's status, for an upstream's status that must be kept. */
  readonly status?: number
  /** The vendor's own type, kept when an upstream error is translated. */
  readonly type?: string
  /** The vendor's own machine code. */
  readonly code?: string
  /** The field at fault, as a path: `messages.0.content`. */
  readonly field?: string
  /** Headers that go with the error: `retry-after`, `x-should-retry`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** Every failure that a user or a client is to see. `kind` is the discriminant (`code` is Elysia's). */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly kind: ErrorKind
  readonly status: number
  readonly type: string | undefined
  readonly vendorCode: string | undefined
  readonly field: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(kind: ErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.status = options.status ?? STATUS[kind]
    this.type = options.type
    this.vendorCode = options.code
    this.field = options.field
    this.headers = options.headers ?? {}
  }
}

/** The same error with headers beside its own, which win. */
export function withHeaders(error: ProxyError, headers: Headers): ProxyError {
  return new ProxyError(error.kind, error.message, {
    status: error.status,
    headers: { ...Object.fromEntries(headers), ...error.headers },
    ...(error.type === undefined ? {} : { type: error.type }),
    ...(error.vendorCode === undefined ? {} : { code: error.vendorCode }),
    ...(error.field === undefined ? {} : { field: error.field }),
    cause: error.cause,
  })
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The code of the system's error: `ENOENT`, `EACCES` …; undefined for anything else thrown. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
