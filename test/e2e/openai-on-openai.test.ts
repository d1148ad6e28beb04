import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { isRecord } from '../../src/kit/json.ts'
import type { Ccproxy } from '../support/ccproxy.ts'
import { pieces } from '../support/fake-fault.ts'
import {
  type FakeOpenai,
  OPENAI_KEY,
  OPENAI_MODELS,
  startFakeOpenai,
} from '../support/fake-openai.ts'
import { completion, openaiError, says } from '../support/fake-openai-reply.ts'
import { startOpenaiProxy } from '../support/openai-proxy.ts'
import { startTee, type Tee } from '../support/tee.ts'

const CLIENT_TOKEN = 'client-token-for-openai-0002'
const model = 'gpt-5.5'
const user = { role: 'user' as const, content: 'Hello — “ünïcode” 🙂' }
const parameters = { type: 'object', properties: { city: { type: 'string' } } }
const weather = { type: 'function' as const, function: { name: 'get_weather', parameters } }

let fake: FakeOpenai
let proxy: Ccproxy
let tee: Tee
let before = 0

function client(mode = '', maxRetries = 0): OpenAI {
  return new OpenAI({ baseURL: `${tee.url}${mode}/v1`, apiKey: CLIENT_TOKEN, maxRetries })
}

beforeAll(async () => {
  fake = await startFakeOpenai({ forbidden: [CLIENT_TOKEN] })
  proxy = await startOpenaiProxy(fake, CLIENT_TOKEN)
  tee = await startTee(proxy.port)
})

afterAll(async () => {
  tee.close()
  await proxy.stop()
  await fake.close()
})

beforeEach(() => {
  fake.forget()
  before = fake.requests.length
})

/** The upstream's last request, which the client must have sent with these very bytes. */
function expectSameBytesUp(): void {
  const request = fake.requests[before]
  if (request === undefined) throw new Error('No request reached the upstream')
  expect(tee.sent().some((bytes) => bytes.includes(request.body))).toBe(true)
  expect(request.header('authorization')).toBe(`Bearer ${OPENAI_KEY}`)
}

test('An OpenAI upstream whose protocol nobody set is spoken to as fits the client and the model', async () => {
  const openai = client('/to/either')
  const anthropic = new Anthropic({
    ...{ baseURL: `${tee.url}/to/either`, apiKey: CLIENT_TOKEN, maxRetries: 0 },
  })
  const ask = (name: string) =>
    anthropic.messages.create({ model: name, max_tokens: 99, messages: [user] })
  fake.reply(says('1'), says('2'), says('3'), says('4'))
  await openai.chat.completions.create({ model, messages: [user] })
  await openai.responses.create({ model, input: 'Hi' })
  await ask(model)
  await ask('gpt-4.1')
  const paths = fake.requests.slice(before).map(({ path }) => path)
  const [chat, responses] = ['/v1/chat/completions', '/v1/responses']
  expect(paths).toEqual([chat, responses, responses, chat])
  const kept = await fetch(`${proxy.url}/logs/query?provider=either&order=asc`, {
    headers: { 'x-api-key': CLIENT_TOKEN },
  })
  expect(await kept.json()).toMatchObject({
    rows: [{ wire: 'chat' }, { wire: 'responses' }, { wire: 'responses' }, { wire: 'chat' }],
  })
})

