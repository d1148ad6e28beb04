import { type ErrorOptions, messageOf, ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import type { Secret } from '../../kit/secret.ts'
import { readUpstreamError } from '../../protocol/read-error.ts'
import { countOf, textOf } from '../../protocol/value.ts'
import { SIGN_IN } from './claude-login.ts'
import { excerpt, redact } from './redact.ts'

/** What is known of a run when it fails. */
export interface FailureContext {
  /** The executable that runs, or the image that it runs in. */
  readonly path: string
  /** Whether Claude Code had told of its start: what comes after is a crash. */
  readonly started: boolean
  /** What it wrote to stderr so far. */
  readonly stderr?: string
  /** Values that must not be told. */
  readonly secrets?: readonly Secret[]
}

/** What the messages before a result told of its failure. */
export interface ResultContext {
  /** `error` of the last assistant message. */
  readonly assistantError?: string | undefined
  /** `rate_limit_info` of the last `rate_limit_event`. */
  readonly rateLimit?: unknown
  /** `request_id` of the last assistant message. */
  readonly requestId?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** How a turn ended: by itself, by a limit of ours, or with an error. */
export type TurnEnding =
  | { readonly kind: 'done' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'stopped'; readonly stopReason: 'pause_turn'; readonly note: string }
  | { readonly kind: 'failed'; readonly error: ProxyError }

/** A retry by itself helps nobody: somebody has to do something first. */
const NO_RETRY = { 'x-should-retry': 'false' } as const

/** The error where Claude Code is not installed. */
export function notInstalled(): ProxyError {
  const text =
    'Cannot find Claude Code: install it (npm install -g @anthropic-ai/claude-code, or the installer of https://claude.com/claude-code), or set sdk.cli_path'
  return new ProxyError('unavailable', text, { headers: NO_RETRY })
}

/** The error where the executable would not start, for a reason in words. */
export function cannotStart(path: string, reason: string): ProxyError {
  const text = `Cannot start Claude Code "${path}": ${reason}; run "${path} --version" to see it yourself, or reinstall it`
  return new ProxyError('unavailable', text, { headers: NO_RETRY })
}

/** The error where Claude Code has no login of its own. */
export function notSignedIn(said: string): ProxyError {
  return new ProxyError('unavailable', `Claude Code is not signed in (${said}): ${SIGN_IN}`, {
    headers: NO_RETRY,
  })
}

/** Whether a message of the SDK is Claude Code's own notice of an error, not the model's answer. */
export function isErrorNotice(message: unknown): boolean {
  if (!isRecord(message) || message.type !== 'assistant') return false
  if (textOf(message.error) !== undefined) return true
  return isRecord(message.message) && message.message.model === '<synthetic>'
}

/** The error for what the SDK throws; where a result came before it, that one says more. */
export function failureOfThrown(thrown: unknown, context: FailureContext): ProxyError {
  if (thrown instanceof ProxyError) return thrown
  const parts: Readonly<Record<string, unknown>> = isRecord(thrown) ? thrown : {}
  const message = messageOf(thrown)
  if (parts.name === 'AbortError' || /process aborted by user/.test(message)) {
    return new ProxyError('client_closed', 'The turn was ended before its answer', {
      cause: thrown,
    })
  }
  switch (thrownClass(parts.errorClass, message)) {
    case 'absent':
      return notInstalled()
    case 'launch':
      return cannotStart(context.path, launchReason(parts.code))
    case 'ended':
      return ended(parts, message, context)
    case 'other':
      return broken(`Claude Code failed: ${redact(message, context.secrets)}`, thrown)
  }
}

/** The SDK names its errors in `errorClass` (0.3.329); by their words where a version does not. */
function thrownClass(
  errorClass: unknown,
  message: string,
): 'absent' | 'launch' | 'ended' | 'other' {
  if (errorClass === 'executable_not_found' || /(executable|binary) not found/.test(message))
    return 'absent'
  if (/^Native CLI binary for .* not found/.test(message)) return 'absent'
  if (errorClass === 'executable_launch_failed' || errorClass === 'spawn_failed') return 'launch'
  if (/exists but failed to launch|Failed to spawn/.test(message)) return 'launch'
  if (/process (exited with code|terminated by signal)/.test(message)) return 'ended'
  return 'other'
}

function launchReason(code: unknown): string {
  if (code === 'EACCES') return 'it is not executable'
  if (code === 'ENOENT') return 'its interpreter or the loader of its C library is missing'
  return typeof code === 'string' ? `the system refuses (${code})` : 'the system refuses'
}

function ended(
  parts: Readonly<Record<string, unknown>>,
  message: string,
  { path, started, stderr = '', secrets }: FailureContext,
): ProxyError {
  const signal = textOf(parts.signal) ?? /by signal (SIG\w+)/.exec(message)?.[1]
  const exit = countOf(parts.exitCode) ?? /with code (\d+)/.exec(message)?.[1]
  const how = signal === undefined ? `it ended with exit code ${exit ?? '?'}` : `${signal} ended it`
  const said = excerpt(
    stderr === '' ? (message.split('stderr: ')[1] ?? '') : stderr,
    'last',
    secrets,
  )
  const words = said === '' ? how : `${how}: ${said}`
  if (!started && /not logged in|please run \/login/i.test(said)) return notSignedIn(said)
  if (!started) return cannotStart(path, words)
  return broken(`Claude Code stopped in mid-answer: ${words}; send the request again`)
}

function broken(message: string, cause?: unknown): ProxyError {
  return new ProxyError('upstream_protocol', message, { type: 'api_error', cause })
}

/** How a `result` message ended its turn; an API's failure says `success` there, with `is_error`. */
export function endingOfResult(result: unknown, context: ResultContext): TurnEnding {
  if (!isRecord(result)) return failed(broken('Claude Code ended the turn without a result'))
  const reason = textOf(result.terminal_reason)
  if (reason === 'aborted_streaming' || reason === 'aborted_tools') return { kind: 'aborted' }
  switch (result.subtype) {
    case 'error_max_turns':
      return stopped(`Claude Code stopped after ${countOf(result.num_turns) ?? 'its'} turns`)
    case 'error_max_budget_usd':
      return stopped('Claude Code stopped at the budget of its settings')
    case 'success':
      if (result.is_error !== true) return { kind: 'done' }
      return failed(apiFailure(result, context))
    default:
      return failed(executionFailure(result))
  }
}

function stopped(note: string): TurnEnding {
  return { kind: 'stopped', stopReason: 'pause_turn', note }
}

function failed(error: ProxyError): TurnEnding {
  return { kind: 'failed', error }
}

function executionFailure(result: Readonly<Record<string, unknown>>): ProxyError {
  const errors = Array.isArray(result.errors)
    ? result.errors.filter((e) => typeof e === 'string')
    : []
  const said = excerpt(errors.join('\n'), 'first') || String(result.subtype)
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
  max_output_tokens: 400,
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
  const said = textOf(result.result) ?? 'no reason was given'
  const word = context.assistantError
  const answered = countOf(result.api_error_status)
  if (answered === undefined && word === 'authentication_failed')
    return notSignedIn(plainText(said))
  const status = answered ?? STATUS_OF_WORD[word ?? '']
  if (status === undefined) {
    const kind =
      result.api_error === 'connection_failed' ? 'upstream_unreachable' : 'upstream_protocol'
    const text = `Claude Code got no answer from its API: ${plainText(said)}`
    return new ProxyError(kind, text, { type: 'api_error' })
  }
  const type = textOf(result.api_error_type) ?? TYPE_OF_STATUS[status] ?? 'api_error'
  const code = textOf(result.api_error)
  const message = messageFor(status, type, plainText(said))
  const error = { type, message, ...(code === undefined ? {} : { code }) }
  const read = readUpstreamError({ status, body: JSON.stringify({ type: 'error', error }) })
  return withDetails(read, headersOf(status, context))
}

/** Anthropic's words out of Claude Code's, which it wraps for its own terminal (2.1.329). */
function plainText(said: string): string {
  return redact(
    said
      .replace(
        /^(Failed to authenticate\. )?API Error: (\d{3} )?(Request rejected \(\d{3}\) · )?/,
        '',
      )
      .replace(/\. This is a server-side issue, usually temporary.*$/s, '')
      .trim(),
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
