import { expect, test } from 'bun:test'
import { Secret } from '../../src/kit/secret.ts'
import { createOpenAiProvider } from '../../src/provider/openai.ts'
import type { ProviderOptions } from '../../src/provider/provider.ts'

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

async function prepared(baseUrl: string, path: string) {
  const made = provider(baseUrl)
  const call = {
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
  } as const
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
