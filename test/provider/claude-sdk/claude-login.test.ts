import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  claudeLogin,
  type LoginPlaces,
  type LoginState,
} from '../../../src/provider/claude-sdk/claude-login.ts'
import { runnerOf } from '../../../src/provider/claude-sdk/run-claude.ts'
import { cleanEnv, type TempDir, tempDir } from '../../support/child.ts'
import { claudePath } from '../../support/claude.ts'

setDefaultTimeout(30_000) // Starts Claude Code, which takes long on a busy machine.

const NOW = Date.parse('2026-11-21T12:00:00Z')
const LATER = Date.parse('2026-11-21T14:00:00Z')
const EARLIER = Date.parse('2026-11-21T10:00:00Z')
const TOKEN = 'sk-ant-oat01-made-up'

let dir: TempDir
beforeEach(() => {
  dir = tempDir()
})
afterEach(() => dir.remove())

function file(path: string, value: unknown): void {
  const full = join(dir.path, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, typeof value === 'string' ? value : JSON.stringify(value))
}

function credentials(login: Record<string, unknown>) {
  const scopes = ['user:inference', 'user:profile']
  return { claudeAiOauth: { accessToken: TOKEN, scopes, subscriptionType: 'max', ...login } }
}

function places(extra: Record<string, string> = {}, more: Partial<LoginPlaces> = {}): LoginPlaces {
  const env = cleanEnv(dir.path, {
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
    ...extra,
  })
  const sources = ['user', 'project', 'local'] as const
  return { env, home: dir.path, platform: 'linux', sources, now: () => NOW, ...more }
}

/** By the word of the real Claude Code. */
function asked(where: LoginPlaces): Promise<LoginState> {
  const run = runnerOf({ path: claudePath(), env: where.env, cwd: dir.path })
  return claudeLogin(where, { version: '2.1.329', run })
}

interface Case {
  readonly name: string
  readonly env?: Record<string, string>
  readonly files?: Record<string, unknown>
  readonly state: LoginState['state']
  readonly how: string
}

const CASES: readonly Case[] = [
  { name: 'a fresh home', state: 'signed_out', how: 'not signed in' },
  {
    name: 'a plan login',
    files: { '.claude/.credentials.json': credentials({ refreshToken: 'r', expiresAt: LATER }) },
    state: 'signed_in',
    how: 'plan login (max), refreshed before 2026-11-21T14:00:00.000Z',
  },
  {
    name: 'a plan login whose token has ended',
    files: { '.claude/.credentials.json': credentials({ refreshToken: 'r', expiresAt: EARLIER }) },
    state: 'signed_in',
    how: 'plan login (max), refreshed at the next use',
  },
  {
    name: 'a plan login that has ended and cannot be refreshed',
    files: { '.claude/.credentials.json': credentials({ expiresAt: EARLIER }) },
    state: 'expired',
    how: 'plan login (max), expired 2026-11-21T10:00:00.000Z',
  },
  {
    name: 'a login without the right to ask models',
    files: { '.claude/.credentials.json': credentials({ refreshToken: 'r', scopes: [] }) },
    state: 'signed_out',
    how: 'not signed in',
  },
  {
    name: 'a key in the environment before the plan login',
    env: { ANTHROPIC_API_KEY: 'sk-ant-api03-made-up' },
    files: { '.claude/.credentials.json': credentials({ refreshToken: 'r', expiresAt: LATER }) },
    state: 'signed_in',
    how: 'API key of ANTHROPIC_API_KEY',
  },
  {
    name: 'a key in its settings',
    files: { '.claude/settings.json': { env: { ANTHROPIC_API_KEY: 'sk-ant-api03-made-up' } } },
    state: 'signed_in',
    how: 'API key of ANTHROPIC_API_KEY',
  },
  {
    name: 'a key helper in its settings',
    files: { '.claude/settings.json': { apiKeyHelper: 'echo sk-ant-api03-made-up' } },
    state: 'signed_in',
    how: 'API key of its apiKeyHelper',
  },
  {
    name: 'a bearer token',
    env: { ANTHROPIC_AUTH_TOKEN: 'made-up' },
    state: 'signed_in',
    how: 'token in ANTHROPIC_AUTH_TOKEN',
  },
  {
    name: 'a long-lived token',
    env: { CLAUDE_CODE_OAUTH_TOKEN: TOKEN },
    state: 'signed_in',
    how: 'token in CLAUDE_CODE_OAUTH_TOKEN',
  },
  {
    name: 'a cloud',
    env: { CLAUDE_CODE_USE_BEDROCK: '1', ANTHROPIC_API_KEY: 'sk-ant-api03-made-up' },
    state: 'signed_in',
    how: 'Amazon Bedrock, with its own credentials',
  },
]

describe.each([
  ['as the real Claude Code says', asked],
  ['as files and variables say', (where: LoginPlaces) => claudeLogin(where, undefined)],
] as const)('%s', (_, login) => {
  for (const { name, env, files = {}, state, how } of CASES) {
    test(name, async () => {
      for (const [path, value] of Object.entries(files)) file(path, value)
      const found = await login(places(env))
      expect(found.state).toBe(state)
      expect(found.how).toBe(how)
      expect(found.fix !== undefined).toBe(state !== 'signed_in')
      expect(JSON.stringify(found)).not.toContain('made-up')
    })
  }

  test('a folder of its own', async () => {
    file('work/.credentials.json', credentials({ refreshToken: 'r', subscriptionType: 'team' }))
    const found = await login(places({ CLAUDE_CONFIG_DIR: join(dir.path, 'work') }))
    expect(found).toEqual({ state: 'signed_in', how: 'plan login (team)' })
  })

  test('a file that is broken is named, its content is not', async () => {
    file('.claude/.credentials.json', `{"claudeAiOauth":{"accessToken":"${TOKEN}",`)
    const found = await login(places())
    expect(found.state).toBe('signed_out')
    expect(found.how).toContain('.credentials.json" is unusable: it is not JSON')
    expect(found.how).not.toContain(TOKEN)
  })
})

test('a version without "auth status" is never asked: it would take it for a prompt', async () => {
  let runs = 0
  const run = async () => {
    runs++
    return { kind: 'timeout' as const }
  }
  const found = await claudeLogin(places(), { version: '2.1.40', run })
  expect(found.state).toBe('signed_out')
  expect(runs).toBe(0)
  const slow = await claudeLogin(places(), { version: '2.1.41', run })
  expect(slow.state).toBe('signed_out')
  expect(runs).toBe(1)
})

test.each([
  [{ kind: 'done', exitCode: 0, stdout: '' }, 'signed_in', 'plan login in the Keychain'],
  [{ kind: 'done', exitCode: 44, stdout: '' }, 'signed_out', 'not signed in'],
  [{ kind: 'timeout' }, 'unknown', 'the Keychain gave no answer'],
] as const)('on macOS the Keychain is asked for presence only: %j', async (answer, state, how) => {
  const commands: unknown[] = []
  const run: LoginPlaces['run'] = async (command) => {
    commands.push(command)
    return answer
  }
  const found = await claudeLogin(places({}, { platform: 'darwin', run }), undefined)
  expect(found).toMatchObject({ state, how })
  expect(commands).toEqual([['security', 'find-generic-password', '-s', 'Claude Code-credentials']])
})
