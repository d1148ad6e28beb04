import { afterAll, beforeAll, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { createDemoUpstream } from '../../../src/provider/demo/demo.ts'
import { DEMO_MODELS } from '../../../src/provider/demo/models.ts'
import { stillWorld } from './support.ts'

const MODEL = 'claude-sonnet-5'
const WEATHER: Anthropic.Tool = {
  name: 'get_weather',
  input_schema: {
    type: 'object',
    properties: {
      location: { type: 'string' },
      unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
      days: { type: 'integer', minimum: 2, maximum: 9 },
    },
    required: ['location', 'unit', 'days'],
  },
}

let server: ReturnType<typeof Bun.serve>
let client: Anthropic

beforeAll(() => {
  const upstream = createDemoUpstream(stillWorld())
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => upstream.fetch(request),
  })
  client = new Anthropic({
    apiKey: 'sk-ant-api03-dummy',
    baseURL: server.url.href.replace(/\/$/, ''),
    maxRetries: 0,
  })
})

afterAll(() => server.stop(true))

function ask(prompt: string, more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) {
  return {
    model: MODEL,
    max_tokens: 4000,
    messages: [{ role: 'user' as const, content: prompt }],
    ...more,
  }
}

/** What a call of the SDK throws; its promises start only when awaited, which `rejects` does not do. */
async function thrownBy(call: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('The call did not fail')
}

function textOf(message: { content: readonly { type: string; text?: string }[] }): string {
  return message.content.map((block) => block.text ?? '').join('')
}

test('The SDK gets the same answer as JSON and as a stream', async () => {
  const whole = await client.messages.create(ask('Good morning'))
  const streaming = client.messages.stream(ask('Good morning'))
  const streamed: Anthropic.Message = await streaming.finalMessage()
  expect(textOf(whole)).toContain('You said: "Good morning"')
  expect(streamed.content).toEqual(whole.content)
  expect(streamed.stop_reason).toBe('end_turn')
  expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens)
  expect(streamed.usage.input_tokens).toBe(whole.usage.input_tokens)
  expect(whole.usage.input_tokens).toBeGreaterThan(3)
})

test('A tool that the prompt names is called with an input that fits, and its result reported', async () => {
  const prompt = 'Use get_weather in Paris, in fahrenheit'
  const first: Anthropic.Message = await client.messages
    .stream(ask(prompt, { tools: [WEATHER] }))
    .finalMessage()
  expect(first.stop_reason).toBe('tool_use')
  const call = first.content.find((block) => block.type === 'tool_use')
  expect(call?.input).toMatchObject({ location: 'Paris', days: 2 })
  const second = await client.messages.create(
    ask('', {
      tools: [WEATHER],
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: first.content },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: '21 °C' }],
        },
      ],
    }),
  )
  expect(textOf(second)).toBe('get_weather answered: 21 °C')
  expect(second.stop_reason).toBe('end_turn')
})

test('Parallel calls come where several are asked for and parallel use is not off', async () => {
  const prompt = 'What is the weather in Paris and London?'
  const both = await client.messages.stream(ask(prompt, { tools: [WEATHER] })).finalMessage()
  const calls = both.content.filter((block) => block.type === 'tool_use')
  expect(calls.map((call) => call.input)).toMatchObject([
    { location: 'Paris' },
    { location: 'London' },
  ])
  expect(new Set(calls.map((call) => call.id)).size).toBe(2)
  const one = await client.messages.create(
    ask(prompt, {
      tools: [WEATHER],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    }),
  )
  expect(one.content.filter((block) => block.type === 'tool_use')).toHaveLength(1)
})

test('tool_choice is honoured', async () => {
  const none = await client.messages.create(
    ask('Use get_weather', { tools: [WEATHER], tool_choice: { type: 'none' } }),
  )
  expect(none.stop_reason).toBe('end_turn')
  const forced = await client.messages.create(
    ask('Hello', { tools: [WEATHER], tool_choice: { type: 'tool', name: 'get_weather' } }),
  )
  expect(forced.content.map((block) => block.type)).toEqual(['tool_use'])
})

