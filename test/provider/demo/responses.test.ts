import { expect, test } from 'bun:test'
import { SseParser } from '../../../src/kit/sse.ts'
import { createDemoUpstream } from '../../../src/provider/demo/demo.ts'
import { jsonOf, post, stillWorld } from './support.ts'

const PATH = '/v1/responses'
const BASE = { model: 'gpt-5', store: false }
const SHELL = {
  type: 'function',
  name: 'exec_command',
  parameters: { type: 'object', properties: { cmd: { type: 'string' } }, required: ['cmd'] },
}
const REASONING = {
  reasoning: { effort: 'high', summary: 'auto' },
  include: ['reasoning.encrypted_content'],
}

async function eventsOf(response: Response) {
  const parser = new SseParser()
  const frames = [...parser.push(await response.bytes()), ...parser.end()]
  return frames.map((frame, index) => {
    const data = JSON.parse(frame.data)
    expect(data).toMatchObject({ type: frame.event, sequence_number: index })
    return data
  })
}

test('A stream has its events in order, and its end holds what the items said', async () => {
  const body = { ...BASE, ...REASONING, input: 'run `echo hi`', tools: [SHELL], stream: true }
  const events = await eventsOf(await post(PATH, body))
  const order = events
    .map((event) => event.type.replace('response.', ''))
    .filter((type, index, all) => type !== all[index - 1])
  expect(order).toEqual([
    ...['created', 'in_progress', 'output_item.added', 'reasoning_summary_part.added'],
    ...[
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
    ],
    ...['output_item.done', 'output_item.added', 'content_part.added', 'output_text.delta'],
    ...['output_text.done', 'content_part.done', 'output_item.done', 'output_item.added'],
    ...[
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'completed',
    ],
  ])
  const done = events.filter((event) => event.type === 'response.output_item.done')
  const { response } = events.at(-1)
  expect(response.output).toEqual(done.map((event) => event.item))
  expect(response.output[2]).toMatchObject({ name: 'exec_command', arguments: '{"cmd":"echo hi"}' })
  expect(response.usage.total_tokens).toBe(
    response.usage.input_tokens + response.usage.output_tokens,
  )
})

test('Output items go back as input, the reasoning sealed, and the result is reported', async () => {
  const world = stillWorld()
  const prompt = { role: 'user', content: [{ type: 'input_text', text: 'run `echo hi`' }] }
  const body = { ...BASE, ...REASONING, tools: [SHELL] }
  const first = await jsonOf(await post(PATH, { ...body, input: [prompt] }, {}, world))
  const { call_id } = first.output[2]
  const output = { type: 'function_call_output', call_id, output: 'hi' }
  const input = [prompt, ...first.output, output]
  const second = await jsonOf(await post(PATH, { ...body, input }, {}, world))
  expect(second.status).toBe('completed')
  expect(second.output.at(-1).content[0].text).toBe('exec_command answered: hi')
  const forged = { ...first.output[0], encrypted_content: 'AAAA' }
  const altered = await post(PATH, {
    ...body,
    input: [prompt, forged, ...first.output.slice(1), output],
  })
  expect(altered.status).toBe(400)
  expect((await jsonOf(altered)).error.code).toBe('invalid_encrypted_content')
})

test('A patch tool gets a patch, streamed as its input', async () => {
  const tools = [{ type: 'custom', name: 'apply_patch', format: { type: 'grammar' } }]
  const body = { ...BASE, input: 'Use apply_patch to write "hello"', tools, stream: true }
  const events = await eventsOf(await post(PATH, body))
  const deltas = events.filter((event) => event.type === 'response.custom_tool_call_input.delta')
  const patch = '*** Begin Patch\n*** Add File: demo.txt\n+hello\n*** End Patch\n'
  expect(deltas.map((event) => event.delta).join('')).toBe(patch)
  expect(events.at(-1).response.output.at(-1)).toMatchObject({
    type: 'custom_tool_call',
    input: patch,
  })
})

test('A cut answer is incomplete, a refusal a part of its own, a failure a failed response', async () => {
  const short = await jsonOf(await post(PATH, { ...BASE, input: 'long 90', max_output_tokens: 9 }))
  expect(short).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
  })
  const refused = await eventsOf(await post(PATH, { ...BASE, input: 'refuse', stream: true }))
  expect(refused.at(-1).response.output[0].content[0].type).toBe('refusal')
  const failed = await eventsOf(
    await post(PATH, { ...BASE, input: 'error mid-stream', stream: true }),
  )
  expect(failed.at(-1)).toMatchObject({
    type: 'response.failed',
    response: { status: 'failed', error: { code: 'server_error' } },
  })
})

test('What needs a store, and calls without outputs, are refused', async () => {
  const call = { type: 'function_call', call_id: 'c', name: 'a', arguments: '{}' }
  const output = { type: 'function_call_output', call_id: 'c', output: '' }
  for (const more of [
    { input: 'x', previous_response_id: 'resp_1' },
    { input: [call] },
    { input: [output] },
    { input: [] },
    { input: 'x', foo: 1 },
    { input: [{ role: 'user', content: [{ type: 'output_text', text: 'x' }] }] },
    { input: 'x', reasoning: { effort: 'huge' } },
  ]) {
    const response = await post(PATH, { ...BASE, ...more })
    expect(response.status).toBe(400)
    expect((await jsonOf(response)).error.param).toBeString()
  }
  const unknown = await post(PATH, { model: 'claude-9', input: 'x' })
  expect(unknown.status).toBe(404)
  expect((await jsonOf(unknown)).error.code).toBe('model_not_found')
})

test('Models come in the shape of the client that asks', async () => {
  const upstream = createDemoUpstream(stillWorld())
  const get = async (path: string, headers: Record<string, string>) =>
    jsonOf(await upstream.fetch(new Request(`http://demo.local${path}`, { headers })))
  const openAi = await get('/v1/models', {})
  const anthropic = await get('/v1/models', { 'anthropic-version': '2023-06-01' })
  expect(openAi).toMatchObject({ object: 'list' })
  expect(openAi.data[0]).toMatchObject({ object: 'model', id: anthropic.data[0].id })
  expect(anthropic.data[0].type).toBe('model')
  expect(await get('/v1/models/claude-opus-5', {})).toMatchObject({ object: 'model' })
})
