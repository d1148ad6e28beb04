import { expect, test } from 'bun:test'
import { SseParser } from '../../../src/kit/sse.ts'
import { createDemoUpstream } from '../../../src/provider/demo/demo.ts'
import { jsonOf, post, stillWorld } from './support.ts'

const BASE = { model: 'claude-sonnet-5', max_tokens: 1000 }
const user = (content: unknown) => ({ role: 'user', content })
const assistant = (content: unknown) => ({ role: 'assistant', content })
const hello = [user('Hello')]
const use = { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} }
const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'done' }
const tool = { name: 'Bash', input_schema: { type: 'object' } }
const text = { type: 'text', text: 'Hi' }

async function eventsOf(response: Response) {
  const parser = new SseParser()
  const frames = [...parser.push(await response.bytes()), ...parser.end()]
  return frames.map((frame) => {
    const data = JSON.parse(frame.data)
    expect(frame.event).toBe(data.type)
    return data
  })
}

async function answerTo(messages: unknown[], more: object = {}): Promise<string> {
  const response = await post('/v1/messages', { ...BASE, messages, ...more })
  const body = await jsonOf(response)
  expect(body).toMatchObject({ type: 'message' })
  return body.content.map((block: { text?: string }) => block.text ?? '').join('')
}

const REFUSED: [name: string, body: object, message: string][] = [
  ['no model', { max_tokens: 1, messages: hello }, 'model: Field required'],
  ['no max_tokens', { model: BASE.model, messages: hello }, 'max_tokens: Field required'],
  ['negative', { ...BASE, max_tokens: -1, messages: hello }, 'max_tokens: Input should be greater'],
  ['too many', { ...BASE, max_tokens: 200_000, messages: hello }, 'max_tokens: 200000 > 128000'],
  ['no messages', BASE, 'messages: Field required'],
  ['empty messages', { ...BASE, messages: [] }, 'messages: at least one message'],
  [
    'role',
    { ...BASE, messages: [{ role: 'tool', content: 'x' }] },
    'messages.0.role: Input should',
  ],
  [
    'empty text',
    { ...BASE, messages: [user([{ type: 'text', text: '' }])] },
    'messages.0.content.0: text',
  ],
  [
    'stray result',
    { ...BASE, messages: [user([result])] },
    'messages.0.content: unexpected `tool_use_id`',
  ],
  [
    'no result',
    { ...BASE, messages: [...hello, assistant([use]), user('x')] },
    'messages.1: `tool_use` ids',
  ],
  [
    'late result',
    { ...BASE, messages: [...hello, assistant([use]), user([text, result])] },
    'messages.2.content: `tool_result` blocks must come first',
  ],
  [
    'prefill',
    { ...BASE, messages: [...hello, assistant('Hi')] },
    'This model does not support assistant',
  ],
  ['unknown field', { ...BASE, messages: hello, foo: 1 }, 'foo: Extra inputs are not permitted'],
  ['temperature', { ...BASE, messages: hello, temperature: 0.5 }, 'temperature: is not supported'],
  [
    'same tools',
    { ...BASE, messages: hello, tools: [tool, tool] },
    'tools: Tool names must be unique',
  ],
  [
    'tool schema',
    { ...BASE, messages: hello, tools: [{ name: 'a' }] },
    'tools.0.custom.input_schema: Field',
  ],
  [
    'forced tool',
    {
      ...BASE,
      model: 'claude-opus-5-5',
      messages: hello,
      tools: [tool],
      tool_choice: { type: 'any' },
    },
    'tool_choice.type: "any" is not supported',
  ],
  [
    'budget',
    {
      ...BASE,
      model: 'claude-opus-4-5',
      messages: hello,
      thinking: { type: 'enabled', budget_tokens: 10 },
    },
    'thinking.enabled.budget_tokens: Input should be greater',
  ],
  [
    'thinking',
    { ...BASE, messages: hello, thinking: { type: 'enabled' } },
    'thinking.type: "enabled" is not',
  ],
  [
    'stop',
    { ...BASE, messages: hello, stop_sequences: [' '] },
    'stop_sequences.0: each stop sequence',
  ],
]

