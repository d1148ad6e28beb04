import { describe, expect, test } from 'bun:test'
import {
  type ChosenCredential,
  type CredentialCall,
  type CredentialSetting,
  type CredentialSources,
  chooseCredential,
  describeCredential,
} from '../../src/auth/credential.ts'
import { KeyHelper } from '../../src/auth/key-helper.ts'
import type { TokenSource, TokenState } from '../../src/auth/token-source.ts'
import { ProxyError } from '../../src/kit/error.ts'
import { Secret } from '../../src/kit/secret.ts'

const READY: TokenState = {
  kind: 'ready',
  source: '/f',
  plan: 'max',
  scopes: [],
  expiresAt: 10_800_000,
}
const SEED_003 =
  'invalid_request: system: This credential is only authorized for use with Claude Code and cannot be used for other API requests.'

function login(state: TokenState, kind: TokenSource['kind'] = 'plan-login'): TokenSource {
  return {
    kind,
    state: () => Promise.resolve(state),
    token: () =>
      state.kind === 'ready'
        ? Promise.resolve(new Secret(`${kind}-1`))
        : Promise.reject(new ProxyError('authentication', `it is ${state.kind}`)),
    rejected: (token) =>
      Promise.resolve(token.equals(`${kind}-1`) ? new Secret(`${kind}-2`) : undefined),
  }
}

function helper(): KeyHelper {
  let calls = 0
  return new KeyHelper({
    command: 'unused',
    ttlMs: 1e9,
    run: () => {
      calls += 1
      return Promise.resolve({ kind: 'done', exitCode: 0, stdout: `helper-${calls}` })
    },
  })
}

const ALL: CredentialSources = {
  provider: 'anthropic',
  apiKey: new Secret('sk-ant-api03-ours'),
  keyHelper: helper(),
  logins: [login(READY), login(READY, 'claude-code-login')],
  loopbackOnly: true,
}
const KEY = { headers: { 'x-api-key': 'sk-ant-api03-theirs' }, kind: 'key' } as const
const OAT = { headers: { authorization: 'Bearer sk-ant-oat01-theirs' }, kind: 'oat' } as const

async function choose(
  setting: CredentialSetting,
  sources: Partial<CredentialSources>,
  call: Partial<CredentialCall> = {},
) {
  return chooseCredential(
    setting,
    { provider: 'anthropic', loopbackOnly: true, ...sources },
    { keysOnly: false, client: undefined, fromClaudeCode: () => false, ...call },
  )
}

function applied(chosen: ChosenCredential | undefined) {
  const headers = new Headers()
  chosen?.apply(headers)
  return Object.fromEntries(headers)
}

async function headers(...args: Parameters<typeof choose>) {
  try {
    return applied(await choose(...args))
  } catch (error) {
    return error instanceof ProxyError ? `${error.kind}: ${error.message}` : error
  }
}

describe('auto', () => {
  test('Goes down the order of the documentation', async () => {
    expect(await headers('auto', ALL, { client: KEY })).toEqual(KEY.headers)
    expect(await headers('auto', ALL)).toEqual({ 'x-api-key': 'sk-ant-api03-ours' })
    const { keyHelper, logins } = ALL
    expect(await headers('auto', { keyHelper: helper(), logins })).toEqual({
      'x-api-key': 'helper-1',
    })
    expect(keyHelper).toBeDefined()
    expect(await headers('auto', { logins })).toEqual({ authorization: 'Bearer plan-login-1' })
    const second = [login({ kind: 'absent' }), login(READY, 'claude-code-login')]
    expect(await headers('auto', { logins: second })).toEqual({
      authorization: 'Bearer claude-code-login-1',
    })
  })

  test('Stops before a login whose terms were not accepted, and says so', async () => {
    const logins = [login({ kind: 'not-accepted', source: '/f' })]
    expect(await headers('auto', { logins })).toBe(
      'authentication: No Anthropic credential for provider "anthropic": set ANTHROPIC_API_KEY, send your own sk-ant-… key as x-api-key or Bearer, or run "ccproxy auth login"; the login in "/f" is not used, for its terms were not accepted: run "ccproxy auth accept-terms"',
    )
    const broken = [login({ kind: 'unusable', reason: 'Cannot use credentials file "/f"' })]
    expect(await headers('auto', { logins: broken })).toContain('Cannot use credentials file "/f"')
    expect(await headers('auto', {})).toContain('run "ccproxy auth login"')
  })
})

describe('A setting that forces one', () => {
  test('Takes exactly that one', async () => {
    expect(await headers('client', ALL, { client: KEY })).toEqual(KEY.headers)
    expect(await headers('api-key', ALL, { client: KEY })).toEqual({
      'x-api-key': 'sk-ant-api03-ours',
    })
    expect(await headers('key-helper', { keyHelper: helper() }, { client: KEY })).toEqual({
      'x-api-key': 'helper-1',
    })
    expect(await headers('oauth', ALL, { client: KEY })).toEqual({
      authorization: 'Bearer plan-login-1',
    })
  })

  test('Says what is missing', async () => {
    expect(await headers('client', ALL)).toContain('send your own sk-ant-… key')
    expect(await headers('api-key', { provider: 'x' })).toContain('set providers.x.api_key')
    expect(await headers('key-helper', {})).toContain('set providers.anthropic.api_key_helper')
    expect(await headers('oauth', {})).toContain('run "ccproxy auth login"')
    expect(await headers('oauth', { logins: [login({ kind: 'absent' })] })).toBe(
      'authentication: it is absent',
    )
    const logins = [login({ kind: 'absent' }), login({ kind: 'not-accepted', source: '/f' })]
    expect(await headers('oauth', { logins })).toBe('authentication: it is not-accepted')
  })
})

