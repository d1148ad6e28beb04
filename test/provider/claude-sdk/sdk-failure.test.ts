import { describe, expect, test } from 'bun:test'
import { Secret } from '../../../src/kit/secret.ts'
import { messagesErrorType } from '../../../src/protocol/messages/error.ts'
import {
  endingOfResult,
  type ResultContext,
} from '../../../src/provider/claude-sdk/result-ending.ts'
import {
  cannotStart,
  failureOfSilence,
  failureOfThrown,
  isErrorNotice,
  notInstalled,
} from '../../../src/provider/claude-sdk/sdk-failure.ts'

const NOW = Date.parse('2026-11-21T09:00:00Z')

/** A result as Claude Code 2.1.329 writes it when its API fails. */
function result(status: number | null, type: string | undefined, text: string, more = {}) {
  return {
    type: 'result',
    subtype: 'success',
    is_error: true,
    api_error_status: status,
    ...(type === undefined ? {} : { api_error_type: type }),
    result: text,
    terminal_reason: 'api_error',
    num_turns: 1,
    ...more,
  }
}

function errorOf(value: unknown, context: Partial<ResultContext> = {}) {
  const ending = endingOfResult(value, { now: NOW, ...context })
  if (ending.kind !== 'failed') throw new Error(`Not an error but "${ending.kind}"`)
  const { error } = ending
  return { ...error, message: error.message, anthropic: messagesErrorType(error) }
}

