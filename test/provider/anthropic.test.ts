import { describe, expect, test } from 'bun:test'
import type { TokenSource } from '../../src/auth/token-source.ts'
import { Secret } from '../../src/kit/secret.ts'
import { createAnthropicProvider } from '../../src/provider/anthropic.ts'
import type { Mode } from '../../src/provider/mode.ts'
import type { ProviderOptions, UpstreamCall } from '../../src/provider/provider.ts'

const CREDENTIALS = {
  provider: 'anthropic',
  apiKey: new Secret('sk-ant-api03-ours'),
  loopbackOnly: true,
}

function provider(settings: Partial<ProviderOptions> = {}) {
  return createAnthropicProvider({
    ...{ name: 'anthropic', baseUrl: undefined, credential: 'auto', credentials: CREDENTIALS },
    ...{ identity: 'minimal', headers: {}, version: '1.0.0' },
    ...settings,
  })
}

function call(more: Partial<UpstreamCall> = {}): UpstreamCall {
  return {
    ...{ mode: 'full', method: 'POST', path: '/v1/messages', clientHeaders: new Headers() },
    ...{ body: undefined, clientCredential: undefined, callerKey: undefined, translated: false },
    ...{ betas: [], session: undefined, client: undefined },
    ...more,
  }
}

const prepared = (more: Partial<UpstreamCall> = {}, settings: Partial<ProviderOptions> = {}) =>
  provider(settings).prepare(call(more))

/** The names of the client's headers that go up, and what is added to none. */
async function names(mode: Mode, sent: readonly string[], translated = false): Promise<string[]> {
  const clientHeaders = new Headers(sent.map((name) => [name, 'x']))
  const { headers } = await prepared({ mode, clientHeaders, translated })
  const ours = ['x-api-key', 'anthropic-version', 'user-agent']
  return [...headers.keys()].filter((name) => !ours.includes(name) || sent.includes(name)).sort()
}

/** What holds a credential, or tells where the client sits. */
const PRIVATE = [
  ...['authorization', 'api-key', 'x-goog-api-key', 'x-auth-token', 'x-amz-security-token'],
  ...['cookie', 'cookie2', 'forwarded', 'via', 'x-real-ip', 'x-forwarded-for'],
  ...['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-server'],
  ...['cf-connecting-ip', 'true-client-ip'],
]
const NEEDED = [
  ...['accept', 'anthropic-beta', 'anthropic-user-profile-id', 'anthropic-version'],
  ...['anthropic-workspace-id', 'content-type', 'user-agent'],
]
const OWN = [
  ...['anthropic-new', 'x-app', 'x-claude-code-session-id', 'x-stainless-lang', 'x-made-up'],
  ...['accept-language', 'idempotency-key', 'session-id', 'thread-id', 'originator'],
  ...['traceparent', 'tracestate', 'baggage'],
]
const ODD = ['origin', 'referer', 'dnt', 'sec-fetch-site']
const ALL = [...PRIVATE, ...NEEDED, ...OWN, ...ODD, 'x-ccproxy-notes', 'host', 'connection']

describe('The client’s headers', () => {
  test('Of the families of Anthropic and Claude Code go up in full mode', async () => {
    expect(await names('full', ALL)).toEqual([...NEEDED, ...OWN].sort())
  })

  test('Go up in minimal mode as far as they are needed', async () => {
    expect(await names('minimal', ALL)).toEqual(NEEDED)
  })

  test('Go up in passthrough mode, all but the private ones and the hop’s', async () => {
    expect(await names('passthrough', ALL)).toEqual(
      [...NEEDED, ...OWN, ...ODD, 'x-ccproxy-notes'].sort(),
    )
  })

  test('Stay here in sdk mode, and mostly where they speak of another protocol', async () => {
    expect(
      await names(
        'sdk',
        ALL.filter((name) => !NEEDED.includes(name)),
      ),
    ).toEqual([])
    expect(await names('full', ALL, true)).toEqual(NEEDED)
    const clientHeaders = new Headers({ 'content-type': 'text/plain' })
    const { headers } = await prepared({ clientHeaders, translated: true })
    expect(headers.get('content-type')).toBe('application/json')
  })
})

