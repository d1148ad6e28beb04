import { expect, test } from 'bun:test'
import { Secret } from '../../src/kit/secret.ts'
import { createOpenAiProvider } from '../../src/provider/openai.ts'

function provider(baseUrl: string) {
  return createOpenAiProvider({
    name: 'gateway',
    baseUrl,
    credential: 'api-key',
    credentials: { provider: 'gateway', apiKey: new Secret('sk-test'), loopbackOnly: true },
    identity: 'none',
    headers: {},
    version: '1.0.0',
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
