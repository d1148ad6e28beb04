import { describe, expect, test } from 'bun:test'
import { loadIn, messageIn } from './load-in.ts'

describe('flat variables', () => {
  test('UPSTREAM_BASE_URL makes a provider and the default route', async () => {
    const env = {
      UPSTREAM_BASE_URL: 'https://gateway.example/v1/chat/completions',
      UPSTREAM_API_KEY: 'up',
      UPSTREAM_TIMEOUT_SECONDS: '180',
      DEFAULT_UPSTREAM_MODEL: 'big',
      FORCE_UPSTREAM_MODEL: 'true',
      MODEL_MAP_JSON: '{"claude-x":"y"}',
      DEFAULT_MAX_TOKENS: '1234',
    }
    const { settings, sources } = await loadIn({ env })
    expect(settings.providers.gateway).toMatchObject({
      kind: 'openai',
      base_url: 'https://gateway.example/v1/chat/completions',
      default_model: 'big',
      force_model: true,
      models: { 'claude-x': 'y' },
      default_max_tokens: 1234,
    })
    expect(settings.providers.gateway?.api_key?.reveal()).toBe('up')
    expect(settings.routing.default).toBe('gateway')
    expect(sources.get('routing.default')).toBe('environment UPSTREAM_BASE_URL')
    expect(settings.network).toMatchObject({
      header_timeout_seconds: 180,
      idle_timeout_seconds: 180,
    })
  })

  test('a default route given at the same or a higher level stays', async () => {
    const url = { UPSTREAM_BASE_URL: 'https://gateway.example' }
    const same = await loadIn({ env: { ...url, ROUTING__DEFAULT: 'anthropic' } })
    expect(same.settings.routing.default).toBe('anthropic')
    const flag = await loadIn({ env: url, flags: { provider: 'anthropic' } })
    expect(flag.settings.routing.default).toBe('anthropic')
    const files = { '/project/ccproxy.toml': '[routing]\ndefault = "anthropic"' }
    expect((await loadIn({ env: url, files })).settings.routing.default).toBe('gateway')
    const dotenv = { '/project/.env': 'UPSTREAM_BASE_URL=https://gateway.example' }
    const above = await loadIn({ env: { ROUTING__DEFAULT: 'anthropic' }, files: dotenv })
    expect(above.settings.routing.default).toBe('anthropic')
  })

  test('without an upstream the variables beside it make no half provider', async () => {
    const env = { DEFAULT_MAX_TOKENS: '5', UPSTREAM_API_KEY: 'k' }
    const { settings, warnings } = await loadIn({ env })
    expect(settings.providers.gateway).toBeUndefined()
    expect(warnings).toEqual([
      'environment UPSTREAM_API_KEY is ignored: there is no provider "gateway" (set UPSTREAM_BASE_URL)',
      'environment DEFAULT_MAX_TOKENS is ignored: there is no provider "gateway" (set UPSTREAM_BASE_URL)',
    ])
    const files = {
      '/project/ccproxy.toml':
        '[providers.gateway]\nkind = "openai"\nbase_url = "https://a.example"',
    }
    const filed = await loadIn({ env, files })
    expect(filed.settings.providers.gateway?.default_max_tokens).toBe(5)
    expect(filed.warnings).toEqual([])
  })

  test('AUTH_TOKEN and GATEWAY_API_KEY are both accepted, at any two levels', async () => {
    const both = await loadIn({ env: { AUTH_TOKEN: 'one', GATEWAY_API_KEY: 'two' } })
    expect(both.sources.get('security.tokens')).toBe('environment GATEWAY_API_KEY')
    expect(both.settings.security.auth_token?.reveal()).toBe('one')
    expect(both.settings.security.tokens.map((one) => one.token?.reveal())).toEqual(['two'])
    const split = await loadIn({
      env: { GATEWAY_API_KEY: 'two' },
      files: { '/project/.env': 'AUTH_TOKEN=one' },
    })
    expect(split.settings.security.auth_token?.reveal()).toBe('two')
    expect(split.settings.security.tokens.map((one) => one.token?.reveal())).toEqual(['one'])
    const alone = await loadIn({ env: { GATEWAY_API_KEY: 'two' } })
    expect(alone.settings.security.auth_token?.reveal()).toBe('two')
    expect(alone.settings.security.tokens).toEqual([])
    const flag = await loadIn({ env: { GATEWAY_API_KEY: 'two' }, flags: { 'auth-token': 'three' } })
    expect(flag.settings.security.auth_token?.reveal()).toBe('three')
    expect(flag.settings.security.tokens).toEqual([])
  })

  test('a dummy ANTHROPIC_API_KEY never reaches Anthropic, but may reach another upstream', async () => {
    const env = { ANTHROPIC_API_KEY: 'dummy' }
    const { settings, warnings } = await loadIn({ env })
    expect(settings.providers.anthropic?.api_key).toBeUndefined()
    expect(warnings).toEqual([
      'environment ANTHROPIC_API_KEY is ignored: it does not start with "sk-ant-"',
    ])
    const elsewhere = await loadIn({
      env: { ...env, ANTHROPIC_UPSTREAM_URL: 'http://localhost:1' },
    })
    expect(elsewhere.settings.providers.anthropic?.api_key?.reveal()).toBe('dummy')
    expect(elsewhere.warnings).toEqual([])
    const files = { '/project/ccproxy.toml': '[providers.anthropic]\napi_key = "sk-ant-file"' }
    const below = await loadIn({ env, files })
    expect(below.settings.providers.anthropic?.api_key?.reveal()).toBe('sk-ant-file')
    const real = await loadIn({ env: { ANTHROPIC_API_KEY: 'sk-ant-api03-x' } })
    expect(real.settings.providers.anthropic?.api_key?.reveal()).toBe('sk-ant-api03-x')
  })

  test('ANTHROPIC_BASE_URL is never read: it points clients here', async () => {
    const { settings } = await loadIn({ env: { ANTHROPIC_BASE_URL: 'http://127.0.0.1:8000' } })
    expect(settings.providers.anthropic?.base_url).toBe('https://api.anthropic.com')
  })

  test('the key helper comes as a command or as a JSON list', async () => {
    const env = {
      CLAUDE_CODE_API_KEY_HELPER: 'print-key -x',
      CLAUDE_CODE_API_KEY_HELPER_TTL_MS: '9',
    }
    const { settings } = await loadIn({ env })
    expect(settings.providers.anthropic?.api_key_helper).toBe('print-key -x')
    expect(settings.providers.anthropic?.api_key_helper_ttl_ms).toBe(9)
    const list = await loadIn({ env: { CLAUDE_CODE_API_KEY_HELPER: '["print-key","-x"]' } })
    expect(list.settings.providers.anthropic?.api_key_helper).toEqual(['print-key', '-x'])
  })

  test('what a panel shows', async () => {
    const { settings } = await loadIn({ env: { PRETTY_LOGS: 'true', LOG_PAYLOAD_MAX_CHARS: '9' } })
    expect(settings.record).toMatchObject({ panels: 'on', payload_max_chars: 9 })
    const off = await loadIn({ env: { PRETTY_LOGS: 'False' } })
    expect(off.settings.record.panels).toBe('off')
  })

  test('a key to come is refused', async () => {
    expect(await messageIn({ env: { NETWORK__CA_FILE: 'x.pem' } })).toBe(
      'Cannot use environment NETWORK__CA_FILE: network.ca_file is not available in this version: remove it',
    )
  })
})
