import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { type FakeOpenai, OPENAI_KEY, startFakeOpenai } from './fake-openai.ts'
import { completion, contextOverflow, type OpenaiPart, says } from './fake-openai-reply.ts'
import type { Json } from './fake-reply.ts'

let fake: FakeOpenai

beforeAll(async () => {
  fake = await startFakeOpenai({ forbidden: ['proxy-token'] })
})

afterAll(() => fake.close())

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${fake.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${OPENAI_KEY}`,
      ...headers,
    },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return {
    status: response.status,
    text,
    error: text.startsWith('{') ? JSON.parse(text).error : {},
  }
}

const user = { role: 'user', content: 'Hello' }
const parameters = { type: 'object', properties: { city: { type: 'string' } } }
const weather = { type: 'function', function: { name: 'get_weather', parameters } }
const flat = { type: 'function', name: 'get_weather', parameters }
const call = (id: string, more: Json = {}) => ({
  ...{ id, type: 'function', function: { name: 'get_weather', arguments: '{}', ...more } },
})
const asks = (...ids: string[]) => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => call(id)),
})
const answers = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'Sun' })
const chat = (more: Json) => ({ model: 'gpt-4.1', messages: [user], ...more })
const messages = (...list: unknown[]) => chat({ messages: list })
const parts = (...content: unknown[]) => messages({ role: 'user', content })
const image = (url: string) => parts({ type: 'image_url', image_url: { url } })
const schema = (strict: boolean, more: Json) => ({
  response_format: { type: 'json_schema', json_schema: { name: 'x', strict, schema: more } },
})

const refusedChats: [what: string, body: Json, param: string][] = [
  ['an unknown field', chat({ thinking: {} }), 'thinking'],
  ['a field of Messages', chat({ stop_sequences: ['x'] }), 'stop_sequences'],
  ['a model of Claude', chat({ model: 'claude-sonnet-5-5' }), 'model'],
  ['max_tokens for a thinking model', chat({ model: 'gpt-5.5', max_tokens: 9 }), 'max_tokens'],
  ['temperature for a thinking model', chat({ model: 'o4-mini', temperature: 0 }), 'temperature'],
  ['effort for one that does not think', chat({ reasoning_effort: 'low' }), 'reasoning_effort'],
  ['an unknown effort', chat({ model: 'gpt-5.5', reasoning_effort: 'huge' }), 'reasoning_effort'],
  ['both limits', chat({ max_tokens: 9, max_completion_tokens: 9 }), 'max_tokens'],
  ['a limit of 0', chat({ max_tokens: 0 }), 'max_tokens'],
  ['five stops', chat({ stop: ['a', 'b', 'c', 'd', 'e'] }), 'stop'],
  ['stop for a thinking model', chat({ model: 'gpt-5.5', stop: ['x'] }), 'stop'],
  ['stream_options without stream', chat({ stream_options: {} }), 'stream_options'],
  ['a long user', chat({ user: 'x'.repeat(65) }), 'user'],
  ['a long metadata value', chat({ metadata: { a: 'x'.repeat(513) } }), 'metadata.a'],
  ['tool_choice without tools', chat({ tool_choice: 'auto' }), 'tool_choice'],
  [
    'parallel_tool_calls without tools',
    chat({ parallel_tool_calls: false }),
    'parallel_tool_calls',
  ],
  ['an empty tool list', chat({ tools: [] }), 'tools'],
  [
    'a tool of Messages',
    chat({ tools: [{ name: 'x', input_schema: parameters }] }),
    'tools[0].name',
  ],
  [
    'a long tool name',
    chat({ tools: [{ type: 'function', function: { name: 'x'.repeat(65) } }] }),
    'tools[0].function.name',
  ],
  [
    'an object schema without properties',
    chat({
      tools: [{ type: 'function', function: { name: 'x', parameters: { type: 'object' } } }],
    }),
    'tools[0].function.parameters',
  ],
  [
    'a choice of no such tool',
    chat({ tools: [weather], tool_choice: { type: 'function', function: { name: 'y' } } }),
    'tool_choice',
  ],
  ['a loose strict schema', chat(schema(true, parameters)), 'response_format.json_schema.schema'],
  ['json_object without the word', chat({ response_format: { type: 'json_object' } }), 'messages'],
  ['an unknown role', messages({ role: 'human', content: 'x' }), 'messages[0].role'],
  ['an unknown key in a message', messages({ ...user, id: 1 }), 'messages[0].id'],
  [
    'reasoning_content',
    messages({ ...asks(), tool_calls: undefined, content: 'x', reasoning_content: 'y' }),
    'messages[0].reasoning_content',
  ],
  ['null for a user', messages({ role: 'user', content: null }), 'messages[0].content'],
  ['an empty text part', parts({ type: 'text', text: ' ' }), 'messages[0].content[0].text'],
  ['no parts', parts(), 'messages[0].content'],
  ['an image of Messages', parts({ type: 'image', source: {} }), 'messages[0].content[0].type'],
  ['an image of no type', image('data:;base64,AAAA'), 'messages[0].content[0].image_url.url'],
  [
    'an image in a tool message',
    messages(user, asks('a'), { ...answers('a'), content: [{ type: 'image_url' }] }),
    'messages[2].content[0].type',
  ],
  [
    'arguments that are no JSON',
    messages(user, { role: 'assistant', tool_calls: [call('a', { arguments: "{'a'" })] }),
    'messages[1].tool_calls[0].function.arguments',
  ],
  [
    'a long call id',
    messages(user, { role: 'assistant', tool_calls: [call('x'.repeat(41))] }),
    'messages[1].tool_calls[0].id',
  ],
  ['an unanswered call', messages(user, asks('a')), 'messages'],
  [
    'a call answered too late',
    messages(user, asks('a', 'b'), answers('a'), user, answers('b')),
    'messages[3]',
  ],
  ['an answer to nothing', messages(user, answers('a')), 'messages[1].role'],
  [
    'a call answered twice',
    messages(user, asks('a'), answers('a'), answers('a')),
    'messages[3].role',
  ],
]

const input = (...items: unknown[]) => ({ model: 'gpt-5.5', input: items })
const asked = { type: 'function_call', call_id: 'a', name: 'x', arguments: '{}' }
const told = { type: 'function_call_output', call_id: 'a', output: 'ok' }
const thought = { type: 'reasoning', id: 'rs_1', summary: [] }

const refusedResponses: [what: string, body: Json, param: string][] = [
  ['an unknown field', { ...input(user), stop: ['x'] }, 'stop'],
  ['messages', { model: 'gpt-5.5', messages: [user] }, 'messages'],
  [
    'a stored conversation',
    { ...input(user), previous_response_id: 'resp_1' },
    'previous_response_id',
  ],
  ['an unknown include', { ...input(user), include: ['everything'] }, 'include[0]'],
  [
    'include_usage',
    { ...input(user), stream: true, stream_options: { include_usage: true } },
    'stream_options.include_usage',
  ],
  ['a small limit', { ...input(user), max_output_tokens: 15 }, 'max_output_tokens'],
  ['a nested tool', { ...input(user), tools: [weather] }, 'tools[0].function'],
  [
    'a choice of no such tool',
    { ...input(user), tools: [flat], tool_choice: { type: 'function', name: 'y' } },
    'tool_choice',
  ],
  ['temperature', { ...input(user), temperature: 0.5 }, 'temperature'],
  [
    'a format of Chat',
    { ...input(user), text: { format: { type: 'json_schema', json_schema: {} } } },
    'text.format.json_schema',
  ],
  ['an unknown item', input({ type: 'tool_use' }), 'input[0].type'],
  [
    'a part of Chat',
    input({ role: 'user', content: [{ type: 'text', text: 'x' }] }),
    'input[0].content[0].type',
  ],
  [
    'input_text of an assistant',
    input({ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }),
    'input[0].content[0].type',
  ],
  ['a long call_id', input({ ...asked, call_id: 'x'.repeat(65) }), 'input[0].call_id'],
  ['a foreign item id', input({ ...asked, id: 'toolu_1' }, told), 'input[0].id'],
  ['a call without output', input(user, asked), 'input'],
  ['an output without call', input(user, told), 'input'],
  ['an output after the next turn', input(asked, user, told), 'input'],
  [
    'forged reasoning',
    input({ ...thought, encrypted_content: 'gAAAAABforged' }, asked, told),
    'input[0].encrypted_content',
  ],
  ['reasoning that is not stored', { ...input(thought, asked, told), store: false }, 'input[0]'],
  ['reasoning that nothing follows', input(user, thought, user), 'input'],
]

describe('the fake OpenAI refuses', () => {
  for (const [what, body, param] of refusedChats) {
    test(`${what} on Chat`, async () => {
      const { status, error } = await post('/chat/completions', body)
      expect({ status, param: error.param }).toEqual({ status: 400, param })
      expect(error.type).toBe('invalid_request_error')
    })
  }

  for (const [what, body, param] of refusedResponses) {
    test(`${what} on Responses`, async () => {
      const { status, error } = await post('/responses', body)
      expect({ status, param: error.param }).toEqual({ status: 400, param })
    })
  }

  const headers: [string, Record<string, string>, number][] = [
    ['a wrong key', { authorization: 'Bearer sk-wrong' }, 401],
    ['a header of Anthropic', { 'anthropic-version': '2023-06-01' }, 400],
    ['a key header of Anthropic', { 'x-api-key': OPENAI_KEY }, 400],
    ["the proxy's own token", { 'x-client-request-id': 'proxy-token' }, 400],
    ['another content type', { 'content-type': 'text/plain' }, 400],
  ]
  for (const [what, extra, status] of headers) {
    test(what, async () => {
      expect((await post('/chat/completions', chat({}), extra)).status).toBe(status)
    })
  }

  test('the billing line and cache_control wherever they stand', async () => {
    const billed = messages(
      { role: 'system', content: 'x-anthropic-billing-header: cc_version=1' },
      user,
    )
    expect((await post('/chat/completions', billed)).status).toBe(400)
    const cached = input({
      role: 'user',
      content: [{ type: 'input_text', text: 'x', cache_control: {} }],
    })
    expect((await post('/responses', cached)).status).toBe(400)
  })

  test('and remembers each refusal', () => {
    expect(fake.violations.length).toBe(
      refusedChats.length + refusedResponses.length + headers.length + 2,
    )
  })
})

describe('the fake OpenAI accepts', () => {
  let clean: FakeOpenai
  let client: OpenAI

  beforeAll(async () => {
    clean = await startFakeOpenai()
    client = new OpenAI({ baseURL: clean.url, apiKey: OPENAI_KEY, maxRetries: 0 })
  })

  afterAll(async () => {
    expect(clean.violations).toEqual([])
    await clean.close()
  })

  const script: OpenaiPart[] = [
    { reasoning: 'Both at once.' },
    { text: 'I look — “ünïcode” 🙂' },
    { tool: 'get_weather', input: { city: 'Rom' }, id: 'call_a' },
    { tool: 'get_weather', input: { city: 'Köln' }, id: 'call_b' },
  ]

  test('a tool loop on Chat, interleaved, alike as JSON and as a stream', async () => {
    const options = {
      model: 'gpt-5.5',
      messages: [{ role: 'user' as const, content: 'Weather?' }],
      tools: [{ type: 'function' as const, function: { name: 'get_weather', parameters } }],
    }
    clean.reply(completion(script), completion(script, { interleave: true }))
    const whole = await client.chat.completions.create(options)
    const streamed = await client.chat.completions.stream(options).finalChatCompletion()
    const [one, two] = [whole, streamed].map((reply) => reply.choices[0]?.message)
    expect(one?.content).toBe('I look — “ünïcode” 🙂')
    expect(two?.content).toBe(one?.content ?? '')
    const names = (message: typeof one) =>
      message?.tool_calls?.map(
        (entry) => entry.type === 'function' && [entry.id, entry.function.arguments],
      )
    expect(names(one)).toEqual([
      ['call_a', '{"city":"Rom"}'],
      ['call_b', '{"city":"Köln"}'],
    ])
    expect(names(two)).toEqual(names(one))
  })

  test('its own reasoning back on Responses, and only unchanged', async () => {
    const options = {
      ...{ model: 'gpt-5.5', store: false, include: ['reasoning.encrypted_content' as const] },
      tools: [{ ...flat, type: 'function' as const, strict: false }],
    }
    clean.reply(completion(script, { interleave: true }))
    const events = await client.responses.create({ ...options, input: 'Weather?', stream: true })
    const items: OpenAI.Responses.ResponseInputItem[] = []
    for await (const event of events) {
      if (event.type !== 'response.output_item.done') continue
      const { item } = event
      if (item.type === 'reasoning' || item.type === 'message' || item.type === 'function_call')
        items.push(item)
    }
    expect(items.map((item) => item.type).sort()).toEqual([
      'function_call',
      'function_call',
      'message',
      'reasoning',
    ])
    for (const call_id of ['call_a', 'call_b']) {
      items.push({ type: 'function_call_output', call_id, output: 'Sun' })
    }
    const next = await client.responses.create({ ...options, input: items })
    expect(next.output_text).toBe('Hello from the fake.')
  })

  test('errors and models in their own shapes', async () => {
    clean.reply(contextOverflow(8000, 9000))
    const error = await client.responses
      .create({ model: 'gpt-5.5', input: 'x' })
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect(error).toMatchObject({ status: 400, code: 'context_length_exceeded' })
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    expect(ids).toContain('gpt-5.5')
  })

  test('a stream that breaks, as the client tells', async () => {
    for (const how of ['close', 'error'] as const) {
      clean.reply(says('never whole', { end: { after: 2, how } }))
      const stream = client.chat.completions.stream({
        model: 'gpt-4.1',
        messages: [{ role: 'user', content: 'x' }],
      })
      const error = await stream.finalChatCompletion().catch((thrown) => thrown)
      expect(error).toBeInstanceOf(Error)
    }
  })
})
