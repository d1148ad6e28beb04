import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Options, query } from '@anthropic-ai/claude-agent-sdk'
import type { ProxyError } from '../../src/kit/error.ts'
import { claudeEnv, settingsOver } from '../../src/provider/claude-sdk/claude-env.ts'
import { endingOfResult } from '../../src/provider/claude-sdk/result-ending.ts'
import {
  failureOfSilence,
  failureOfThrown,
  isErrorNotice,
} from '../../src/provider/claude-sdk/sdk-failure.ts'
import { cleanEnv, type TempDir, tempDir } from '../support/child.ts'
import { claudePath } from '../support/claude.ts'

setDefaultTimeout(30_000) // Starts Claude Code, which takes long on a busy machine.

/** The real SDK and the real Claude Code in front of an API that says what a test wants. */

let dir: TempDir
let reply: () => Response
let requests = 0
let server: ReturnType<typeof Bun.serve>

beforeAll(() => {
  dir = tempDir()
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => {
      requests++
      return reply()
    },
  })
})
afterAll(async () => {
  await server.stop(true)
  dir.remove()
})

function refuse(status: number, type: string, message: string, headers = {}): void {
  reply = () =>
    Response.json(
      { type: 'error', error: { type, message }, request_id: 'req_1' },
      { status, headers: { 'request-id': 'req_1', ...headers } },
    )
}

interface Run {
  readonly path?: string
  readonly env?: Record<string, string>
  readonly options?: Options
}

/** Asks once and gives the error that SDK mode would answer with. */
async function failureOf({
  path = claudePath(),
  env = {},
  options = {},
}: Run): Promise<ProxyError | undefined> {
  let assistantError: string | undefined
  let requestId: string | undefined
  let rateLimit: unknown
  let started = false
  let stderr = ''
  const messages = query({
    prompt: 'hi',
    options: {
      pathToClaudeCodeExecutable: path,
      cwd: dir.path,
      env: claudeEnv({
        inherited: cleanEnv(dir.path, {
          DISABLE_TELEMETRY: '1',
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
          CLAUDE_CODE_MAX_RETRIES: '0',
          ANTHROPIC_BASE_URL: server.url.href,
          ...env,
        }),
        platform: process.platform,
        extra: {},
        port: 1,
        clientKeys: [],
        upstreamKeys: [],
        version: '0.0.0',
      }),
      tools: [],
      settingSources: [],
      strictMcpConfig: true,
      persistSession: false,
      model: 'claude-sonnet-4-5',
      systemPrompt: 'x',
      stderr: (text) => {
        stderr += text
      },
      ...options,
    },
  })
  try {
    for await (const message of messages) {
      if (message.type === 'system' && message.subtype === 'init') started = true
      if (message.type === 'rate_limit_event') rateLimit = message.rate_limit_info
      if (message.type === 'assistant' && isErrorNotice(message)) {
        assistantError = message.error
        requestId = message.request_id
      }
      if (message.type !== 'result') continue
      const context = { assistantError, rateLimit, requestId, now: Date.now() }
      const ending = endingOfResult(message, context)
      return ending.kind === 'failed' ? ending.error : undefined
    }
  } catch (thrown) {
    return failureOfThrown(thrown, { path, started, stderr })
  }
  return failureOfSilence({ path, started, stderr })
}

const KEY = { ANTHROPIC_API_KEY: 'sk-ant-api03-made-up' }

test('not signed in: 503 without a request', async () => {
  requests = 0
  expect(await failureOf({})).toMatchObject({
    status: 503,
    message: expect.stringContaining('run "claude" and sign in'),
  })
  expect(requests).toBe(0)
})