describe('What is added', () => {
  test('Are a version and a name where the client has none, and the headers of the settings', async () => {
    const { headers } = await prepared({}, { headers: { 'x-team': 'a' } })
    expect(Object.fromEntries(headers)).toEqual({
      ...{ 'anthropic-version': '2023-06-01', 'user-agent': 'ccproxy/1.0.0', 'x-team': 'a' },
      'x-api-key': 'sk-ant-api03-ours',
    })
    const clientHeaders = new Headers({ 'anthropic-version': '2024-01-01', 'user-agent': 'own' })
    const own = (await prepared({ clientHeaders })).headers
    expect([own.get('anthropic-version'), own.get('user-agent')]).toEqual(['2024-01-01', 'own'])
  })

  test('Are betas that a translation needs, beside the client’s, each once', async () => {
    const clientHeaders = new Headers({ 'anthropic-beta': 'a-1,b-2' })
    const { headers } = await prepared({ clientHeaders, betas: ['b-2', 'c-3'] })
    expect(headers.get('anthropic-beta')?.split(/, ?/)).toEqual(['a-1', 'b-2', 'c-3'])
  })
})

describe('The credential', () => {
  const oat = { headers: { authorization: 'Bearer sk-ant-oat01-x' }, kind: 'oat' } as const
  const login: TokenSource = {
    kind: 'plan-login',
    state: async () => ({
      ...{ kind: 'ready', source: '/f', plan: 'max', scopes: [], expiresAt: Number.MAX_VALUE },
    }),
    token: async () => new Secret('sk-ant-oat01-ours'),
    rejected: async () => undefined,
  }
  const plan = {
    credentials: { provider: 'anthropic', logins: [login], loopbackOnly: true },
  } as const

  test('Wins over what the settings’ headers say', async () => {
    const { headers } = await prepared({}, { headers: { 'x-api-key': 'of-the-settings' } })
    expect(headers.get('x-api-key')).toBe('sk-ant-api03-ours')
  })

  test('Of a client’s own plan login goes up as it came, and is told from money spent', async () => {
    const body = new TextEncoder().encode('{"model":"m","messages":[]}')
    const own = await prepared({ clientCredential: oat, body })
    expect(own.headers.get('authorization')).toBe('Bearer sk-ant-oat01-x')
    expect(own.headers.has('x-api-key')).toBe(false)
    expect(own.headers.has('anthropic-beta')).toBe(false)
    expect(own.body).toBe(body)
    expect(own.planLogin).toBe(true)
    expect((await prepared({ body })).planLogin).toBe(false)
  })

  test('Of our own plan login brings its betas, and the identity in the body of Messages only', async () => {
    const body = new TextEncoder().encode('{"model":"m","messages":[]}')
    for (const path of ['/v1/messages', '/v1/messages?beta=true', '/v1/messages/count_tokens']) {
      const sent = await prepared({ path, body }, plan)
      expect(sent.headers.get('anthropic-beta')).toContain('oauth-2025-04-20')
      expect(sent.headers.get('authorization')).toBe('Bearer sk-ant-oat01-ours')
      expect(await new Response(sent.body).text()).toContain('Claude Code')
      expect(sent.planLogin).toBe(true)
    }
    for (const path of ['/v1/messages/batches', '/v1/files', '/v1/messages_of_others']) {
      expect((await prepared({ path, body }, plan)).body).toBe(body)
    }
  })

  test('Of our own plan login serves the full mode only', async () => {
    for (const mode of ['minimal', 'passthrough'] as const) {
      await expect((async () => prepared({ mode }, plan))()).rejects.toThrow(
        'only authorized for use with Claude Code',
      )
    }
  })

  test('Is tried once more after a 401 where there is another, never with a body that is gone', async () => {
    const fresh = { ...login, rejected: async () => new Secret('sk-ant-oat01-fresh') }
    const settings = { credentials: { ...plan.credentials, logins: [fresh] } }
    const first = await prepared({}, settings)
    const second = await first.retry?.(401)
    expect(second?.headers.get('authorization')).toBe('Bearer sk-ant-oat01-fresh')
    expect(await second?.retry?.(401)).toBeUndefined()
    expect(await first.retry?.(403)).toBeUndefined()
    const streamed = await prepared({ path: '/v1/files', body: new ReadableStream() }, settings)
    expect(await streamed.retry?.(401)).toBeUndefined()
  })
})

test('A base URL may end in a slash or in /v1', async () => {
  const url = async (baseUrl: string, path = '/v1/messages?beta=true') =>
    (await prepared({ path }, { baseUrl })).url
  for (const base of ['https://a.example', 'https://a.example/', 'https://a.example/v1/']) {
    expect(await url(base)).toBe('https://a.example/v1/messages?beta=true')
  }
  expect(await url('https://a.example/anthropic')).toBe(
    'https://a.example/anthropic/v1/messages?beta=true',
  )
  expect((await prepared()).url).toBe('https://api.anthropic.com/v1/messages')
})
