import { describe, expect, test } from 'bun:test'
import { SecretText } from '../../src/config/leaf.ts'
import { leaves } from '../../src/config/tree.ts'
import { Secret } from '../../src/kit/secret.ts'
import { type FakeWorld, loadIn } from './load-in.ts'

const file = '/project/ccproxy.toml'

describe('defaults', () => {
  test('stand as interface.md names them', async () => {
    const { settings, file: used, warnings } = await loadIn({})
    expect(settings.server).toMatchObject({
      host: '127.0.0.1',
      port: 8000,
      log_level: 'info',
      log_format: 'auto',
      drain_seconds: 30,
      early_open_seconds: 30,
    })
    expect(settings.limits).toEqual({ body_bytes: 33_554_432, upload_bytes: 536_870_912 })
    expect(settings.network).toEqual({ header_timeout_seconds: 600, idle_timeout_seconds: 600 })
    expect(settings.providers).toEqual({
      anthropic: {
        kind: 'anthropic',
        base_url: 'https://api.anthropic.com',
        api_key_helper_ttl_ms: 300_000,
        credential: 'auto',
        headers: {},
        models: {},
      },
    })
    expect(settings.routing).toEqual({ default: 'anthropic', models: {} })
    expect(settings.auth.oauth).toMatchObject({ callback_port: 54545, refresh_before_seconds: 300 })
    expect(used).toBeUndefined()
    expect(warnings).toEqual([])
  })

  test('are not shared between two loads', async () => {
    const first = await loadIn({})
    first.settings.security.allowed_hosts.push('x')
    expect((await loadIn({})).settings.security.allowed_hosts).toEqual([])
  })
})

describe('precedence', () => {
  const layers: readonly (readonly [string, FakeWorld, number])[] = [
    ['file ./ccproxy.toml', { files: { [file]: '[server]\nport = 1' } }, 1],
    ['.env PORT', { files: { '/project/.env': 'PORT=2' } }, 2],
    ['environment PORT', { env: { PORT: '3' } }, 3],
    ['flag --port', { flags: { port: '4' } }, 4],
  ]
  for (const [low, [lowSource, below]] of layers.entries()) {
    test(`${lowSource} wins over the default`, async () => {
      const { settings, sources } = await loadIn(below)
      expect(settings.server.port).toBe(low + 1)
      expect(sources.get('server.port')).toBe(lowSource)
      expect(sources.get('server.host')).toBe('default')
    })
    for (const [highSource, above, port] of layers.slice(low + 1)) {
      test(`${highSource} wins over ${lowSource}`, async () => {
        const files = { ...below.files, ...above.files }
        const { settings, sources } = await loadIn({ ...below, ...above, files })
        expect(settings.server.port).toBe(port)
        expect(sources.get('server.port')).toBe(highSource)
      })
    }
  }

  test('the prefixed name wins over the nested one, and that over the alias', async () => {
    const env = { PORT: '1', SERVER__PORT: '2', CCPROXY__SERVER__PORT: '3' }
    expect((await loadIn({ env })).settings.server.port).toBe(3)
    const { settings, sources } = await loadIn({ env: { ...env, CCPROXY__SERVER__PORT: '' } })
    expect(settings.server.port).toBe(2)
    expect(sources.get('server.port')).toBe('environment SERVER__PORT')
  })

  test('tables and maps merge leaf by leaf', async () => {
    const { settings, sources } = await loadIn({
      files: { [file]: '[server]\nport = 1\n[providers.anthropic.models]\na = "b"\n"c.d" = "e"' },
      env: { HOST: '::1', PROVIDERS__ANTHROPIC__MODELS: '{"a":"z"}' },
    })
    expect(settings.server).toMatchObject({ host: '::1', port: 1 })
    expect(settings.providers.anthropic?.models).toEqual({ a: 'z', 'c.d': 'e' })
    expect(sources.get('providers.anthropic.models.a')).toBe(
      'environment PROVIDERS__ANTHROPIC__MODELS',
    )
    expect(sources.get('providers.anthropic.models."c.d"')).toBe('file ./ccproxy.toml')
  })

  test('a map of tables is one, from a file and as JSON', async () => {
    const toml = '[sdk.mcp_servers.notes]\ncommand = "notes"\nargs = ["-v"]\nenv = { A = "b" }'
    const notes = { command: 'notes', args: ['-v'], env: { A: 'b' } }
    const files = { [file]: toml }
    expect((await loadIn({ files })).settings.sdk.mcp_servers).toEqual({ notes })
    const env = { SDK__MCP_SERVERS: JSON.stringify({ docs: { type: 'http', url: 'http://a' } }) }
    expect((await loadIn({ files, env })).settings.sdk.mcp_servers).toEqual({
      notes,
      docs: { type: 'http', url: 'http://a' },
    })
    const wrong = { [file]: '[sdk.mcp_servers]\nnotes = "notes"' }
    expect(loadIn({ files: wrong })).rejects.toThrow('sdk.mcp_servers.notes must be a table')
  })

  test('an override of a command wins over every flag', async () => {
    const path = ['providers', 'anthropic', 'kind']
    const overrides = [{ path, value: 'demo', source: 'command demo' }]
    const { settings, sources } = await loadIn({
      overrides,
      env: { PROVIDERS__ANTHROPIC__KIND: 'anthropic' },
    })
    expect(settings.providers.anthropic?.kind).toBe('demo')
    expect(sources.get('providers.anthropic.kind')).toBe('command demo')
  })

  test('a bad value that is overridden does not matter, in the file it does', async () => {
    const flags = { port: '5' }
    const env = { PORT: 'tcp://10.0.0.1:80' }
    expect((await loadIn({ flags, env })).settings.server.port).toBe(5)
    const files = { [file]: '[server]\nport = "x"' }
    expect(loadIn({ flags, files })).rejects.toThrow('server.port must be an integer')
  })
})

