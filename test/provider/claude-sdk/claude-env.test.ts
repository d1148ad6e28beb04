import { describe, expect, test } from 'bun:test'
import { flatAliases } from '../../../src/config/alias.ts'
import { ROOT } from '../../../src/config/tree.ts'
import { Secret } from '../../../src/kit/secret.ts'
import {
  type ClaudeEnvOptions,
  claudeEnv,
  pointsAt,
  settingsOver,
} from '../../../src/provider/claude-sdk/claude-env.ts'

const CLIENT_KEY = 'proxy-client-key'
const UPSTREAM_KEY = 'upstream-key-of-a-gateway'

function made(
  inherited: Record<string, string>,
  more: Partial<ClaudeEnvOptions> = {},
): Record<string, string> {
  return claudeEnv({
    inherited,
    platform: 'linux',
    extra: {},
    port: 8000,
    clientKeys: [new Secret(CLIENT_KEY)],
    upstreamKeys: [new Secret(UPSTREAM_KEY)],
    version: '1.2.3',
    ...more,
  })
}

/** What stays of some variables. */
function left(inherited: Record<string, string>, more?: Partial<ClaudeEnvOptions>) {
  const env = made(inherited, more)
  return Object.fromEntries(Object.entries(env).filter(([name]) => name in inherited))
}

test('the user’s own variables stay', () => {
  const env = {
    PATH: '/usr/bin',
    HOME: '/home/me',
    LANG: 'C.UTF-8',
    HTTPS_PROXY: 'http://proxy:3128',
    ANTHROPIC_API_KEY: 'sk-ant-api03-mine',
    CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-mine',
    CLAUDE_CONFIG_DIR: '/home/me/claude',
    ANTHROPIC_MODEL: 'opus',
    AWS_PROFILE: 'me',
    __CF_USER_TEXT_ENCODING: '0x1F5',
  }
  expect(left(env)).toEqual(env)
})

describe('ccproxy’s own settings go', () => {
  /** Flat variables of ccproxy's that Claude Code or its tools read as well. */
  const SHARED = new Set([
    'ANTHROPIC_API_KEY',
    'CLAUDE_CODE_API_KEY_HELPER',
    'CLAUDE_CODE_API_KEY_HELPER_TTL_MS',
  ])

  test('every flat one but those that Claude Code reads too', () => {
    const names = flatAliases().map(({ name }) => name)
    expect(names).toContain('GATEWAY_API_KEY')
    for (const name of names) {
      const kept =
        SHARED.has(name) || /^(AWS|CLOUD|GOOGLE|HTTPS?_|NO_|NODE_|ANTHROPIC_(V|F))/.test(name)
      expect([name, name in left({ [name]: 'sk-ant-x' })]).toEqual([name, kept])
    }
  })

  test('every section of the nested ones, with and without prefix, in any case', () => {
    const sections = ROOT.type === 'section' ? Object.keys(ROOT.keys) : []
    expect(sections).toContain('security')
    for (const section of sections) {
      for (const name of [
        `${section.toUpperCase()}__X`,
        `CCPROXY__${section}__X`,
        `${section}__x`,
      ]) {
        expect([name, left({ [name]: '1' })]).toEqual([name, {}])
      }
    }
    expect(left({ CCPROXY_CONFIG: '/x' })).toEqual({})
  })

  test('how it tunes its own Bun, and an outer Claude Code', () => {
    expect(
      left({
        BUN_CONFIG_MAX_HTTP_REQUESTS: '65535',
        BUN_JSC_thresholdForFTLOptimizeSoon: '1',
        MIMALLOC_PURGE_DELAY: '100',
        BUN_BE_BUN: '1',
        BUN_INSTALL: '/home/me/.bun',
        CLAUDECODE: '1',
        CLAUDE_CODE_ENTRYPOINT: 'cli',
        CLAUDE_CODE_SSE_PORT: '1',
        CLAUDE_CODE_SESSION_ID: 'x',
        CLAUDE_CODE_MESSAGING_TOKEN: 'x',
      }),
    ).toEqual({ BUN_INSTALL: '/home/me/.bun' })
  })

  test('keys by their value, whatever the variable is called', () => {
    expect(
      left({
        MY_TOKEN: CLIENT_KEY,
        ANTHROPIC_AUTH_TOKEN: CLIENT_KEY,
        OTHER_KEY: UPSTREAM_KEY,
        ANTHROPIC_FOUNDRY_API_KEY: UPSTREAM_KEY,
        HARMLESS: 'x',
      }),
    ).toEqual({ ANTHROPIC_FOUNDRY_API_KEY: UPSTREAM_KEY, HARMLESS: 'x' })
  })
})