test.each(REFUSED)('A bad body is refused naming the field: %s', async (_name, body, message) => {
  const response = await post('/v1/messages', body)
  const answer = await jsonOf(response)
  expect(response.status).toBe(400)
  expect(answer).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
  expect(answer.error.message).toStartWith(message)
  expect(answer.request_id).toBe(response.headers.get('request-id'))
})

test('The version decides what a body may hold', async () => {
  const body = { ...BASE, model: 'claude-opus-4-6', messages: hello, temperature: 1 }
  expect((await post('/v1/messages', body)).status).toBe(200)
  const newer = await post('/v1/messages', body, { 'anthropic-version': '2026-10-21' })
  expect((await jsonOf(newer)).error.message).toBe('temperature: Extra inputs are not permitted')
  const upstream = createDemoUpstream(stillWorld())
  const bare = new Request('http://demo.local/v1/messages', { method: 'POST', body: '{}' })
  const missing = await upstream.fetch(bare)
  expect(missing.status).toBe(400)
  expect((await jsonOf(missing)).error.message).toBe('anthropic-version: header is required')
})

test('What the demo does not have answers 404, other methods 405, other bodies 400', async () => {
  for (const path of ['/v1/messages/batches', '/v1/files', '/v1/skills/x', '/v2', '/']) {
    const response = await post(path, {})
    expect(response.status).toBe(404)
    expect((await jsonOf(response)).error.type).toBe('not_found_error')
  }
  const unknown = await post('/v1/messages', { ...BASE, model: 'claude-9', messages: hello })
  expect(unknown.status).toBe(404)
  expect((await post('/v1/models', {})).status).toBe(405)
  expect((await post('/v1/messages', '{"a":')).status).toBe(400)
  expect((await post('/v1/messages', '[]')).status).toBe(400)
  const large = await post('/v1/messages', `"${'é'.repeat(17 * 1024 * 1024)}"`)
  expect(large.status).toBe(413)
  expect((await jsonOf(large)).error.type).toBe('request_too_large')
})

test('A stream has its events in order, each named, and usage at both ends', async () => {
  const body = {
    ...BASE,
    messages: [user('Use Bash')],
    tools: [tool],
    stream: true,
    thinking: { type: 'adaptive' },
  }
  const response = await post('/v1/messages', body)
  expect(response.headers.get('content-type')).toStartWith('text/event-stream')
  expect(response.headers.get('anthropic-ratelimit-requests-limit')).toBe('1000')
  const events = await eventsOf(response)
  const order = events
    .map((event) => event.delta?.type ?? event.content_block?.type ?? event.type)
    .filter((type, index, all) => type !== all[index - 1])
  expect(order).toEqual([
    ...['message_start', 'thinking', 'ping', 'signature_delta', 'content_block_stop'],
    ...['text', 'text_delta', 'content_block_stop'],
    ...['tool_use', 'input_json_delta', 'content_block_stop', 'message_delta', 'message_stop'],
  ])
  const [start] = events
  expect(start.message).toMatchObject({
    content: [],
    stop_reason: null,
    usage: { output_tokens: 1 },
  })
  const last = events.at(-2)
  expect(last.delta.stop_reason).toBe('tool_use')
  expect(last.usage.input_tokens).toBe(start.message.usage.input_tokens)
  expect(last.usage.output_tokens).toBeGreaterThan(1)
})

test('The last real text of the user decides, not what a client adds', async () => {
  const reminder = {
    type: 'text',
    text: '<system-reminder>\nerror 500\n<system-reminder>error 400</system-reminder>\n</system-reminder>',
  }
  expect(await answerTo([user([reminder, { type: 'text', text: 'say yes' }])])).toBe('yes')
  const environment = { role: 'system', content: 'error 400' }
  expect(await answerTo([user([{ type: 'text', text: 'say yes' }, reminder]), environment])).toBe(
    'yes',
  )
  expect(await answerTo([...hello, assistant('say no'), user('say later')])).toBe('later')
})