test('Thinking is signed, is taken back unaltered and refused altered', async () => {
  const thinking = { type: 'adaptive', display: 'summarized' } as const
  const message = await client.messages.stream(ask('Hello', { thinking })).finalMessage()
  const [block] = message.content
  if (block?.type !== 'thinking') throw new Error('no thinking block')
  expect(block.thinking).toContain('Hello')
  expect(block.signature.length).toBeGreaterThan(40)
  expect(message.usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(0)
  const again = (content: Anthropic.ContentBlockParam[]) =>
    client.messages.create(
      ask('', {
        thinking,
        messages: [
          { role: 'user', content: 'Hello' },
          { role: 'assistant', content },
          { role: 'user', content: 'say ok' },
        ],
      }),
    )
  expect(textOf(await again(message.content))).toBe('ok')
  const altered = await thrownBy(() => again([{ ...block, thinking: `${block.thinking}!` }]))
  expect(String(altered)).toContain('messages.1.content.0: Invalid `signature`')
})

test('Omitted thinking is an empty text with a signature; redacted thinking is data', async () => {
  const omitted = await client.messages
    .stream(ask('Hello', { thinking: { type: 'adaptive' } }))
    .finalMessage()
  expect(omitted.content[0]).toMatchObject({ type: 'thinking', thinking: '' })
  const redacted = await client.messages
    .stream(ask('redacted', { thinking: { type: 'adaptive' } }))
    .finalMessage()
  expect(redacted.content.map((block) => block.type)).toEqual([
    'thinking',
    'redacted_thinking',
    'text',
  ])
})

test('A model that always thinks does so unasked', async () => {
  const message = await client.messages.create(ask('Hello', { model: 'claude-opus-5-5' }))
  expect(message.content.map((block) => block.type)).toEqual(['thinking', 'text'])
})

test('max_tokens and stop sequences end the text where they should', async () => {
  const short = await client.messages.create(ask('long 500', { max_tokens: 20 }))
  expect(short.stop_reason).toBe('max_tokens')
  expect(short.usage.output_tokens).toBe(20)
  const long = await client.messages.create(ask('long 500'))
  expect(long.usage.output_tokens).toBe(500)
  const stopped = await client.messages.create(
    ask('say one two three', { stop_sequences: ['two'] }),
  )
  expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'two' })
  expect(textOf(stopped)).toBe('one ')
  const warm = await client.messages.create(ask('Hello', { max_tokens: 0 }))
  expect(warm).toMatchObject({ content: [], stop_reason: 'max_tokens' })
})

test('A refusal is a reply with its details', async () => {
  const message = await client.messages.stream(ask('refuse')).finalMessage()
  expect(message.stop_reason).toBe('refusal')
  expect(message.stop_details).toMatchObject({ type: 'refusal' })
})

test('Structured output satisfies its schema', async () => {
  const schema = {
    type: 'object',
    properties: {
      title: { type: 'string', maxLength: 12 },
      code: { type: 'string', pattern: '^[A-Z]{3}-\\d+$' },
      score: { type: 'number', exclusiveMinimum: 0, maximum: 0.5 },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, minItems: 2 },
    },
    required: ['title', 'code', 'score', 'tags'],
    $defs: { tag: { enum: ['red', 'green'] } },
  }
  const format = { type: 'json_schema' as const, schema }
  const message = await client.messages.create(ask('A poem, please', { output_config: { format } }))
  const value = JSON.parse(textOf(message))
  expect(value.title.length).toBeLessThanOrEqual(12)
  expect(value.code).toMatch(/^[A-Z]{3}-\d+$/)
  expect(value.score).toBeGreaterThan(0)
  expect(value.score).toBeLessThanOrEqual(0.5)
  expect(value.tags).toEqual(['red', 'red'])
})

