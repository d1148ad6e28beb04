import { type ErrorOptions, ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { ownValue } from '../../kit/own-value.ts'
import type { Secret } from '../../kit/secret.ts'
import { readUpstreamError } from '../../protocol/read-error.ts'
import { countOf, textOf } from '../../protocol/value.ts'
import { SIGN_IN } from './claude-login.ts'
import { excerpt, redact } from './redact.ts'
import { broken, NO_RETRY, notSignedIn } from './sdk-failure.ts'

/** What the messages before a result told of its failure. */
export interface ResultContext {
  /** `error` of the last assistant message. */
  readonly assistantError?: string | undefined
  /** `rate_limit_info` of the last `rate_limit_event`. */
  readonly rateLimit?: unknown
  /** `request_id` of the last assistant message. */
  readonly requestId?: string | undefined
  /** Values that must not be told. */
  readonly secrets?: readonly Secret[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The `stop_reason` of a turn that ended early, but well. */
type StopReason = 'pause_turn' | 'max_tokens' | 'refusal'

/** How a turn ended: by itself, by a limit of ours, or with an error. */
export type TurnEnding =
  | { readonly kind: 'done' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'stopped'; readonly stopReason: StopReason; readonly note: string }
  | { readonly kind: 'failed'; readonly error: ProxyError }

/** How a `result` message ended its turn; an API's failure says `success` there, with `is_error`. */
export function endingOfResult(result: unknown, context: ResultContext): TurnEnding {
  if (!isRecord(result)) return failed(broken('Claude Code gave a result that is none: update it'))
  const reason = textOf(result.terminal_reason)
  if (reason === 'aborted_streaming' || reason === 'aborted_tools') return { kind: 'aborted' }
  // Claude Code goes on by itself after both; it gives up with these (2.1.329).
  if (result.stop_reason === 'refusal') return stopped('refusal', 'The model refused')
  if (context.assistantError === 'max_output_tokens') {
    return stopped('max_tokens', 'The answer reached its token limit')
  }
  switch (result.subtype) {
    case 'error_max_turns':
      return stopped(
        'pause_turn',
        `Claude Code stopped after ${countOf(result.num_turns) ?? 'its'} turns`,
      )
    case 'error_max_budget_usd':
      return stopped('pause_turn', 'Claude Code stopped at the budget of its settings')
    case 'success':
      if (result.is_error !== true) return { kind: 'done' }
      return failed(apiFailure(result, context))
    default:
      return failed(executionFailure(result, context))
  }
}

function stopped(stopReason: StopReason, note: string): TurnEnding {
  return { kind: 'stopped', stopReason, note }
}

function failed(error: ProxyError): TurnEnding {
  return { kind: 'failed', error }
}

function executionFailure(
  result: Readonly<Record<string, unknown>>,
  { secrets }: ResultContext,
): ProxyError {
  const errors = Array.isArray(result.errors)
    ? result.errors.filter((e) => typeof e === 'string')
    : []
  const said = excerpt(errors.join('\n'), 'first', secrets) || String(result.subtype)
  if (textOf(result.startup_failure_reason) === undefined) {
    return broken(`Claude Code failed: ${said}`)
  }
  const text = `Claude Code refuses to start (${String(result.startup_failure_reason)}): ${said}`
  return new ProxyError('unavailable', text, { headers: NO_RETRY })
}

/** Statuses for errors that came without one: Claude Code's own words for them. @see wire.md 6 */
const STATUS_OF_WORD: Readonly<Record<string, number>> = {
  oauth_org_not_allowed: 403,
  account_on_hold: 403,
  verification_required: 403,
  billing_error: 402,
  rate_limit: 429,
  overloaded: 529,
  invalid_request: 400,
  model_not_found: 404,
  cloud_credential_error: 401,
}

/** Anthropic's types for those statuses, where the result does not repeat the type. @see wire.md 1.6 */
const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

function apiFailure(result: Readonly<Record<string, unknown>>, context: ResultContext): ProxyError {
  const said = plainText(textOf(result.result) ?? 'no reason was given', context)
  const word = context.assistantError
  const answered = countOf(result.api_error_status)
  if (answered === undefined && word === 'authentication_failed') return notSignedIn(said)
  const status = answered ?? ownValue(STATUS_OF_WORD, word ?? '')
  if (status === undefined) {
    const kind =
      result.api_error === 'connection_failed' ? 'upstream_unreachable' : 'upstream_protocol'
    const text = `Claude Code's API failed: ${said}`
    return new ProxyError(kind, text, { type: 'api_error' })
  }
  const type = textOf(result.api_error_type) ?? TYPE_OF_STATUS[status] ?? 'api_error'
  const code = textOf(result.api_error)
  const message = messageFor(status, type, said)
  const error = { type, message, ...(code === undefined ? {} : { code }) }
  const read = readUpstreamError({ status, body: JSON.stringify({ type: 'error', error }) })
  return withDetails(read, headersOf(status, context))
}

/** Anthropic's words out of Claude Code's, which it wraps for its own terminal (2.1.329). */
function plainText(said: string, { secrets }: ResultContext): string {
  return redact(
    said
      .replace(
        /^(Failed to authenticate\. )?API Error: (\d{3} )?(Request rejected \(\d{3}\) · )?/,
        '',
      )
      .replace(/\. This is a server-side issue, usually temporary.*$/s, '')
      .trim(),
    secrets,
  )
}

function messageFor(status: number, type: string, said: string): string {
  const counts = /request is ~(\d+) tokens \(limit (\d+)\)/.exec(said)
  if (counts !== null) return `prompt is too long: ${counts[1]} tokens > ${counts[2]} maximum`
  if (status === 400 && /^prompt is too long/i.test(said)) return said.replace(/^P/, 'p')
  if (type === 'authentication_error') {
    return `Claude Code's credential was refused (${said}): ${SIGN_IN}`
  }
  return said
}

function headersOf(status: number, context: ResultContext): Record<string, string> {
  const headers: Record<string, string> = {}
  if (context.requestId !== undefined) headers['request-id'] = context.requestId
  if (status === 401 || status === 402) return { ...headers, ...NO_RETRY }
  return status === 429 ? { ...headers, ...limitHeaders(context) } : headers
}

/** More than an SDK waits for: it would try again at once instead. */
const LONGEST_WAIT_SECONDS = 60

/** A plan's limit, in the headers that Anthropic tells it with. @see wire.md 1.7 */
function limitHeaders({ rateLimit, now }: ResultContext): Record<string, string> {
  if (!isRecord(rateLimit)) return {}
  const headers: Record<string, string> = {}
  const prefix = 'anthropic-ratelimit-unified'
  const status = textOf(rateLimit.status)
  const claim = textOf(rateLimit.rateLimitType)
  const reset = countOf(rateLimit.resetsAt)
  if (status !== undefined) headers[`${prefix}-status`] = status
  if (claim !== undefined) headers[`${prefix}-representative-claim`] = claim
  if (reset === undefined || status !== 'rejected') return headers
  const wait = Math.max(1, Math.ceil(reset - now / 1000))
  headers[`${prefix}-reset`] = String(reset)
  headers['retry-after'] = String(wait)
  return wait > LONGEST_WAIT_SECONDS ? { ...headers, ...NO_RETRY } : headers
}

function withDetails(error: ProxyError, headers: Record<string, string>): ProxyError {
  const options: ErrorOptions = {
    status: error.status,
    headers,
    ...(error.type === undefined ? {} : { type: error.type }),
    ...(error.vendorCode === undefined ? {} : { code: error.vendorCode }),
  }
  return new ProxyError(error.kind, error.message, options)
}