test.each([
  [400, 'invalid_request_error', 'messages.0: bad', { message: 'messages.0: bad' }],
  [401, 'authentication_error', 'invalid x-api-key', { kind: 'authentication' }],
  [402, 'billing_error', 'Your credit balance is too low', { type: 'billing_error' }],
  [404, 'not_found_error', 'model: none', { kind: 'not_found' }],
  [429, 'rate_limit_error', 'Too fast', { message: 'Too fast' }],
  [500, 'api_error', 'Internal server error', { message: 'Internal server error' }],
  [529, 'overloaded_error', 'Overloaded', { kind: 'overloaded', message: 'Overloaded' }],
])('the API answers %d %s', async (status, type, message, expected) => {
  refuse(status, type, message)
  expect(await failureOf({ env: KEY })).toMatchObject({
    status,
    type,
    headers: { 'request-id': 'req_1' },
    ...expected,
  })
})

test('a plan’s limit keeps its end', async () => {
  const reset = Math.floor(Date.now() / 1000) + 1800
  refuse(429, 'rate_limit_error', 'limit', {
    'anthropic-ratelimit-unified-status': 'rejected',
    'anthropic-ratelimit-unified-reset': String(reset),
    'anthropic-ratelimit-unified-representative-claim': 'five_hour',
  })
  const error = await failureOf({ env: { CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-made-up' } })
  expect(error).toMatchObject({
    status: 429,
    headers: {
      'anthropic-ratelimit-unified-reset': String(reset),
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
    },
  })
  const wait = Number(error?.headers['retry-after'])
  expect(wait).toBeGreaterThan(1700)
  expect(wait).toBeLessThanOrEqual(1800)
})

test.each([
  ['none', undefined, 0, 'install it'],
  ['locked', '#!/bin/sh\n', 0o644, 'it is not executable'],
  ['silent', '#!/bin/sh\n', 0o755, 'it ended without a word'],
  ['lost', '#!/no/such/node\n', 0o755, 'its interpreter or the loader of its C library is missing'],
  [
    'fails',
    '#!/bin/sh\necho "out of luck" >&2\nexit 3\n',
    0o755,
    'it ended with exit code 3: out of luck',
  ],
])('an executable that is %s: 503', async (name, text, mode, words) => {
  const path = join(dir.path, name)
  if (text !== undefined) writeFileSync(path, text, { mode })
  const error = await failureOf({ path, env: KEY })
  expect(error).toMatchObject({ status: 503, kind: 'unavailable' })
  expect(error?.message).toContain(words)
})

test('killed while the API answers: 502', async () => {
  const path = join(dir.path, 'killed')
  const pid = join(dir.path, 'pid')
  writeFileSync(path, `#!/bin/sh\necho $$ > "${pid}"\nexec "${claudePath()}" "$@"\n`, {
    mode: 0o755,
  })
  reply = () => {
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL')
    return new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })
  }
  expect(await failureOf({ path, env: KEY })).toMatchObject({
    status: 502,
    type: 'api_error',
    message: 'Claude Code stopped in mid-answer: SIGKILL ended it; send the request again',
  })
})

test('settings of the user that lead back to ccproxy are taken away', async () => {
  let looped = 0
  const own = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => {
      looped++
      return new Response('{}', { status: 400 })
    },
  })
  const env = { ANTHROPIC_BASE_URL: own.url.href, ANTHROPIC_AUTH_TOKEN: 'proxy-key' }
  mkdirSync(join(dir.path, '.claude'), { recursive: true })
  writeFileSync(join(dir.path, '.claude', 'settings.json'), JSON.stringify({ env }))
  refuse(400, 'invalid_request_error', 'reached the API')
  // The API's address comes from sdk.env here: no test may leave this machine.
  const extra = { ANTHROPIC_BASE_URL: server.url.href }
  const settings = settingsOver({ env }, { port: own.port, extra })
  if (settings === undefined) throw new Error('The loop was not seen')
  const through = { env: KEY, options: { settingSources: ['user' as const] } }
  await failureOf(through)
  expect(looped).toBeGreaterThan(0)
  looped = 0
  const error = await failureOf({ ...through, options: { ...through.options, settings } })
  expect(error?.message).toBe('reached the API')
  expect(looped).toBe(0)
  await own.stop(true)
})