describe('a failed result', () => {
  test.each([
    [
      'an error of the request',
      result(400, 'invalid_request_error', 'API Error: 400 messages.0: bad'),
      'unknown',
      { status: 400, anthropic: 'invalid_request_error', message: 'messages.0: bad' },
    ],
    [
      'a prompt that is too long, in the words that Claude Code compacts at',
      result(
        400,
        'invalid_request_error',
        'Prompt is too long · the request is ~300000 tokens (limit 200000) but this conversation is only ~282 tokens — …',
      ),
      'invalid_request',
      {
        status: 400,
        anthropic: 'invalid_request_error',
        vendorCode: 'context_length_exceeded',
        message: 'prompt is too long: 300000 tokens > 200000 maximum',
      },
    ],
    [
      'a refused credential',
      result(
        401,
        'authentication_error',
        'Failed to authenticate. API Error: 401 OAuth token has expired',
      ),
      'authentication_failed',
      {
        status: 401,
        kind: 'authentication',
        anthropic: 'authentication_error',
        message: expect.stringContaining('(OAuth token has expired): run "claude" and sign in'),
      },
    ],
    [
      'no login',
      result(null, undefined, 'Not logged in · Please run /login'),
      'authentication_failed',
      {
        status: 503,
        kind: 'unavailable',
        anthropic: 'api_error',
        headers: { 'x-should-retry': 'false' },
        message: expect.stringContaining(
          'is not signed in (Not logged in · Please run /login): run "claude"',
        ),
      },
    ],
    [
      'no money',
      result(402, 'billing_error', 'Credit balance is too low'),
      'billing_error',
      { status: 402, anthropic: 'billing_error', message: 'Credit balance is too low' },
    ],
    [
      'no right',
      result(403, 'permission_error', 'Failed to authenticate. API Error: 403 not allowed'),
      'authentication_failed',
      { status: 403, kind: 'permission', anthropic: 'permission_error', message: 'not allowed' },
    ],
    [
      'an account on hold, without a status',
      result(null, undefined, 'Your account is on hold'),
      'account_on_hold',
      { status: 403, anthropic: 'permission_error', message: 'Your account is on hold' },
    ],
    [
      'an unknown model',
      result(404, 'not_found_error', "There's an issue with the selected model (x)."),
      'model_not_found',
      { status: 404, kind: 'not_found', anthropic: 'not_found_error' },
    ],
    [
      'a request over the limit',
      result(413, 'request_too_large', 'Request too large (max 32MB).'),
      'invalid_request',
      { status: 413, kind: 'too_large', anthropic: 'request_too_large' },
    ],
    [
      'a limit of a key',
      result(429, 'rate_limit_error', 'API Error: Request rejected (429) · Too fast'),
      'rate_limit',
      { status: 429, kind: 'rate_limit', anthropic: 'rate_limit_error', message: 'Too fast' },
    ],
    [
      'a failure of the API',
      result(
        500,
        'api_error',
        'API Error: 500 Internal server error. This is a server-side issue, usually temporary — try again in a moment. If it persists, check your inference gateway (127.0.0.1:39433).',
      ),
      'server_error',
      { status: 500, anthropic: 'api_error', message: 'Internal server error' },
    ],
    [
      'an API with too much to do',
      result(
        529,
        'overloaded_error',
        'API Error: 529 Overloaded. This is a server-side issue, usually temporary — …',
      ),
      'server_error',
      { status: 529, kind: 'overloaded', anthropic: 'overloaded_error', message: 'Overloaded' },
    ],
    [
      'the same, known by the word alone',
      result(null, undefined, 'API Error: Overloaded'),
      'overloaded',
      { status: 529, kind: 'overloaded', anthropic: 'overloaded_error', message: 'Overloaded' },
    ],
    [
      'no connection',
      result(null, undefined, 'API Error: Connection refused (ECONNREFUSED)', {
        api_error: 'connection_failed',
      }),
      'server_error',
      { status: 502, kind: 'upstream_unreachable', anthropic: 'api_error' },
    ],
    [
      'something unknown',
      result(null, undefined, 'Odd sk-ant-api03-secret'),
      'unknown',
      {
        status: 502,
        anthropic: 'api_error',
        message: "Claude Code's API failed: Odd sk-***",
      },
    ],
  ] as const)('%s', (_, value, assistantError, expected) => {
    expect(errorOf(value, { assistantError })).toMatchObject(expected)
  })

  test('a plan’s limit tells when it ends', () => {
    const value = result(
      429,
      'rate_limit_error',
      "You've hit your 5-hour limit · resets 10:06am (UTC)",
      {
        api_error: 'usage_limit_reached',
      },
    )
    const resetsAt = NOW / 1000 + 3600
    const rateLimit = { status: 'rejected', resetsAt, rateLimitType: 'five_hour' }
    expect(
      errorOf(value, { assistantError: 'rate_limit', rateLimit, requestId: 'req_1' }),
    ).toMatchObject({
      status: 429,
      vendorCode: 'usage_limit_reached',
      headers: {
        'request-id': 'req_1',
        'retry-after': '3600',
        'x-should-retry': 'false',
        'anthropic-ratelimit-unified-status': 'rejected',
        'anthropic-ratelimit-unified-reset': String(resetsAt),
        'anthropic-ratelimit-unified-representative-claim': 'five_hour',
      },
    })
    const soon = { status: 'rejected', resetsAt: NOW / 1000 + 7.2 }
    expect(
      errorOf(value, { rateLimit: { ...soon, resetsAt: NOW / 1000 + 8 } }).headers,
    ).toMatchObject({
      'retry-after': '8',
    })
    expect(errorOf(value, { rateLimit: soon }).headers['retry-after']).toBeUndefined()
    const past = { status: 'rejected', resetsAt: NOW / 1000 - 5 }
    expect(errorOf(value, { rateLimit: past }).headers['retry-after']).toBe('1')
  })

  test('a run that broke, and one that refused to start', () => {
    const broke = {
      subtype: 'error_during_execution',
      is_error: true,
      errors: ['odd token=abcdef123'],
    }
    expect(errorOf(broke)).toMatchObject({
      status: 502,
      anthropic: 'api_error',
      message: 'Claude Code failed: odd token=***',
    })
    const refused = {
      ...broke,
      startup_failure_reason: 'cli_version_too_old',
      errors: ['update it'],
    }
    expect(errorOf(refused)).toMatchObject({
      status: 503,
      message: 'Claude Code refuses to start (cli_version_too_old): update it',
      headers: { 'x-should-retry': 'false' },
    })
    expect(errorOf('nothing')).toMatchObject({ status: 502 })
  })
})

describe('a result that is no error', () => {
  const ending = (value: unknown) => endingOfResult(value, { now: NOW })

  test('an answer', () => {
    expect(ending({ subtype: 'success', is_error: false, result: 'hi' })).toEqual({ kind: 'done' })
  })

  test('a token limit and a refusal, after which Claude Code gave up', () => {
    const limit = result(null, undefined, 'API Error: …', { api_error: 'max_output_tokens' })
    const context = { now: NOW, assistantError: 'max_output_tokens' }
    expect(endingOfResult(limit, context)).toMatchObject({ stopReason: 'max_tokens' })
    const refusal = { subtype: 'success', is_error: false, stop_reason: 'refusal', result: 'x' }
    expect(ending(refusal)).toMatchObject({ kind: 'stopped', stopReason: 'refusal' })
  })

  test('a turn that was interrupted', () => {
    const value = {
      subtype: 'error_during_execution',
      is_error: true,
      terminal_reason: 'aborted_tools',
    }
    expect(ending(value)).toEqual({ kind: 'aborted' })
  })

  test('a limit on turns is a pause with a note', () => {
    expect(
      ending({ subtype: 'error_max_turns', is_error: true, num_turns: 3, errors: [] }),
    ).toEqual({
      kind: 'stopped',
      stopReason: 'pause_turn',
      note: 'Claude Code stopped after 3 turns',
    })
    expect(ending({ subtype: 'error_max_budget_usd', is_error: true }).kind).toBe('stopped')
  })
})

