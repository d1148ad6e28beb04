import { expect, test } from 'bun:test'
import { SseParser } from '../../../src/kit/sse.ts'
import { jsonOf, post } from './support.ts'

const PATH = '/v1/chat/completions'
const BASE = { model: 'gpt-5' }
const user = (content: unknown) => ({ role: 'user', content })
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

async function chunksOf(response: Response) {
  const parser = new SseParser()
  const frames = [...parser.push(await response.bytes()), ...parser.end()]
  expect(frames.every((frame) => frame.event === '')).toBe(true)
  return frames.map((frame) => (frame.data === '[DONE]' ? '[DONE]' : JSON.parse(frame.data)))
}

test('A stream says the same as the whole reply, and ends with usage and [DONE]', async () => {
  const body = { ...BASE, messages: [user('Hello')], reasoning_effort: 'low' }
  const whole = await jsonOf(await post(PATH, body))
  const streamed = { ...body, stream: true, stream_options: { include_usage: true } }
  const chunks = await chunksOf(await post(PATH, streamed))
  expect(chunks.pop()).toBe('[DONE]')
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage })
  const deltas = chunks.flatMap((chunk) =>
    chunk.choices.map((choice: { delta: object }) => choice.delta),
  )
  const join = (key: string) => deltas.map((delta) => delta[key] ?? '').join('')
  const [choice] = whole.choices
  expect(join('content')).toBe(choice.message.content)
  expect(join('reasoning_content')).toBe(choice.message.reasoning_content)
  expect(choice.message.reasoning_content).toContain('Hello')
  expect(choice.finish_reason).toBe('stop')
  expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1)
})

test('Parallel tool calls stream under their own index, and their results are reported', async () => {
  const messages = [user('What is the weather in Paris and London?')]
  const response = await post(PATH, { ...BASE, messages, tools: [WEATHER], stream: true })
  const chunks = await chunksOf(response)
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const chunk of chunks.slice(0, -1)) {
    for (const part of chunk.choices[0].delta.tool_calls ?? []) {
      if (part.id !== undefined)
        calls[part.index] = { id: part.id, name: part.function.name, arguments: '' }
      const call = calls[part.index]
      if (call !== undefined) call.arguments += part.function.arguments
    }
  }
  expect(calls.map((call) => JSON.parse(call.arguments))).toEqual([
    { city: 'Paris' },
    { city: 'London' },
  ])
  expect(chunks.at(-2).choices[0].finish_reason).toBe('tool_calls')
  const asked = {
    role: 'assistant',
    content: null,
    tool_calls: calls.map(({ id, ...inner }) => ({ id, type: 'function', function: inner })),
  }
  const results = calls.map(({ id }, index) => ({
    role: 'tool',
    tool_call_id: id,
    content: `${index} °C`,
  }))
  const last = await post(PATH, {
    ...BASE,
    messages: [...messages, asked, ...results],
    tools: [WEATHER],
  })
  const { choices } = await jsonOf(last)
  expect(choices[0].message.content).toBe('get_weather answered: 0 °C\nget_weather answered: 1 °C')
})

test('Limits, schema, refusal and custom tools are honoured', async () => {
  const ask = async (prompt: string, more: object) => {
    const reply = await jsonOf(await post(PATH, { ...BASE, messages: [user(prompt)], ...more }))
    return reply.choices[0]
  }
  expect(await ask('long 90', { max_completion_tokens: 9 })).toMatchObject({
    finish_reason: 'length',
  })
  expect((await ask('say one two', { stop: 'two' })).message.content).toBe('one ')
  const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }
  const format = { type: 'json_schema', json_schema: { name: 'x', schema } }
  expect((await ask('Hello', { response_format: format })).message.content).toBe('{"ok":true}')
  const refused = await ask('refuse', {})
  expect(refused).toMatchObject({ finish_reason: 'content_filter', message: { content: null } })
  expect(refused.message.refusal).toBeString()
  const tools = [{ type: 'custom', custom: { name: 'write_note' } }]
  const { message } = await ask('write_note "buy milk"', { tools })
  expect(message.tool_calls[0]).toMatchObject({ type: 'custom', custom: { input: 'buy milk' } })
})

test('Errors have OpenAI’s shape, before and within a stream', async () => {
  const failed = await post(PATH, { ...BASE, messages: [user('error 429 3s')] })
  expect(failed.status).toBe(429)
  expect(failed.headers.get('retry-after')).toBe('3')
  expect(await jsonOf(failed)).toMatchObject({
    error: { code: 'rate_limit_exceeded', param: null },
  })
  const body = { ...BASE, messages: [user('error mid-stream')], stream: true }
  const chunks = await chunksOf(await post(PATH, body))
  expect(chunks.at(-1)).toMatchObject({ error: { type: 'server_error' } })
})

const call = { id: 'call_1', type: 'function', function: { name: 'a', arguments: '{}' } }
const REFUSED: [param: string | null, body: object][] = [
  ['messages', BASE],
  ['model', { messages: [user('x')] }],
  ['foo', { ...BASE, messages: [user('x')], foo: 1 }],
  ['messages[0].role', { ...BASE, messages: [{ role: 'bot', content: 'x' }] }],
  ['messages[0].role', { ...BASE, messages: [{ role: 'tool', tool_call_id: 'a', content: 'x' }] }],
  [
    'messages[2]',
    { ...BASE, messages: [user('x'), { role: 'assistant', tool_calls: [call] }, user('x')] },
  ],
  ['messages[0].content[0].type', { ...BASE, messages: [user([{ type: 'image' }])] }],
  [
    'tools[0].function',
    { ...BASE, messages: [user('x')], tools: [{ type: 'function', name: 'a' }] },
  ],
  ['tool_choice', { ...BASE, messages: [user('x')], tool_choice: 'required' }],
  ['stream_options', { ...BASE, messages: [user('x')], stream_options: {} }],
  ['reasoning_effort', { ...BASE, messages: [user('x')], reasoning_effort: 'huge' }],
]

test.each(REFUSED)('A bad body is refused naming the parameter: %s', async (param, body) => {
  const response = await post(PATH, body)
  expect(response.status).toBe(400)
  expect((await jsonOf(response)).error).toMatchObject({ type: 'invalid_request_error', param })
})
