import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../src/kit/error.ts'
import { Secret } from '../../src/kit/secret.ts'
import { createOpenAiProvider } from '../../src/provider/openai.ts'
import type { ProviderOptions, UpstreamCall } from '../../src/provider/provider.ts'

function provider(baseUrl: string, settings: Partial<ProviderOptions> = {}) {
  return createOpenAiProvider({
    name: 'gateway',
    baseUrl,
    credential: 'api-key',
    credentials: { provider: 'gateway', apiKey: new Secret('sk-test'), loopbackOnly: true },
    identity: 'none',
    headers: {},
    version: '1.0.0',
    ...settings,
  })
}

function callTo(path: string): UpstreamCall {
  return {
    mode: 'full',
    method: 'POST',
    path,
    clientHeaders: new Headers(),
    body: undefined,
    clientCredential: undefined,
    callerKey: undefined,
    translated: true,
    betas: [],
    session: undefined,
    client: undefined,
  }
}

async function prepared(baseUrl: string, path: string) {
  const made = provider(baseUrl)
  const call = callTo(path)
  const first = await made.prepare(call)
  // What was worked out for the first call is kept for the second.
  expect((await made.prepare(call)).url).toBe(first.url)
  return first
}

test('What an upstream taught of a model counts at once, for that model only', () => {
  const gateway = provider('https://gateway.example/v1')
  const before = gateway.profile?.('some-model')
  expect(before?.max_tokens_field).toBe('max_tokens')
  gateway.learn?.('some-model', { max_tokens_field: 'max_completion_tokens' })
  expect(gateway.profile?.('some-model').max_tokens_field).toBe('max_completion_tokens')
  expect(gateway.profile?.('other-model')).toEqual(before!)
})

test('A profile bears the name of its upstream, so that what one thought does not go to another', () => {
  const settings = { profile: 'openai' }
  const one = provider('https://one.example/v1', { name: 'one', ...settings }).profile?.('gpt-5.5')
  const two = provider('https://two.example/v1', { name: 'two', ...settings }).profile?.('gpt-5.5')
  expect([one?.name, two?.name]).toEqual(['one', 'two'])
  expect({ ...one, name: '' }).toEqual({ ...two, name: '' } as never)
})

test('Each path has its own URL, with the query of the base', async () => {
  const base = 'https://gateway.example/v1?v=1'
  const chat = await prepared(base, '/v1/chat/completions')
  expect(chat.url).toBe('https://gateway.example/v1/chat/completions?v=1')
  const responses = await prepared(base, '/v1/responses')
  expect(responses.url).toBe('https://gateway.example/v1/responses?v=1')
})

test('Azure gets its own key header, everyone else a bearer', async () => {
  const azure = await prepared('https://mine.openai.azure.com/openai/v1', '/v1/responses')
  expect(azure.headers.get('api-key')).toBe('sk-test')
  expect(azure.headers.has('authorization')).toBe(false)
  const other = await prepared('https://gateway.example', '/v1/responses')
  expect(other.headers.get('authorization')).toBe('Bearer sk-test')
})

const GATEWAY = 'https://gateway.example/v1'

/** The headers that go up for a client's. */
async function sent(
  headers: Record<string, string>,
  settings: Partial<ProviderOptions> = {},
  more: Partial<UpstreamCall> = {},
): Promise<Headers> {
  const call = { ...callTo('/v1/chat/completions'), clientHeaders: new Headers(headers), ...more }
  return (await provider(GATEWAY, settings).prepare(call)).headers
}

describe('The key that goes up', () => {
  const callerKey = new Secret('caller')
  const noKey = { credentials: { provider: 'gateway', apiKey: undefined, loopbackOnly: true } }
  const key = async (settings: Partial<ProviderOptions>, caller: Secret | undefined = callerKey) =>
    (await sent({}, settings, { callerKey: caller })).get('authorization')

  test("Is the upstream's own, or the caller's where it has none", async () => {
    expect(await key({ credential: 'auto' })).toBe('Bearer sk-test')
    expect(await key({ credential: 'auto', ...noKey })).toBe('Bearer caller')
    expect(await key({ credential: 'client' })).toBe('Bearer caller')
    expect(await key({ credential: 'auto', ...noKey }, new Secret('sk-ant-api03-x'))).toBe(
      'Bearer sk-ant-api03-x',
    )
  })

  test("Is never the caller's where the settings ask for the own one", async () => {
    expect(await key({ credential: 'api-key' })).toBe('Bearer sk-test')
    expect(await key({ credential: 'api-key', ...noKey })).toBeNull()
  })

  test('Is never a plan login', async () => {
    const plan = key({ credential: 'client' }, new Secret('sk-ant-oat01-x'))
    await expect(plan).rejects.toThrow(ProxyError)
    await expect(plan).rejects.toThrow('A plan login\'s token is not sent to upstream "gateway"')
  })

  test('Wins over what the client or the settings say of it', async () => {
    const own = { authorization: 'Bearer of-the-client', 'x-api-key': 'x', 'api-key': 'y' }
    const headers = await sent(own, { headers: { authorization: 'Bearer of-the-settings' } })
    expect(headers.get('authorization')).toBe('Bearer sk-test')
    expect(headers.has('x-api-key')).toBe(false)
    expect(headers.has('api-key')).toBe(false)
  })
})

