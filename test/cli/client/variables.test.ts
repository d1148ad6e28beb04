import { describe, expect, test } from 'bun:test'
import { claudeVariables } from '../../../src/cli/client/claude-variables.ts'
import { codexArguments } from '../../../src/cli/client/codex-arguments.ts'
import { generalVariables } from '../../../src/cli/client/general-variables.ts'
import type { Route } from '../../../src/cli/client/route.ts'
import { commonVariables, withVariables } from '../../../src/cli/client/variables.ts'

const URL = 'http://127.0.0.1:8000'
const MINE = 'sk-ant-api03-mine'

function route(more: Partial<Route> = {}): Route {
  const base = { url: URL, key: undefined, provider: 'anthropic', settings: undefined }
  return { ...base, kind: 'anthropic', credential: 'own', ...more }
}

/** What of Claude Code's credentials is in its environment then. */
function claude(env: Record<string, string>, more: Partial<Route>, signedIn: boolean) {
  const variables = claudeVariables({ env, route: route(more), signedIn, timeoutMs: 1000 })
  const all = withVariables(env, variables)
  const names = ['ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_API_KEY', 'ANTHROPIC_CUSTOM_HEADERS']
  return Object.fromEntries(names.flatMap((name) => (name in all ? [[name, all[name]]] : [])))
}

describe('the credential of Claude Code', () => {
  test('stays its own login where Anthropic is behind', () => {
    expect(claude({}, {}, true)).toEqual({})
    expect(claude({ ANTHROPIC_API_KEY: MINE }, {}, true)).toEqual({ ANTHROPIC_API_KEY: MINE })
    expect(claude({ ANTHROPIC_AUTH_TOKEN: 'local-dev-token' }, {}, true)).toEqual({})
  })

  test('has the client key beside it, in the header that is free', () => {
    const key = { key: 'K' }
    expect(claude({}, key, true)).toEqual({ ANTHROPIC_CUSTOM_HEADERS: 'x-api-key: K' })
    expect(claude({ ANTHROPIC_API_KEY: MINE }, key, true)).toEqual({
      ANTHROPIC_API_KEY: MINE,
      ANTHROPIC_CUSTOM_HEADERS: 'Authorization: Bearer K',
    })
    expect(claude({ ANTHROPIC_CUSTOM_HEADERS: 'X-Api-Key: old\nx-team: a' }, key, true)).toEqual({
      ANTHROPIC_CUSTOM_HEADERS: 'x-team: a\nx-api-key: K',
    })
  })

  test('is a placeholder or the client key where ccproxy has the credential', () => {
    expect(claude({}, {}, false)).toEqual({ ANTHROPIC_AUTH_TOKEN: 'unused' })
    expect(claude({}, { key: 'K' }, false)).toEqual({ ANTHROPIC_AUTH_TOKEN: 'K' })
  })

  test('is left to its own question where nobody has one', () => {
    expect(claude({}, { credential: 'none' }, false)).toEqual({})
  })

  test('never is one of Anthropic where another is behind', () => {
    const env = { ANTHROPIC_API_KEY: MINE, ANTHROPIC_AUTH_TOKEN: 'sk-ant-oat01-x' }
    for (const kind of ['openai', 'demo', 'claude-sdk']) {
      for (const credential of ['own', 'caller'] as const) {
        expect(claude(env, { kind, credential }, true)).toEqual({ ANTHROPIC_AUTH_TOKEN: 'unused' })
      }
    }
  })

  test('is the key of a gateway that ccproxy passes on', () => {
    const way = { kind: 'openai', credential: 'caller' } as const
    expect(claude({ ANTHROPIC_AUTH_TOKEN: 'team-1' }, way, false)).toEqual({
      ANTHROPIC_AUTH_TOKEN: 'team-1',
    })
    expect(claude({ ANTHROPIC_API_KEY: 'team-2' }, way, false)).toEqual({
      ANTHROPIC_AUTH_TOKEN: 'team-2',
    })
    expect(
      claude({ ANTHROPIC_AUTH_TOKEN: 'team-1' }, { ...way, credential: 'own' }, false),
    ).toEqual({
      ANTHROPIC_AUTH_TOKEN: 'unused',
    })
  })
})