describe('text from the environment', () => {
  test('becomes lists, maps, truth values and numbers', async () => {
    const { settings } = await loadIn({
      env: {
        SECURITY__ALLOWED_HOSTS: 'a.example, b.example,',
        SECURITY__CORS_ORIGINS: '["https://a.example"]',
        SECURITY__PUBLIC_HEALTH: 'No',
        SERVER__DRAIN_SECONDS: '0.5',
        ROUTING__MODELS: 'fast=anthropic/haiku, big=anthropic/opus',
        SECURITY__TOKENS: '[{"name":"ci","token":"t0ken"}]',
        LIMITS__BODY_BYTES: '1_000_000',
      },
    })
    expect(settings.security.allowed_hosts).toEqual(['a.example', 'b.example'])
    expect(settings.security.cors_origins).toEqual(['https://a.example'])
    expect(settings.security.public_health).toBe(false)
    expect(settings.server.drain_seconds).toBe(0.5)
    expect(settings.routing.models).toEqual({ fast: 'anthropic/haiku', big: 'anthropic/opus' })
    expect(settings.security.tokens[0]?.token?.reveal()).toBe('t0ken')
    expect(settings.limits.body_bytes).toBe(1_000_000)
  })

  test('says yes and no in a few words only', async () => {
    const read = async (word: string) =>
      (await loadIn({ env: { RECORD__LEDGER: word } })).settings.record.ledger
    for (const word of ['true', '1', 'yes', 'on', 'On', ' TRUE ']) {
      expect([word, await read(word)]).toEqual([word, true])
    }
    for (const word of ['false', '0', 'no', 'off', 'OFF']) {
      expect([word, await read(word)]).toEqual([word, false])
    }
    for (const word of ['2', 'y', 'maybe']) {
      await expect(read(word)).rejects.toThrow('record.ledger must be true or false')
    }
  })

  test('names a provider of the file in shell spelling, or a whole one as JSON', async () => {
    const files = {
      [file]: '[providers.my-gateway]\nkind = "openai"\nbase_url = "https://a.example"',
    }
    const env = {
      PROVIDERS__MY_GATEWAY__API_KEY: 'k',
      CCPROXY__PROVIDERS__OTHER: '{"kind":"demo"}',
    }
    const { settings } = await loadIn({ files, env })
    expect(settings.providers['my-gateway']?.api_key?.reveal()).toBe('k')
    expect(settings.providers.other?.kind).toBe('demo')
  })

  test('log levels come in any case and by their usual names', async () => {
    const levels = { INFO: 'info', Warning: 'warn', CRITICAL: 'error', debug: 'debug' }
    for (const [given, level] of Object.entries(levels)) {
      const env = { LOG_LEVEL: given }
      expect<string>((await loadIn({ env })).settings.server.log_level).toBe(level)
      const files = { [file]: `[server]\nlog_level = "${given}"` }
      expect<string>((await loadIn({ files })).settings.server.log_level).toBe(level)
    }
  })

  test('an empty variable counts as unset', async () => {
    const env = { AUTH_TOKEN: '', PORT: '', UPSTREAM_BASE_URL: '' }
    const { settings } = await loadIn({ env })
    expect(settings.security.auth_token).toBeUndefined()
    expect(settings.server.port).toBe(8000)
    expect(Object.keys(settings.providers)).toEqual(['anthropic'])
  })
})

describe('secrets', () => {
  test('every secret text ends up wrapped', async () => {
    const { settings } = await loadIn({
      env: {
        AUTH_TOKEN: 'canary-1',
        ANTHROPIC_API_KEY: 'sk-ant-canary',
        UPSTREAM_API_KEY: 'canary-2',
        UPSTREAM_BASE_URL: 'https://a.example',
      },
      files: { [file]: '[[security.tokens]]\nname = "a"\ntoken = "canary-3"' },
    })
    expect(JSON.stringify(settings)).not.toContain('canary')
    expect(Bun.inspect(settings, { depth: 9 })).not.toContain('canary')
    const wrapped = [
      settings.security.auth_token,
      settings.providers.anthropic?.api_key,
      settings.providers.gateway?.api_key,
      settings.security.tokens[0]?.token,
    ]
    for (const secret of wrapped) expect(secret).toBeInstanceOf(Secret)
  })

  test('no secret leaf exists that the loader does not wrap', () => {
    const secret = leaves(['x']).filter(
      ({ schema }) => schema.type === 'string' && 'ccproxy' in schema && schema.ccproxy.secret,
    )
    expect(secret.map(({ path }) => path.join('.'))).toEqual([
      'security.auth_token',
      'providers.x.api_key',
      'record.database',
    ])
    expect(SecretText.type).toBe('string')
  })
})