test('Commands to run come in rounds, then their output is reported', async () => {
  const bash = {
    name: 'Bash',
    input_schema: {
      type: 'object',
      properties: { command: { type: 'string' }, description: { type: 'string' } },
      required: ['command'],
    },
  }
  const prompt = user('run `echo one` and `echo two`, then `echo three`')
  const messages = [prompt]
  const world = stillWorld()
  const commands: string[][] = []
  for (let round = 0; round < 3; round += 1) {
    const response = await post('/v1/messages', { ...BASE, messages, tools: [bash] }, {}, world)
    const { content, stop_reason } = await jsonOf(response)
    const calls = content.filter((block: { type: string }) => block.type === 'tool_use')
    if (stop_reason !== 'tool_use') {
      expect(content[0].text).toBe('Bash answered: ok\nBash answered: ok\nBash failed: bad')
      break
    }
    commands.push(calls.map((call: { input: { command: string } }) => call.input.command))
    expect(calls[0].input.description).toBeString()
    const failed = round === 1
    const results = calls.map((call: { id: string }) => ({
      type: 'tool_result',
      tool_use_id: call.id,
      content: [{ type: 'text', text: failed ? 'bad' : 'ok' }],
      is_error: failed,
    }))
    messages.push(assistant(content), user(results))
  }
  expect(commands).toEqual([['echo one', 'echo two'], ['echo three']])
})

test('A plain word that is also the name of a tool calls nothing', async () => {
  const tools = [{ name: 'Read', input_schema: { type: 'object' } }]
  expect(await answerTo([user('Read my mind')], { tools })).toContain('You said: "Read my mind"')
})

test('Slow, slow start and silence take the time they name', async () => {
  const world = stillWorld()
  const prompt = 'slow 5s, slow start 3s, silence 20s, long 100'
  const body = { ...BASE, messages: [user(prompt)], stream: true }
  const response = await post('/v1/messages', body, {}, world)
  expect(world.slept).toEqual([3000])
  await response.text()
  expect(world.slept).toContain(20_000)
  expect(world.slept.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(28_000)
})

test('A cut stream breaks off without its end', async () => {
  const response = await post('/v1/messages', {
    ...BASE,
    messages: [user('cut mid-stream')],
    stream: true,
  })
  const reader = response.body?.getReader()
  let seen = ''
  const read = async () => {
    for (;;) {
      const next = await reader?.read()
      if (next === undefined || next.done) return
      seen += new TextDecoder().decode(next.value)
    }
  }
  await expect(read()).rejects.toThrow('cut its stream')
  expect(seen).toContain('text_delta')
  expect(seen).not.toContain('message_stop')
})

/** Sleeps until its signal aborts, as a timer does that is far away. */
function until(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

test('A stream makes nothing that nobody reads, and ends at once when its request aborts', async () => {
  const world = { ...stillWorld(), sleep: (_ms: number, signal: AbortSignal) => until(signal) }
  const left = new AbortController()
  const request = new Request('http://demo.local/v1/messages', {
    method: 'POST',
    headers: { 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ ...BASE, messages: [user('silence 20s')], stream: true }),
    signal: left.signal,
  })
  const response = await createDemoUpstream(world).fetch(request)
  const reader = response.body?.getReader()
  for (let count = 0; count < 3; count += 1) await reader?.read()
  const pending = reader?.read()
  left.abort(new Error('The client left'))
  expect(String(await pending?.catch((error: unknown) => error))).toContain('The client left')
})

test('A reader that cancels ends the sleep of its stream', async () => {
  let ended = false
  const sleep = (_ms: number, signal: AbortSignal) =>
    until(signal).finally(() => {
      ended = true
    })
  const body = { ...BASE, messages: [user('silence 20s')], stream: true }
  const response = await post('/v1/messages', body, {}, { ...stillWorld(), sleep })
  const reader = response.body?.getReader()
  for (let count = 0; count < 3; count += 1) await reader?.read()
  const pending = reader?.read()
  await Bun.sleep(1)
  await reader?.cancel()
  await pending
  expect(ended).toBe(true)
})