describe('what leads back to ccproxy goes', () => {
  test.each([
    ['http://127.0.0.1:8000', true],
    ['http://127.0.0.1:8000/sdk', true],
    ['http://localhost:8000/', true],
    ['http://[::1]:8000', true],
    ['http://0.0.0.0:8000', true],
    ['http://127.1.2.3:8000', true],
    ['http://ccproxy.localhost:8000', true],
    ['http://127.0.0.1:8001', false],
    ['http://127.0.0.1', false],
    ['https://gateway.example:8000', false],
    ['not a url', false],
  ])('%s: %p', (url, ours) => {
    expect(pointsAt(url, 8000)).toBe(ours)
    expect('ANTHROPIC_BASE_URL' in left({ ANTHROPIC_BASE_URL: url })).toBe(!ours)
  })

  test('default ports count, and no port of ours is none', () => {
    expect(pointsAt('http://localhost', 80)).toBe(true)
    expect(pointsAt('https://localhost', 443)).toBe(true)
    expect(pointsAt('http://127.0.0.1:8000', undefined)).toBe(false)
  })

  test('with the keys that were meant for it; a key of Anthropic’s stays', () => {
    const ANTHROPIC_BASE_URL = 'http://127.0.0.1:8000'
    const headers = { ANTHROPIC_CUSTOM_HEADERS: 'x-team: a' }
    expect(left({ ANTHROPIC_BASE_URL, ...headers, ANTHROPIC_AUTH_TOKEN: 'made-up' })).toEqual({})
    expect(left({ ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY: 'dummy' })).toEqual({})
    const own = { ANTHROPIC_API_KEY: 'sk-ant-api03-mine' }
    expect(left({ ANTHROPIC_BASE_URL, ...own })).toEqual(own)
  })

  test('a cloud’s base URL goes with its switch', () => {
    expect(
      left({
        CLAUDE_CODE_USE_BEDROCK: '1',
        CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1',
        ANTHROPIC_BEDROCK_BASE_URL: 'http://127.0.0.1:8000/bedrock',
        AWS_REGION: 'eu-west-1',
      }),
    ).toEqual({ AWS_REGION: 'eu-west-1' })
  })

  test('sdk.env may insist', () => {
    const ANTHROPIC_BASE_URL = 'http://127.0.0.1:8000/api'
    const extra = { ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN: CLIENT_KEY }
    expect(made({}, { extra })).toMatchObject(extra)
  })
})

test('a made-up key counts for another gateway only', () => {
  expect(left({ ANTHROPIC_API_KEY: 'dummy' })).toEqual({})
  expect(
    left({ ANTHROPIC_API_KEY: 'dummy', ANTHROPIC_BASE_URL: 'https://api.anthropic.com' }),
  ).toEqual({
    ANTHROPIC_BASE_URL: 'https://api.anthropic.com',
  })
  const elsewhere = { ANTHROPIC_API_KEY: 'team-key', ANTHROPIC_BASE_URL: 'https://llm.example' }
  expect(left(elsewhere)).toEqual(elsewhere)
  expect(left({ ANTHROPIC_AUTH_TOKEN: 'any' })).toEqual({ ANTHROPIC_AUTH_TOKEN: 'any' })
})

test('defaults give way to the user’s variables, those to sdk.env', () => {
  expect(made({})).toMatchObject({ DISABLE_AUTOUPDATER: '1', MCP_TOOL_TIMEOUT: '86400000' })
  expect(made({}).CLAUDE_AGENT_SDK_CLIENT_APP).toBe('ccproxy/1.2.3')
  const inherited = { MCP_TOOL_TIMEOUT: '5', DISABLE_AUTOUPDATER: '0' }
  const env = made(inherited, { extra: { DISABLE_AUTOUPDATER: '' } })
  expect(env).toMatchObject({ MCP_TOOL_TIMEOUT: '5', DISABLE_AUTOUPDATER: '' })
})

test('the folder of the executable is in PATH, last', () => {
  const executable = '/home/me/.nvm/versions/node/v22.0.0/bin/claude'
  const folder = '/home/me/.nvm/versions/node/v22.0.0/bin'
  expect(made({ PATH: '/usr/bin' }, { executable }).PATH).toBe(`/usr/bin:${folder}`)
  expect(made({ PATH: `${folder}:/usr/bin` }, { executable }).PATH).toBe(`${folder}:/usr/bin`)
  expect(made({}, { executable }).PATH).toBe(folder)
  const windows = { executable: 'C:\\c\\claude.exe', platform: 'win32' as const }
  expect(made({ Path: 'C:\\Windows' }, windows)).toMatchObject({ Path: 'C:\\Windows;C:\\c' })
})

describe('over Claude Code’s own settings', () => {
  const over = (env: Record<string, string>, extra: Record<string, string> = {}) =>
    settingsOver({ env }, { port: 8000, extra })

  test('a base URL that leads back is emptied with the key for it', () => {
    const env = {
      ANTHROPIC_BASE_URL: 'http://localhost:8000',
      ANTHROPIC_AUTH_TOKEN: 'x',
      OTHER: '1',
    }
    expect(over(env)).toEqual({ env: { ANTHROPIC_BASE_URL: '', ANTHROPIC_AUTH_TOKEN: '' } })
  })

  test('what sdk.env says stands instead', () => {
    const env = { ANTHROPIC_BASE_URL: 'http://localhost:8000' }
    expect(over(env, { ANTHROPIC_BASE_URL: 'http://localhost:9' })).toEqual({
      env: { ANTHROPIC_BASE_URL: 'http://localhost:9' },
    })
  })

  test('nothing is said without need', () => {
    expect(
      over({ ANTHROPIC_BASE_URL: 'https://llm.example', ANTHROPIC_API_KEY: 'x' }),
    ).toBeUndefined()
    expect(over({})).toBeUndefined()
  })
})
