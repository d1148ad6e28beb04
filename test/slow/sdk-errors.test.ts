import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { cutStream, midStreamError } from '../support/fake-fault.ts'
import {
  apiError,
  asJson,
  chunk,
  frame,
  messageEvents,
  type Reply,
  streamHead,
  text,
} from '../support/fake-reply.ts'
import { SDK_TEST_MS, type Sdk, startSdk } from '../support/sdk.ts'
import { sleep } from '../support/wait.ts'

const model = 'claude-sonnet-4-6'
const messages = [{ role: 'user' as const, content: 'Hello' }]
const hello = { model, max_tokens: 500, messages }

let sdk: Sdk

function anthropic(): Anthropic {
  return new Anthropic({ baseURL: `${sdk.proxy.url}/sdk`, apiKey: 'a-key', maxRetries: 0 })
}

function openai(): OpenAI {
  return new OpenAI({ baseURL: `${sdk.proxy.url}/sdk/v1`, apiKey: 'a-key', maxRetries: 0 })
}

const cutInSecondBlock: Reply = async (exchange, context) => {
  await exchange.request.complete
  await exchange.write(streamHead())
  const events = messageEvents([{ text: 'First' }, { text: 'Second' }], {}, context)
  for (const event of events.slice(0, -4)) await exchange.write(chunk(frame(event)))
  await sleep(50)
  exchange.finish()
  exchange.socket.destroy()
}

/** The same request in all ways to ask it. */
const WAYS = {
  message: () => anthropic().messages.create(hello),
  'message stream': () => anthropic().messages.stream(hello).finalMessage(),
  chat: () => openai().chat.completions.create({ model, messages }),
  'chat stream': () => openai().chat.completions.stream({ model, messages }).finalChatCompletion(),
  response: () => openai().responses.create({ model, input: 'Hello' }),
  'response stream': () => openai().responses.stream({ model, input: 'Hello' }).finalResponse(),
}

/** What a request fails with, in the words of its client. */
async function failure(ask: () => Promise<unknown>): Promise<Record<string, unknown>> {
  const thrown = await ask().then(
    () => new Error('It did not fail'),
    (error: unknown) => error,
  )
  const { status, error } = asJson(thrown)
  const body = asJson(error)
  const told = asJson(body.error ?? body)
  return { status, type: told.type, message: told.message ?? String(thrown) }
}

beforeAll(async () => {
  sdk = await startSdk()
}, SDK_TEST_MS)

afterAll(() => sdk.stop())

beforeEach(() => sdk.fake.forget())

describe('a refusal by the API keeps its status, its type and its words', () => {
  test.each([
    [401, 'authentication_error', 'invalid x-api-key', /credential was refused/],
    [404, 'not_found_error', `model: ${model}`, /model/],
    [429, 'rate_limit_error', 'Slow down', /Slow down|Rate limited/],
    [529, 'overloaded_error', 'Overloaded', /Overloaded/],
  ])(
    '%d %s',
    async (status, type, said, words) => {
      sdk.fake.otherwise(() => apiError(status, type, said))
      const failures = await Promise.all(Object.values(WAYS).map(failure))
      for (const [at, way] of Object.keys(WAYS).entries()) {
        const { message: told, ...rest } = failures[at] ?? {}
        expect(rest.status).toBe(status)
        if (way.startsWith('message')) expect(rest.type).toBe(type)
        else expect(rest.type).toBeString()
        expect(String(told)).toMatch(words)
      }
    },
    SDK_TEST_MS,
  )

  test(
    '400',
    async () => {
      sdk.fake.otherwise(() => apiError(400, 'invalid_request_error', 'temperature: too hot'))
      const told = await failure(WAYS.message)
      expect(told).toMatchObject({ status: 400, type: 'invalid_request_error' })
      expect(told.message).toContain('temperature: too hot')
      expect(await failure(WAYS.chat)).toMatchObject({ status: 400, type: 'invalid_request_error' })
    },
    SDK_TEST_MS,
  )
})

describe('an answer that breaks off', () => {
  beforeEach(() => sdk.fake.otherwise(() => undefined))

  test(
    'by an error event ends the stream with that error',
    async () => {
      sdk.fake.otherwise(() => midStreamError('overloaded_error', 'Overloaded now'))
      const events = await anthropic().messages.create({ ...hello, stream: true })
      let seen = ''
      const thrown = await (async () => {
        for await (const event of events) {
          if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
            seen += event.delta.text
          }
        }
      })().catch((error: unknown) => error)
      expect(seen).toBe('Half an ans')
      expect(asJson(thrown).error).toMatchObject({
        ...{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded now' } },
      })
      expect(await failure(WAYS.message)).toMatchObject({ status: 529, type: 'overloaded_error' })
      expect((await failure(WAYS['chat stream'])).message).toContain('Overloaded now')
      expect(await WAYS['response stream']()).toMatchObject({
        ...{ status: 'failed', error: { message: 'Overloaded now' } },
      })
    },
    SDK_TEST_MS,
  )

  test(
    'by a cut connection is no whole answer',
    async () => {
      sdk.fake.otherwise(() => cutStream('after-frame'))
      const told = await failure(WAYS['message stream'])
      expect(told.type).toBe('api_error')
      expect(String(told.message)).not.toContain('did not fail')
    },
    SDK_TEST_MS,
  )

  test(
    'after a finished block is not told twice',
    async () => {
      sdk.fake.reply(cutInSecondBlock, text('NEVER'))
      const told = await failure(WAYS['message stream'])
      expect(told).toMatchObject({ type: 'api_error' })
      expect(told.message).toContain('broke off')
    },
    SDK_TEST_MS,
  )
})
