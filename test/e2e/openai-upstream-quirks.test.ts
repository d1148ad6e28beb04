import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { readSignature } from '../../src/protocol/messages/signature.ts'
import { recordsIn } from '../../src/protocol/value.ts'
import type { Ccproxy } from '../support/ccproxy.ts'
import { pieces } from '../support/fake-fault.ts'
import { type FakeOpenai, startFakeOpenai } from '../support/fake-openai.ts'
import {
  type CompletionOptions,
  completion,
  type OpenaiPart,
  openaiError,
  says,
  sendOpenaiJson,
  sendOpenaiText,
} from '../support/fake-openai-reply.ts'
import { asJson, type Reply } from '../support/fake-reply.ts'
import { startOpenaiProxy } from '../support/openai-proxy.ts'

const CLIENT_TOKEN = 'client-token-for-quirks-0007'
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const hello: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'claude-sonnet-5-5',
  max_tokens: 1000,
  messages: [{ role: 'user', content: 'Hello' }],
}

let fake: FakeOpenai
let proxy: Ccproxy
let before = 0

function client(wire: string, maxRetries = 0): Anthropic {
  return new Anthropic({ baseURL: `${proxy.url}/to/${wire}`, apiKey: CLIENT_TOKEN, maxRetries })
}

beforeAll(async () => {
  fake = await startFakeOpenai({ forbidden: [CLIENT_TOKEN] })
  proxy = await startOpenaiProxy(fake, CLIENT_TOKEN, {
    models: '"claude-haiku-*" = "gpt-4.1", "claude-opus-*" = "local-coder", "claude-*" = "gpt-5.5"',
  })
})

afterAll(async () => {
  await proxy.stop()
  await fake.close()
})

beforeEach(() => {
  fake.forget()
  before = fake.requests.length
})

const PARTS: OpenaiPart[] = [
  { reasoning: 'Think é 🙂.' },
  { text: 'Grüße, 世界 🙂', pieces: 6 },
  { tool: 'get_weather', input: { city: 'Köln "am" Rhein' }, id: 'call_a' },
  { tool: 'get_weather', input: {}, id: 'call_b' },
]
const EXPECTED = [
  { type: 'thinking', thinking: 'Think é 🙂.' },
  { type: 'text', text: 'Grüße, 世界 🙂' },
  { type: 'tool_use', id: 'call_a', name: 'get_weather', input: { city: 'Köln "am" Rhein' } },
  { type: 'tool_use', id: 'call_b', name: 'get_weather', input: {} },
]
const USAGE = { input_tokens: 70, cache_read_input_tokens: 30, output_tokens: 50 }

const QUIRKS: [what: string, wire: string, options: CompletionOptions, usage: object][] = [
  ['usage in the last chunk', 'chat', { usage: 'last' }, USAGE],
  ['usage with the finish', 'chat', { usage: 'finish' }, USAGE],
  ['usage in every chunk', 'chat', { usage: 'every' }, USAGE],
  ['no [DONE]', 'chat', { done: false }, USAGE],
  ['calls that take turns', 'chat', { interleave: true }, USAGE],
  ['reasoning by its other name', 'chat', { reasoningField: 'reasoning' }, USAGE],
  ['a finish of stop in spite of calls', 'chat', { finish: 'stop' }, USAGE],
  ['JSON whatever was asked', 'chat', { form: 'json' }, USAGE],
  ['events whatever was asked', 'chat', { form: 'sse', usage: 'finish' }, USAGE],
  ['a long silence', 'chat', { stallBefore: 400, pace: 20 }, USAGE],
  ['nothing odd', 'responses', {}, USAGE],
  ['items that take turns', 'responses', { interleave: true }, USAGE],
  ['JSON whatever was asked', 'responses', { form: 'json' }, USAGE],
  ['events whatever was asked', 'responses', { form: 'sse' }, USAGE],
]

describe('the Anthropic SDK gets the same message', () => {
  for (const [what, wire, options, usage] of QUIRKS) {
    for (const how of ['streamed', 'whole']) {
      test(`from a ${wire} upstream with ${what} (${how})`, async () => {
        fake.reply(completion(PARTS, options))
        const { messages } = client(wire)
        const reply =
          how === 'streamed'
            ? await messages.stream(hello).finalMessage()
            : await messages.create(hello)
        expect(reply.content).toMatchObject(EXPECTED)
        expect(reply).toMatchObject({ stop_reason: 'tool_use', model: hello.model, usage })
      })
    }
  }
})