describe('The headers that go up', () => {
  const common = { accept: 'a', 'idempotency-key': 'i', traceparent: 't', tracestate: 's' }
  const own = {
    ...{ 'openai-organization': 'o', 'openai-project': 'p', 'openai-beta': 'b', originator: 'r' },
    ...{ 'session-id': 's', 'thread-id': 't', 'x-client-request-id': 'c' },
    ...{ 'x-stainless-lang': 'js', 'x-codex-turn': '1' },
  }
  const foreign = {
    ...{ cookie: 'c', 'x-forwarded-for': '10.0.0.1', 'x-odd': 'o', origin: 'https://a.example' },
    ...{ 'anthropic-beta': 'b', 'anthropic-version': 'v', 'x-api-key': 'k' },
  }
  const all = { 'content-type': 'application/json', ...common, ...own, ...foreign }
  const basics = ['authorization', 'content-type', 'user-agent', ...Object.keys(common)]

  test("Are what everyone's and OpenAI's own clients send", async () => {
    const headers = await sent(all, {}, { translated: false })
    expect([...headers.keys()].sort()).toEqual([...basics, ...Object.keys(own)].sort())
  })

  test('Are fewer from a client of another protocol: its JSON is ours', async () => {
    const headers = await sent({ ...all, 'content-type': 'application/json; charset=utf-8' })
    expect([...headers.keys()].sort()).toEqual(basics.sort())
    expect(headers.get('content-type')).toBe('application/json')
  })

  test('Name us where the client names nobody, and have those of the settings', async () => {
    expect((await sent({})).get('user-agent')).toBe('ccproxy/1.0.0')
    expect((await sent({ 'user-agent': 'own' })).get('user-agent')).toBe('own')
    expect((await sent({}, { headers: { 'x-team': 'a' } })).get('x-team')).toBe('a')
  })
})

test('A base URL may be a host, a base, or that of an endpoint', async () => {
  const chat = async (base: string, path = '/v1/chat/completions') =>
    (await prepared(base, path)).url
  expect(await chat('https://a.example')).toBe('https://a.example/v1/chat/completions')
  expect(await chat('https://a.example/')).toBe('https://a.example/v1/chat/completions')
  expect(await chat('https://a.example/api/v2/')).toBe('https://a.example/api/v2/chat/completions')
  expect(await chat('https://a.example/v1/responses')).toBe('https://a.example/v1/chat/completions')
  expect(await chat('https://a.example/v1/chat/completions')).toBe(
    'https://a.example/v1/chat/completions',
  )
  expect(await chat('https://a.example/v1?k=1', '/v1/models?limit=2')).toBe(
    'https://a.example/v1/models?k=1&limit=2',
  )
})

/** What a Messages client, a Chat one and a Responses one are served in. */
function wires(baseUrl: string, settings: Partial<ProviderOptions> = {}, model = 'gpt-5.5') {
  const made = provider(baseUrl, settings)
  return (['messages', 'chat', 'responses'] as const).map((name) => made.wireFor?.(name, model))
}

test('OpenAI serves its own clients in their protocol, and others where a model hands back what it thinks', () => {
  const own = ['responses', 'chat', 'responses'] as const
  expect(wires('https://api.openai.com/v1')).toEqual([...own])
  expect(wires('https://mine.openai.azure.com/openai/v1')).toEqual([...own])
  expect(wires('http://127.0.0.1:1/v1', { profile: 'openai' })).toEqual([...own])
  expect(wires('https://api.openai.com/v1', {}, 'gpt-4.1')).toEqual(['chat', 'chat', 'responses'])
})

test('A protocol that the settings or the base URL name serves everyone', () => {
  const all = (wire: string | undefined) => [wire, wire, wire] as never
  expect(wires('https://api.openai.com/v1', { wire: 'chat' })).toEqual(all('chat'))
  expect(wires('https://api.openai.com/v1', { wire: 'responses' })).toEqual(all('responses'))
  expect(wires('https://api.openai.com/v1/chat/completions')).toEqual(all('chat'))
  expect(wires('https://gateway.example/v1/responses?v=1')).toEqual(all('responses'))
  const deployment = 'https://mine.openai.azure.com/openai/deployments/gpt-5.5?api-version=1'
  expect(wires(deployment)).toEqual(all('chat'))
  expect(wires('https://gateway.example/v1')).toEqual(all('chat'))
})