test('Each error arrives as the class of the SDK that stands for it', async () => {
  const cases = [
    [400, Anthropic.BadRequestError, 'invalid_request_error'],
    [401, Anthropic.AuthenticationError, 'authentication_error'],
    [402, Anthropic.APIError, 'billing_error'],
    [403, Anthropic.PermissionDeniedError, 'permission_error'],
    [404, Anthropic.NotFoundError, 'not_found_error'],
    [413, Anthropic.APIError, 'request_too_large'],
    [429, Anthropic.RateLimitError, 'rate_limit_error'],
    [500, Anthropic.InternalServerError, 'api_error'],
    [504, Anthropic.InternalServerError, 'timeout_error'],
    [529, Anthropic.InternalServerError, 'overloaded_error'],
  ] as const
  for (const [status, kind, type] of cases) {
    const error = await thrownBy(() => client.messages.create(ask(`error ${status}`)))
    if (!(error instanceof kind)) throw new Error(`${status} gave ${error}`)
    expect(error.status).toBe(status)
    expect(error.error).toMatchObject({ type: 'error', error: { type } })
    expect(error.requestID).toStartWith('req_')
    expect(error.headers?.get('retry-after') ?? null).toBe(status === 429 ? '1' : null)
  }
})

test('An error half way through a stream reaches the client after text', async () => {
  const stream = client.messages.stream(ask('error mid-stream'))
  let text = ''
  stream.on('text', (part) => {
    text += part
  })
  expect(String(await thrownBy(() => stream.finalMessage()))).toContain('overloaded_error')
  expect(text.length).toBeGreaterThan(0)
})

test('Tokens are counted, the same as a message is billed', async () => {
  const { input_tokens } = await client.messages.countTokens({
    model: MODEL,
    messages: [{ role: 'user', content: 'How many tokens is this?' }],
  })
  const message = await client.messages.create(ask('How many tokens is this?'))
  expect(input_tokens).toBe(message.usage.input_tokens)
})

test('Models are listed page by page, and found by alias', async () => {
  const ids: string[] = []
  for await (const model of client.models.list({ limit: 4 })) ids.push(model.id)
  expect(ids).toEqual(DEMO_MODELS.map((model) => model.id))
  const before = await client.models.list({ limit: 2, before_id: ids[3] ?? '' })
  expect(before.data.map((model) => model.id)).toEqual(ids.slice(1, 3))
  expect((await client.models.retrieve('claude-haiku-4-5')).id).toBe('claude-haiku-4-5-20251001')
  const unknown = await thrownBy(() => client.models.retrieve('claude-9'))
  expect(unknown).toBeInstanceOf(Anthropic.NotFoundError)
})

test('A prompt with a breakpoint is written to the cache, then read from it', async () => {
  const system = [
    {
      type: 'text' as const,
      text: 'rule '.repeat(2000),
      cache_control: { type: 'ephemeral' as const },
    },
  ]
  const first = await client.messages.create(ask('Hello', { system }))
  const second = await client.messages.create(ask('Hello again', { system }))
  expect(first.usage.cache_creation_input_tokens).toBeGreaterThan(1000)
  expect(first.usage.cache_read_input_tokens).toBe(0)
  expect(second.usage.cache_read_input_tokens).toBe(first.usage.cache_creation_input_tokens)
  expect(second.usage.cache_creation_input_tokens).toBe(0)
})

test('The tool runner sends the whole conversation, as the demo holds none', async () => {
  const asked: unknown[] = []
  const tool = betaTool({
    name: 'get_weather',
    inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    description: 'The weather',
    run: (input) => {
      asked.push(input)
      return '21 °C'
    },
  })
  const last = await client.beta.messages.toolRunner({
    ...{ model: MODEL, max_tokens: 4000, tools: [tool] },
    messages: [{ role: 'user', content: 'Use get_weather' }],
  })
  expect(asked.length).toBe(1)
  expect(JSON.stringify(last.content)).toContain('21 °C')
})