const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`
const cited = { type: 'url_citation', start_index: 0, end_index: 2, url: 'https://a.b', title: 'A' }
const RESPONSE = {
  ...{ id: 'resp_1', object: 'response', status: 'completed', error: null },
  output: [
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAsecret' },
    {
      ...{ type: 'web_search_call', id: 'ws_1', status: 'completed' },
      action: { type: 'search', query: 'a', sources: [{ type: 'url', url: 'https://a.b' }] },
    },
    {
      ...{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed' },
      content: [{ type: 'output_text', text: 'Hi', annotations: [cited] }],
    },
  ],
  usage: { input_tokens: 9, output_tokens: 4, total_tokens: 13 },
}
const MESSAGE = {
  ...{ role: 'assistant', content: 'Hi', reasoning_content: 'Hm.' },
  annotations: [{ type: 'url_citation', url_citation: cited }],
}
const CHAT = (key: 'message' | 'delta') => ({
  ...{ id: 'c1', object: 'chat.completion', model: 'up' },
  choices: [{ index: 0, [key]: MESSAGE, finish_reason: 'stop', stop_reason: 'END' }],
  usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
})
const FORMS: Readonly<Record<string, { json: object; sse: string[] }>> = {
  chat: { json: CHAT('message'), sse: [data(CHAT('delta')), 'data: [DONE]\n\n'] },
  responses: {
    json: RESPONSE,
    sse: [data({ type: 'response.completed', response: RESPONSE })],
  },
}

/** The SDK's streams add a field of their own. */
function withoutParsed(key: string, value: unknown): unknown {
  return key === 'parsed_output' ? undefined : value
}

describe('the Anthropic SDK gets the very same message', () => {
  for (const [wire, { json, sse }] of Object.entries(FORMS)) {
    test(`from a ${wire} upstream, whatever form was asked for and came`, async () => {
      const ask = { ...hello, stop_sequences: ['END'] }
      const said: object[] = []
      for (const form of ['json', 'sse']) {
        for (const stream of [false, true]) {
          fake.reply(
            form === 'sse'
              ? pieces(sse)
              : (exchange) => sendOpenaiJson(exchange, 200, asJson(json)),
          )
          const { messages } = client(wire)
          const reply = stream ? messages.stream(ask).finalMessage() : messages.create(ask)
          const { id: _id, stop_details: _details, ...message } = await reply
          said.push(asJson(JSON.parse(JSON.stringify(message, withoutParsed))))
        }
      }
      const [first, ...others] = said
      for (const other of others) expect(other).toMatchObject(asJson(first))
      expect(first).toMatchObject(
        wire === 'chat'
          ? { stop_reason: 'stop_sequence', stop_sequence: 'END', content: { length: 2 } }
          : { content: { length: 4 } },
      )
      expect(JSON.stringify(first)).toContain('https://a.b')
      const [thought] = recordsIn(asJson(first).content)
      const own = readSignature(thought?.signature)
      expect(own?.encrypted_content).toBe(wire === 'chat' ? undefined : 'gAAAAsecret')
    })
  }
})

describe('the Anthropic SDK understands an upstream', () => {
  const ways = [true, false]
  const ask = (wire: string, stream: boolean) => {
    const { messages } = client(wire)
    return stream ? messages.stream(hello).finalMessage() : messages.create(hello)
  }
  const sends =
    (status: number, body: string, type = 'text/event-stream'): Reply =>
    (exchange) =>
      sendOpenaiText(exchange, status, body, type)

  test('that calls JSON a stream', async () => {
    for (const [wire, { json }] of Object.entries(FORMS)) {
      for (const stream of ways) {
        fake.reply(sends(200, JSON.stringify(json)), sends(200, '{"error":{"message":"No more"}}'))
        const reply = await ask(wire, stream)
        expect(reply.content.at(-1)).toMatchObject({ type: 'text', text: 'Hi' })
        const error: unknown = await ask(wire, stream).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ status: 500 })
        expect(String(error)).toContain('No more')
      }
    }
  })

  test('that writes a refusal as an event', async () => {
    const body =
      'id:1\nevent:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling","message":"Slow"}\n\n'
    for (const stream of ways) {
      fake.reply(sends(429, body))
      const error: unknown = await ask('chat', stream).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(Anthropic.RateLimitError)
      expect(error).toMatchObject({ error: { error: { message: 'Slow' } } })
    }
  })
})

test('the Responses client of a Responses upstream gets its reasoning as it is, in any form', async () => {
  const openai = new OpenAI({ baseURL: `${proxy.url}/to/responses/v1`, apiKey: CLIENT_TOKEN })
  const ask = { model: 'gpt-5.5', input: 'Hi' }
  const { json, sse } = FORMS.responses ?? { json: {}, sse: [] }
  fake.reply((exchange) => sendOpenaiJson(exchange, 200, asJson(json)), pieces(sse))
  const streamed = await openai.responses.stream(ask).finalResponse()
  const whole = await openai.responses.create(ask)
  for (const { output } of [streamed, whole]) {
    expect(output[0]).toMatchObject({ type: 'reasoning', encrypted_content: 'gAAAAsecret' })
  }
})

test('the Chat client of a Chat upstream gets no signature that it never gave, in any form', async () => {
  const { json, sse } = FORMS.chat ?? { json: {}, sse: [] }
  const ask = { model: 'gpt-5.5', messages: [{ role: 'user', content: 'Hi' }] }
  const post = (stream: boolean) =>
    fetch(`${proxy.url}/to/chat/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${CLIENT_TOKEN}` },
      body: JSON.stringify({ ...ask, stream }),
    }).then((response) => response.text())
  fake.reply((exchange) => sendOpenaiJson(exchange, 200, asJson(json)), pieces(sse))
  for (const said of [await post(true), await post(false)]) {
    expect(said).toContain('"reasoning_content":"Hm."')
    expect(said).not.toContain('ccproxy.')
  }
})

test('reasoning that a Chat upstream tells twice comes once', async () => {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'a', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  // Another such proxy tells the text as it comes, and whole with its signature at the end.
  const detail = { type: 'reasoning.text', text: 'Think é.', signature: 'c2lnbmVk', index: 0 }
  fake.reply(
    pieces([
      chunk({ role: 'assistant', reasoning_content: 'Think' }),
      chunk({ reasoning_content: ' é.' }),
      chunk({ reasoning_details: [{ ...detail, format: 'anthropic-claude-v1' }] }),
      chunk({ content: 'Hello' }),
      chunk({}, 'stop'),
      'data: [DONE]\n\n',
    ]),
  )
  const reply = await client('chat').messages.stream(hello).finalMessage()
  expect(reply.content).toMatchObject([
    { type: 'thinking', thinking: 'Think é.' },
    { type: 'text', text: 'Hello' },
  ])
})

test('objects in a schema get their properties on both wires', async () => {
  const inner = { type: 'object' as const }
  const properties = { at: inner, list: { type: 'array', items: inner } }
  for (const wire of ['chat', 'responses']) {
    const reply = await client(wire).messages.create({
      ...hello,
      tools: [{ name: 'look', input_schema: { type: 'object', properties } }],
    })
    expect(reply.stop_reason).toBe('end_turn')
  }
})

const broken: [what: string, wire: string, options: CompletionOptions][] = [
  ['that is cut', 'chat', { end: { after: 3, how: 'close' } }],
  ['that is reset', 'chat', { end: { after: 3, how: 'reset' } }],
  ['that holds an error', 'chat', { end: { after: 3, how: 'error' } }],
  ['that is cut', 'responses', { end: { after: 6, how: 'close' } }],
  ['that is reset', 'responses', { end: { after: 6, how: 'reset' } }],
  ['that holds an error', 'responses', { end: { after: 6, how: 'error' } }],
]

describe('the Anthropic SDK is told of a stream', () => {
  for (const [what, wire, options] of broken) {
    test(`${what} on a ${wire} upstream`, async () => {
      fake.reply(says('Half an answer that never ends', options))
      const seen: string[] = []
      const run = client(wire).messages.stream(hello)
      run.on('streamEvent', (event) => void seen.push(event.type))
      const error: unknown = await run.finalMessage().catch((thrown: unknown) => thrown)
      // Whether the text had gone out before the end is a matter of milliseconds; that it fails is not.
      expect(error).toBeInstanceOf(Anthropic.APIError)
      expect(seen).not.toContain('message_stop')
      expect(seen).not.toContain('message_delta')
    })
  }

  test('that had not begun by the status of its error', async () => {
    fake.reply(says('never', { end: { after: 1, how: 'error' } }))
    const error: unknown = await client('responses')
      .messages.stream(hello)
      .finalMessage()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 500 })
  })
})

describe('the Anthropic SDK throws its class for', () => {
  const cases = [
    [400, 'invalid_request_error', Anthropic.BadRequestError],
    [401, 'authentication_error', Anthropic.AuthenticationError],
    [403, 'permission_error', Anthropic.PermissionDeniedError],
    [404, 'not_found_error', Anthropic.NotFoundError],
    [413, 'request_too_large', Anthropic.APIError],
    [429, 'rate_limit_error', Anthropic.RateLimitError],
    [500, 'api_error', Anthropic.InternalServerError],
    [529, 'overloaded_error', Anthropic.InternalServerError],
  ] as const
  for (const [status, type, Class] of cases) {
    test(`a ${status} of OpenAI, the message and the retry header kept`, async () => {
      const refusal = { message: `Because of ${status}`, type: 'whatever', code: 'odd' }
      fake.reply(openaiError(status, refusal, { 'retry-after': '7' }))
      const error: unknown = await client('chat')
        .messages.create(hello)
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(Class)
      expect(error).toMatchObject({ status, type })
      expect(String(error)).toContain(`Because of ${status}`)
      const headers = error instanceof Anthropic.APIError ? error.headers : undefined
      expect(headers?.get('retry-after')).toBe('7')
    })
  }

  test('a refusal that is no error', async () => {
    for (const wire of ['chat', 'responses']) {
      fake.reply(completion([{ refusal: 'I may not.' }]))
      const reply = await client(wire).messages.create(hello)
      expect(reply.stop_reason).toBe('refusal')
    }
  })

  test('an answer that met the limit, which is none either', async () => {
    for (const wire of ['chat', 'responses']) {
      fake.reply(says('Half an ans', { finish: 'length' }))
      const reply = await client(wire).messages.stream(hello).finalMessage()
      expect(reply.stop_reason).toBe('max_tokens')
    }
  })
})

describe('the Anthropic SDK is understood', () => {
  const pair = ['chat', 'responses']
  const rich: Anthropic.MessageCreateParamsNonStreaming = {
    ...hello,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    tools: [
      {
        ...{ name: 'look', description: 'Looks' },
        input_schema: { type: 'object', properties: { where: { type: 'string' } } },
      },
    ],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'toolu_1', name: 'look', input: { where: 'here' } },
        ],
      },
      {
        role: 'user',
        content: [
          {
            ...{ type: 'tool_result', tool_use_id: 'toolu_1', is_error: true },
            content: [
              { type: 'text', text: 'Too dark' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
            ],
          },
          { type: 'text', text: 'Again', cache_control: { type: 'ephemeral' } },
        ],
      },
    ],
  }

  for (const wire of pair) {
    for (const model of ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5-5']) {
      test(`with images, failed tools and cache marks by ${wire} for ${model}`, async () => {
        const reply = await client(wire).messages.create({ ...rich, model })
        expect(reply.content).toMatchObject([{ type: 'text', text: 'Hello from the fake.' }])
        const said = fake.requests[before]?.text ?? ''
        expect(said.split(`data:image/png;base64,${PNG}`).length).toBe(3)
        expect(said).toMatch(/Error[^"]*Too dark/)
        expect(asJson(fake.bodies(before)[0]).parallel_tool_calls).toBe(false)
      })
    }
  }

  test('with sampling, stops and a budget, as far as the model goes', async () => {
    const older = { ...hello, stop_sequences: ['END'], metadata: { user_id: 'u'.repeat(190) } }
    const { url } = proxy
    for (const [model, wire] of [
      ['claude-haiku-5-5', 'chat'],
      ['claude-sonnet-5-5', 'chat'],
      ['claude-sonnet-5-5', 'responses'],
    ]) {
      const reply = await fetch(`${url}/to/${wire}/v1/messages`, {
        method: 'POST',
        headers: {
          ...{ 'content-type': 'application/json', 'x-api-key': CLIENT_TOKEN },
          'anthropic-version': '2023-06-01',
        },
        body: JSON.stringify({
          ...{ ...older, model, temperature: 0.5, top_k: 5 },
          thinking: { type: 'enabled', budget_tokens: 1024 },
          max_tokens: 3000,
        }),
      })
      expect({ model, wire, status: reply.status }).toEqual({ model, wire, status: 200 })
      expect(reply.headers.get('x-ccproxy-notes')).toContain('top_k')
    }
    const [gpt4, gpt5] = fake.bodies(before)
    expect(gpt4).toMatchObject({ temperature: 0.5, stop: ['END'] })
    expect(gpt5).toMatchObject({ reasoning_effort: 'low' })
    expect(gpt5).not.toHaveProperty('temperature')
  })
})

test('nothing that reached OpenAI was refused', () => {
  expect(fake.violations).toEqual([])
})
