import { messageOf, ProxyError } from '../kit/error.ts'
import { chatErrors } from '../protocol/chat/error.ts'
import { messagesErrors } from '../protocol/messages/error.ts'

/** Whose error shape a path speaks (interface.md 7). */
export type ErrorFamily = 'anthropic' | 'openai' | 'service'

const ANTHROPIC_PATH = /\/v1\/(messages|files|skills)(\/|$)/
const OPENAI_PATH = /\/v1\/(chat|responses)(\/|$)/
/** The prefix only: a provider or a model id may be called so too. */
const OPENAI_PREFIX = /^(\/(full|api|min|pt|sdk(\/[^/]+)?|to\/[^/]+))?\/openai(\/|$)/

/** The error shape for a canonical path; models are asked for by both kinds of client. */
export function familyOf(path: string, headers: Headers): ErrorFamily {
  if (ANTHROPIC_PATH.test(path)) return 'anthropic'
  if (OPENAI_PATH.test(path) || OPENAI_PREFIX.test(path)) return 'openai'
  if (/\/v1\/models(\/|$)/.test(path)) {
    return headers.has('anthropic-version') ? 'anthropic' : 'openai'
  }
  return 'service'
}

/** The response that carries an error, in the shape of the path's family. */
export function errorResponse(error: ProxyError, family: ErrorFamily, requestId: string): Response {
  const headers = new Headers(error.headers)
  headers.set('content-type', 'application/json')
  return new Response(bodyOf(error, family, requestId), { status: error.status, headers })
}

/** Anything thrown as a ProxyError; what is not one already is our own fault and gives the id to quote. */
export function toProxyError(thrown: unknown, requestId: string): ProxyError {
  if (thrown instanceof ProxyError) return thrown
  const text = `Internal error: report it with the id ${requestId}`
  return new ProxyError('internal', text, { cause: thrown })
}

/** What a log may say of an unexpected error. */
export function causeOf(error: ProxyError): string | undefined {
  return error.cause === undefined ? undefined : messageOf(error.cause)
}

function bodyOf(error: ProxyError, family: ErrorFamily, requestId: string): string {
  if (family === 'anthropic') return messagesErrors.body(error, requestId)
  if (family === 'openai') return chatErrors.body(error, requestId)
  const details = error.field === undefined ? {} : detailsOf(error.field, error.message)
  return JSON.stringify({ error: { type: serviceType(error), message: error.message, ...details } })
}

function detailsOf(field: string, issue: string): object {
  return { details: { field, issue } }
}

function serviceType(error: ProxyError): string {
  return error.kind === 'invalid_request' ? 'validation_error' : `${error.kind}_error`
}