describe('A plan login', () => {
  test('Is refused in minimal and passthrough mode, ours even for Claude Code', async () => {
    const { logins } = ALL
    expect(await headers('auto', { logins }, { keysOnly: true })).toBe(SEED_003)
    expect(await headers('oauth', { logins }, { keysOnly: true, fromClaudeCode: () => true })).toBe(
      SEED_003,
    )
    expect(await headers('auto', ALL, { keysOnly: true, client: OAT })).toBe(SEED_003)
    const claudeCode = { keysOnly: true, client: OAT, fromClaudeCode: () => true }
    expect(await headers('auto', ALL, claudeCode)).toEqual(OAT.headers)
    expect(await headers('auto', ALL, { keysOnly: true, client: KEY })).toEqual(KEY.headers)
    expect(await headers('auto', ALL, { keysOnly: true })).toEqual({
      'x-api-key': 'sk-ant-api03-ours',
    })
  })

  test("Of the client's passes in full mode and never gets an identity", async () => {
    const chosen = await choose('auto', ALL, { client: OAT })
    expect(applied(chosen)).toEqual(OAT.headers)
    expect(chosen.planLogin).toBe(false)
    expect(await chosen.retry()).toBeUndefined()
  })

  test('Serves nobody beyond loopback', async () => {
    const { logins } = ALL
    expect(await headers('auto', { logins, loopbackOnly: false })).toBe(
      'permission: A plan login serves its holder alone and is refused while ccproxy listens beyond loopback: bind 127.0.0.1, or set api_key',
    )
    expect(await headers('auto', { ...ALL, loopbackOnly: false })).toEqual({
      'x-api-key': 'sk-ant-api03-ours',
    })
  })

  test('Does not come in as an API key', async () => {
    const apiKey = new Secret('sk-ant-oat01-canary')
    const message = await headers('auto', { apiKey })
    expect(message).toStartWith('authentication: The api-key is a plan login')
    expect(message).not.toContain('canary')
  })
})

test('After a 401 there is one more try, with a fresh token or key', async () => {
  const { logins } = ALL
  const first = await choose('oauth', { logins })
  expect(first.planLogin).toBe(true)
  const second = await first.retry()
  expect(applied(second)).toEqual({ authorization: 'Bearer plan-login-2' })
  expect(second?.planLogin).toBe(true)
  expect(await second?.retry()).toBeUndefined()
  const key = await choose('key-helper', { keyHelper: helper() })
  expect(applied(await key.retry())).toEqual({ 'x-api-key': 'helper-2' })
  expect(await (await choose('api-key', ALL)).retry()).toBeUndefined()
})

test('A choice that is printed shows no secret', async () => {
  const { logins } = ALL
  const printed = Bun.inspect([
    await choose('auto', ALL),
    await choose('auto', ALL, { client: OAT }),
    await choose('oauth', { logins }),
    await choose('key-helper', { keyHelper: helper() }),
    ALL.apiKey,
    helper(),
  ])
  expect(printed).not.toMatch(/sk-ant|plan-login-1|helper-1/)
  expect(JSON.stringify(await choose('auto', ALL))).not.toContain('sk-ant')
})

test('/status is told which one it would be, and never a secret', async () => {
  const say = (setting: CredentialSetting, sources: Partial<CredentialSources>) =>
    describeCredential(setting, { provider: 'anthropic', loopbackOnly: true, ...sources }, 0)
  const { logins } = ALL
  expect(await say('auto', ALL)).toBe('API key')
  expect(await say('client', ALL)).toBe("client's own")
  expect(await say('key-helper', ALL)).toBe('key helper')
  expect(await say('auto', { logins })).toBe('plan login (max), expires in 3 h')
  expect(await say('oauth', { ...ALL, loopbackOnly: false })).toContain('refused because')
  const state: TokenState = {
    kind: 'ready',
    source: '/f',
    plan: undefined,
    scopes: [],
    expiresAt: -1,
  }
  expect(await say('oauth', { logins: [login(state, 'claude-code-login')] })).toBe(
    "Claude Code's login, expired",
  )
  const soon = (expiresAt: number | undefined): TokenState => ({ ...state, expiresAt })
  expect(await say('oauth', { logins: [login(soon(5_400_000))] })).toContain('in 90 min')
  expect(await say('oauth', { logins: [login(soon(259_200_000))] })).toContain('in 3 d')
  expect(await say('oauth', { logins: [login(soon(undefined))] })).toContain('without expiry')
  expect(await say('auto', {})).toBe('none')
  expect(await say('api-key', {})).toBe('none')
  expect(await say('auto', { logins: [login({ kind: 'not-accepted', source: '/f' })] })).toBe(
    'none; the login in "/f" is not used, for its terms were not accepted: run "ccproxy auth accept-terms"',
  )
})
