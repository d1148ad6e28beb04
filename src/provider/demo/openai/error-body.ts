import type { ProxyError } from '../../../kit/error.ts'

interface OpenAiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
}

const TYPES: Readonly<Record<number, { type: string; code: string | null }>> = {
  401: { type: 'invalid_request_error', code: 'invalid_api_key' },
  402: { type: 'insufficient_quota', code: 'insufficient_quota' },
  429: { type: 'requests', code: 'rate_limit_exceeded' },
}

/** An error as the OpenAI APIs write it. */
export function openAiError(error: ProxyError): OpenAiError {
  const { status, message, field, vendorCode } = error
  const fallback = status >= 500 ? 'server_error' : 'invalid_request_error'
  const { type, code } = TYPES[status] ?? { type: fallback, code: null }
  return { message, type, param: field ?? null, code: vendorCode ?? code }
}

/** The code that a failed response names. */
export function openAiCode(error: ProxyError): string {
  return error.vendorCode ?? (error.status === 429 ? 'rate_limit_exceeded' : 'server_error')
}