describe('the other variables', () => {
  test('of Claude Code leave a plan login alone, and suit a gateway', () => {
    const own = claudeVariables({ env: {}, route: route(), signedIn: true, timeoutMs: 1 })
    expect(own).toEqual({ ANTHROPIC_BASE_URL: URL })
    const settings = { kind: 'openai', credential: 'auto', headers: {}, models: {} } as const
    const gateway = route({
      ...{ kind: 'openai', provider: 'gw', url: `${URL}/to/gw` },
      settings: { ...settings, default_model: 'big-1' },
    })
    const env = { DISABLE_TELEMETRY: '0' }
    expect(claudeVariables({ env, route: gateway, signedIn: false, timeoutMs: 900_000 })).toEqual({
      ANTHROPIC_BASE_URL: `${URL}/to/gw`,
      ANTHROPIC_AUTH_TOKEN: 'unused',
      API_TIMEOUT_MS: '1500000',
      CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1',
      ANTHROPIC_CUSTOM_MODEL_OPTION: 'anthropic/gw/big-1',
      ANTHROPIC_CUSTOM_MODEL_OPTION_NAME: 'big-1',
      ANTHROPIC_CUSTOM_MODEL_OPTION_DESCRIPTION: 'Provider gw of ccproxy',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    })
  })

  test('take detours away and keep an HTTP proxy out', () => {
    expect(commonVariables({}, URL)).toEqual({})
    expect(commonVariables({ CLAUDE_CODE_USE_BEDROCK: '1' }, URL)).toEqual({
      CLAUDE_CODE_USE_BEDROCK: undefined,
    })
    const both = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
    expect(commonVariables({ https_proxy: 'http://p' }, URL)).toEqual(both)
    expect(
      commonVariables({ HTTP_PROXY: 'http://p', no_proxy: 'a, b', NO_PROXY: '*' }, URL),
    ).toEqual({
      no_proxy: 'a,b,127.0.0.1',
    })
    expect(commonVariables({ HTTP_PROXY: 'http://p' }, 'http://[::1]:1/sdk').NO_PROXY).toBe('::1')
  })
})

describe('the keys of any client', () => {
  const keys = (env: Record<string, string>, more: Partial<Route>) => {
    const all = withVariables(env, generalVariables(env, route(more)))
    return [all.ANTHROPIC_API_KEY, all.ANTHROPIC_AUTH_TOKEN, all.OPENAI_API_KEY]
  }

  test('are the client key, a placeholder, or the own one where it is to go up', () => {
    expect(keys({}, {})).toEqual(['unused', 'unused', 'unused'])
    expect(keys({}, { key: 'K' })).toEqual(['K', 'K', 'K'])
    expect(keys({ ANTHROPIC_API_KEY: MINE, OPENAI_API_KEY: 'sk-o' }, {})).toEqual([
      ...[MINE, undefined, 'unused'],
    ])
    const none = { credential: 'none' } as const
    expect(keys({}, none)).toEqual([undefined, undefined, 'unused'])
    expect(keys({ ANTHROPIC_API_KEY: MINE }, { ...none, key: 'K' })).toEqual([MINE, 'K', 'K'])
    expect(keys({}, { ...none, key: 'K' })).toEqual(['K', 'K', 'K'])
  })

  test('of Anthropic or OpenAI never reach another upstream', () => {
    const env = { ANTHROPIC_API_KEY: MINE, OPENAI_API_KEY: 'sk-openai' }
    expect(keys(env, { kind: 'demo' })).toEqual(['unused', 'unused', 'unused'])
    const caller = { kind: 'openai', credential: 'caller' } as const
    expect(keys(env, caller)).toEqual(['unused', 'unused', 'sk-openai'])
    expect(keys({ ANTHROPIC_AUTH_TOKEN: 'team' }, caller)).toEqual(['team', 'team', 'unused'])
  })
})

describe('the arguments of Codex', () => {
  const added = [
    '-c',
    'model_provider="ccproxy"',
    '-c',
    `model_providers.ccproxy={name="ccproxy",base_url="${URL}/openai/v1",env_key="OPENAI_API_KEY",wire_api="responses"}`,
  ]

  test.each([
    [['codex', 'exec', 'hi'], 1],
    [['/opt/bin/codex'], 1],
    [['C:\\codex.exe', '--', 'x'], 1],
    [['npx', '-y', '@openai/codex@0.169.0', 'exec'], 3],
  ])('come first: %j', (command, place) => {
    const expected = [...command.slice(0, place), ...added, ...command.slice(place)]
    expect(codexArguments(command, route())).toEqual(expected)
  })

  test.each([[['aider', 'codex']], [['npx', 'codex-like']], [['mycodex', 'exec']]])(
    "are nobody else's: %j",
    (command) => expect(codexArguments(command, route())).toEqual(command),
  )
})