test('A reminder that is over does not count for an OpenAI upstream, a tool that was added does', async () => {
  const count = async (...system: object[]) => {
    const reply = await fetch(`${proxy.url}/v1/messages/count_tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': CLIENT_TOKEN },
      body: JSON.stringify({ model, messages: [user, ...system, user] }),
    })
    const counted: unknown = await reply.json()
    return isRecord(counted) ? Number(counted.input_tokens) : Number.NaN
  }
  const definition = { name: 'look', description: 'Looks '.repeat(50), input_schema: parameters }
  const addition = { type: 'tool_addition', tool: { type: 'tool_definition', definition } }
  const reminder = { role: 'system', content: 'Remember '.repeat(50) }
  const plain = await count({ role: 'system', content: [] })
  expect(await count({ ...reminder, clear_at: 'next_user_message' })).toBe(plain)
  expect(await count(reminder)).toBeGreaterThan(plain + 40)
  expect(await count({ role: 'system', content: [addition] })).toBeGreaterThan(plain + 40)
})

describe('the OpenAI SDK on an OpenAI upstream', () => {
  const calls = completion(
    [
      { reasoning: 'Both.' },
      { text: 'I look — 世界 🙂' },
      { tool: 'get_weather', input: { city: 'Rom' } },
      { tool: 'get_weather', input: { city: 'Köln' } },
    ],
    { interleave: true },
  )

  test('passes a chat request with fields that only OpenAI has up byte for byte', async () => {
    fake.reply(calls)
    const reply = await client()
      .chat.completions.stream({
        ...{ model, messages: [user], tools: [weather], seed: 7, verbosity: 'low' },
        ...{ reasoning_effort: 'minimal', logit_bias: { 50256: -100 } },
      })
      .finalChatCompletion()
    expect(reply.choices[0]?.message.tool_calls?.length).toBe(2)
    expectSameBytesUp()
  })

  test('brings odd events down to the byte', async () => {
    const odd = [
      ': OPENROUTER PROCESSING\n\n',
      'data: {"id":"a",  "choices":[{"index":0,"delta":{"content":"\\u00e9","odd":1.0}}]}\r\n\r\n',
      'data:{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"big":12345678901234567890}\n\n',
      'data: [DONE]\n\n',
    ]
    fake.reply(pieces(odd))
    const reply = await fetch(`${proxy.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [user], stream: true }),
    })
    expect(await reply.text()).toBe(odd.join(''))
  })

  test('passes a chat request up byte for byte, its JSON and headers down', async () => {
    fake.reply(says('Whole.'))
    const call = client().chat.completions.create({ model, messages: [user] })
    const { data, response } = await call.withResponse()
    expect(data.choices[0]?.message.content).toBe('Whole.')
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('9999')
    expect(response.headers.get('x-ccproxy-notes')).toBeNull()
    expectSameBytesUp()
  })

  test('parses structured output', async () => {
    fake.reply(says('{"city":"Rom"}'))
    const reply = await client().chat.completions.parse({
      ...{ model, messages: [user] },
      response_format: zodResponseFormat(z.object({ city: z.string() }), 'city'),
    })
    expect(reply.choices[0]?.message.parsed).toEqual({ city: 'Rom' })
    expectSameBytesUp()
  })

  test('passes responses both ways, reasoning replayed', async () => {
    fake.reply(calls)
    const options = {
      ...{ model, store: false, include: ['reasoning.encrypted_content' as const] },
      tools: [{ type: 'function' as const, name: 'get_weather', parameters, strict: false }],
    }
    const input: OpenAI.Responses.ResponseInputItem[] = [user]
    const events = await client('/to/responses').responses.create({
      ...{ ...options, input, stream: true },
    })
    const outputs: OpenAI.Responses.ResponseInputItem[] = []
    for await (const event of events) {
      if (event.type !== 'response.output_item.done') continue
      const { item } = event
      if (item.type === 'reasoning' || item.type === 'message') input.push(item)
      if (item.type !== 'function_call') continue
      input.push(item)
      outputs.push({ type: 'function_call_output', call_id: item.call_id, output: 'Sun' })
    }
    expectSameBytesUp()
    const reply = await client('/to/responses').responses.create({
      ...{ ...options, input: [...input, ...outputs] },
    })
    expect(reply.output_text).toBe('Hello from the fake.')
    expect(outputs.length).toBe(2)
  })

  test('passes errors unchanged and retries as they say', async () => {
    const slow = { message: 'Slow down', type: 'tokens', code: 'rate_limit_exceeded' }
    fake.reply(openaiError(429, slow, { 'retry-after-ms': '10' }), says('Second time.'))
    const reply = await client('', 1).chat.completions.create({ model, messages: [user] })
    expect(reply.choices[0]?.message.content).toBe('Second time.')
    expect(fake.requests.length - before).toBe(2)
    fake.reply(openaiError(429, slow))
    const error = await thrown(client().chat.completions.create({ model, messages: [user] }))
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(error).toMatchObject({ code: 'rate_limit_exceeded', type: 'tokens' })
    const headers = error instanceof OpenAI.RateLimitError ? error.headers : undefined
    expect(headers?.get('request-id')).toBe('req_openai_fake_0001')
  })

  test('throws for an error inside a stream', async () => {
    fake.reply(says('never whole', { end: { after: 2, how: 'error' } }))
    const run = client().chat.completions.stream({ model, messages: [user] })
    const error = await thrown(run.finalChatCompletion())
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(String(error)).toContain('The server had an error')
  })

  test('lists the models of the upstream', async () => {
    const ids: string[] = []
    for await (const entry of client('/to/chat').models.list()) ids.push(entry.id)
    for (const id of OPENAI_MODELS) expect(ids.some((listed) => listed.endsWith(id))).toBe(true)
  })
})

describe('the OpenAI SDK across the two wires', () => {
  for (const stream of [false, true]) {
    const how = stream ? 'streamed' : 'whole'

    test(`gets Responses from a Chat upstream (${how})`, async () => {
      fake.reply(completion([{ text: 'I look.' }, { tool: 'get_weather', input: { city: 'Rom' } }]))
      const options = {
        ...{ model, input: 'Weather?', max_output_tokens: 777 },
        tools: [{ type: 'function' as const, name: 'get_weather', parameters, strict: false }],
      }
      const { responses } = client()
      const reply = stream
        ? await responses.stream(options).finalResponse()
        : await responses.create(options)
      expect(reply.output_text).toBe('I look.')
      expect(reply.output.at(-1)).toMatchObject({
        ...{ type: 'function_call', name: 'get_weather', arguments: '{"city":"Rom"}' },
      })
      expect(reply.usage).toMatchObject({ input_tokens: 100, output_tokens: 50 })
      expect(fake.requests[before]?.path).toBe('/v1/chat/completions')
      expect(fake.bodies(before)[0]).toMatchObject({ max_completion_tokens: 777 })
    })

    test(`gets Chat Completions from a Responses upstream (${how})`, async () => {
      fake.reply(
        completion([
          { reasoning: 'Rom.' },
          { text: 'I look.' },
          { tool: 'get_weather', input: { city: 'Rom' } },
        ]),
      )
      const options = { model, messages: [user], tools: [weather] }
      const { completions } = client('/to/responses').chat
      const reply = stream
        ? await completions
            .stream({ ...options, stream_options: { include_usage: true } })
            .finalChatCompletion()
        : await completions.create(options)
      expect(reply.choices[0]).toMatchObject({
        finish_reason: 'tool_calls',
        message: {
          content: 'I look.',
          tool_calls: [{ function: { arguments: '{"city":"Rom"}' } }],
        },
      })
      expect(reply.usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 50 })
      expect(fake.requests[before]?.path).toBe('/v1/responses')
    })
  }
})

test('nothing that reached OpenAI was refused', () => {
  expect(fake.violations).toEqual([])
})

function thrown(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  )
}