describe('what the SDK throws', () => {
  /** An error as SDK 0.3.329 makes it. */
  function sdkError(message: string, parts: Record<string, unknown> = {}) {
    return Object.assign(new Error(message), parts)
  }
  const context = { path: '/opt/claude', started: false }
  const LAUNCH =
    'Claude Code native binary at /opt/claude exists but failed to launch. This usually means …'

  test.each([
    [
      'absent',
      sdkError('Claude Code native binary not found at /opt/claude. …', {
        errorClass: 'executable_not_found',
      }),
      context,
      503,
      'install it',
    ],
    [
      'absent, by its words',
      sdkError('Claude Code executable not found at /opt/claude. …'),
      context,
      503,
      'install it',
    ],
    [
      'no bundled one',
      sdkError('Native CLI binary for linux-x64 not found. Reinstall …'),
      context,
      503,
      'install it',
    ],
    [
      'not executable',
      sdkError(LAUNCH, { errorClass: 'executable_launch_failed', code: 'EACCES' }),
      context,
      503,
      'it is not executable',
    ],
    [
      'another C library',
      sdkError(LAUNCH, { code: 'ENOENT' }),
      context,
      503,
      'loader of its C library is missing',
    ],
    [
      'no program, which Bun says itself',
      sdkError("ENOEXEC: unknown error, posix_spawn '/opt/claude'", { code: 'ENOEXEC' }),
      context,
      503,
      'it is no program for this machine',
    ],
    [
      'ends before its start',
      sdkError('Claude Code process exited with code 3. stderr: bad token=abcdef123', {
        errorClass: 'process_exited_nonzero',
        exitCode: 3,
      }),
      context,
      503,
      'it ended with exit code 3: bad token=***',
    ],
    [
      'killed in mid-answer',
      sdkError('Claude Code process terminated by signal SIGKILL', { signal: 'SIGKILL' }),
      { ...context, started: true },
      502,
      'stopped in mid-answer: SIGKILL ended it; send the request again',
    ],
    [
      'no login at the start',
      sdkError('Claude Code process exited with code 1', { exitCode: 1 }),
      { ...context, stderr: 'Not logged in · Please run /login\n' },
      503,
      'is not signed in',
    ],
    [
      'a setting that it does not take',
      sdkError('Claude Code returned an error result: not as root, sk-ant-api03-abcdef'),
      context,
      503,
      'Claude Code refuses to start: not as root, sk-***; correct the settings under [sdk]',
    ],
    [
      'something else',
      sdkError('Stream closed for sk-ant-api03-abcdef'),
      { ...context, started: true },
      502,
      'Claude Code failed: Stream closed for sk-***',
    ],
    ['no error at all', 'oops', context, 502, 'Claude Code failed: oops'],
    [
      'an abort',
      Object.assign(new Error('Claude Code process aborted by user'), { name: 'AbortError' }),
      context,
      499,
      'ended before its answer',
    ],
  ] as const)('%s', (_, thrown, where, status, words) => {
    const error = failureOfThrown(thrown, where)
    expect(error.status).toBe(status)
    expect(error.message).toContain(words)
    if (status === 503) expect(error.headers).toEqual({ 'x-should-retry': 'false' })
    if (status === 502) expect(messagesErrorType(error)).toBe('api_error')
  })

  test('the end of stderr is told, without what is secret', () => {
    const thrown = sdkError('Claude Code process exited with code 139', { exitCode: 139 })
    const stderr = 'start\nusing sesame-open\nSegmentation fault\n'
    const secrets = [new Secret('sesame-open')]
    const { message } = failureOfThrown(thrown, { path: '/c', started: true, stderr, secrets })
    expect(message).toContain('exit code 139: start / using *** / Segmentation fault')
  })

  test('nothing at all is an error too', () => {
    expect(failureOfSilence(context)).toMatchObject({ status: 503 })
    expect(failureOfSilence({ ...context, started: true })).toMatchObject({ status: 502 })
  })

  test('an error of ours stays', () => {
    const own = cannotStart('/c', 'why')
    expect(failureOfThrown(own, context)).toBe(own)
    expect(notInstalled().message).toContain('npm install -g @anthropic-ai/claude-code')
  })
})

test.each([
  [{ type: 'assistant', error: 'rate_limit', message: { model: '<synthetic>' } }, true],
  [{ type: 'assistant', message: { model: '<synthetic>' } }, true],
  [{ type: 'assistant', message: { model: 'claude-sonnet-4-5' } }, false],
  [{ type: 'result', error: 'x' }, false],
  ['text', false],
])('%j is an error notice: %p', (message, expected) => {
  expect(isErrorNotice(message)).toBe(expected)
})
