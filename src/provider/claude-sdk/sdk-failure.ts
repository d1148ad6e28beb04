import { messageOf, ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import type { Secret } from '../../kit/secret.ts'
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

/** A retry by itself helps nobody: somebody has to do something first. */
export const NO_RETRY = { 'x-should-retry': 'false' } as const

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

/** The error where Claude Code does not take its settings, as `bypassPermissions` where root runs it. */
function refusesToStart(said: string): ProxyError {
  const text = `Claude Code refuses to start: ${said}; correct the settings under [sdk]`
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
  switch (thrownClass(parts.errorClass, message, context.started)) {
    case 'absent':
      return notInstalled()
    case 'launch':
      return cannotStart(context.path, launchReason(parts.code))
    case 'ended':
      return ended(parts, message, context)
    case 'refused':
      return refusesToStart(redact(message.replace(REFUSAL, ''), context.secrets))
    case 'other':
      return broken(`Claude Code failed: ${redact(message, context.secrets)}`, thrown)
  }
}

/** The error where the SDK's messages end without a result, as a program that is no Claude Code makes them. */
export function failureOfSilence(context: FailureContext): ProxyError {
  if (!context.started) return cannotStart(context.path, 'it ended without a word')
  return broken('Claude Code ended without a result: send the request again')
}

/** What the SDK puts before the words with which Claude Code ends (0.3.329). */
const REFUSAL = /^Claude Code returned an error result: /

/** The SDK names its errors in `errorClass` (0.3.329); by their words where a version does not. */
function thrownClass(
  errorClass: unknown,
  message: string,
  started: boolean,
): 'absent' | 'launch' | 'ended' | 'refused' | 'other' {
  if (errorClass === 'executable_not_found' || /(executable|binary) not found/.test(message))
    return 'absent'
  if (/^Native CLI binary for .* not found/.test(message)) return 'absent'
  if (errorClass === 'executable_launch_failed' || errorClass === 'spawn_failed') return 'launch'
  if (/exists but failed to launch|Failed to spawn|posix_spawn/.test(message)) return 'launch'
  if (/process (exited with code|terminated by signal)/.test(message)) return 'ended'
  if (!started && REFUSAL.test(message)) return 'refused'
  return 'other'
}

function launchReason(code: unknown): string {
  if (code === 'EACCES') return 'it is not executable'
  if (code === 'ENOENT') return 'its interpreter or the loader of its C library is missing'
  if (code === 'ENOEXEC' || code === 'EBADARCH') return 'it is no program for this machine'
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

/** The error for nonsense and crashes: nobody's fault that the client could mend. */
export function broken(message: string, cause?: unknown): ProxyError {
  return new ProxyError('upstream_protocol', message, { type: 'api_error', cause })
}
