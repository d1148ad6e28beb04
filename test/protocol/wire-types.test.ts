import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../src/kit/error.ts'
import { chatCodec } from '../../src/protocol/chat/codec.ts'
import type { Codec } from '../../src/protocol/codec.ts'
import { responsesCodec } from '../../src/protocol/responses/codec.ts'

type Case = readonly [field: string, body: object]

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] })
const item = (item: object) => ({ input: [item] })

const CHAT: readonly Case[] = [
  ['messages', { messages: [] }],
  ['messages.0.role', { messages: [{ content: 'Hi' }] }],
  ['messages.0.content', user(7)],
  ['messages.0.content.0.type', user([{ text: 'Hi' }])],
  ['messages.0.content.0.text', user([{ type: 'text', text: 7 }])],
  ['messages.0.content.0.image_url.url', user([{ type: 'image_url', image_url: {} }])],
  ['messages.0.content.0.file.file_data', user([{ type: 'file', file: { file_data: 7 } }])],
  [
    'messages.0.tool_calls.0.function.name',
    { messages: [{ role: 'assistant', tool_calls: [{ function: {} }] }] },
  ],
  [
    'messages.0.tool_calls.0.function.arguments',
    { messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: {} } }] }] },
  ],
  ['messages.0.tool_call_id', { messages: [{ role: 'tool', tool_call_id: 7, content: '' }] }],
  ['stream_options.include_usage', { stream_options: { include_usage: 'yes' } }],
  ['max_tokens', { max_tokens: 0 }],
  ['max_completion_tokens', { max_completion_tokens: 1.5 }],
  ['temperature', { temperature: '1' }],
  ['top_p', { top_p: 'a' }],
  ['stop.0', { stop: [7] }],
  ['tools.0.type', { tools: [{ function: { name: 'f' } }] }],
  ['tools.0.function.name', { tools: [{ type: 'function', function: { name: '' } }] }],
  [
    'tools.0.function.parameters',
    { tools: [{ type: 'function', function: { name: 'f', parameters: 'x' } }] },
  ],
  ['tool_choice', { tool_choice: 7 }],
  ['parallel_tool_calls', { parallel_tool_calls: 'no' }],
  ['functions.0.name', { functions: [{}] }],
  ['response_format.type', { response_format: {} }],
  ['reasoning_effort', { reasoning_effort: 3 }],
  ['metadata', { metadata: [] }],
]

const RESPONSES: readonly Case[] = [
  ['input', { input: 7 }],
  ['input.0.role', item({ role: 7, content: 'Hi' })],
  ['input.0.content.0.type', item({ role: 'user', content: [{ text: 'Hi' }] })],
  ['input.0.call_id', item({ type: 'function_call', call_id: 7, name: 'f' })],
  ['instructions', { instructions: 7 }],
  ['tools.0.type', { tools: [{ name: 'f' }] }],
  ['tools.0.parameters', { tools: [{ type: 'function', name: 'f', parameters: 'x' }] }],
  ['tool_choice.type', { tool_choice: {} }],
  ['parallel_tool_calls', { parallel_tool_calls: 'no' }],
  ['reasoning.effort', { reasoning: { effort: 7 } }],
  ['text.verbosity', { text: { verbosity: 7 } }],
  ['max_output_tokens', { max_output_tokens: 0 }],
  ['temperature', { temperature: '1' }],
  ['include.0', { include: [7] }],
  ['metadata', { metadata: 'x' }],
  ['service_tier', { service_tier: 7 }],
]

function refused(codec: Codec, body: object): string | undefined {
  try {
    codec.requestIn(body)
  } catch (error) {
    if (error instanceof ProxyError && error.kind === 'invalid_request') return error.field
    throw error
  }
  return 'nothing was refused'
}

describe('A field of the wrong type is refused by its path', () => {
  const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
  test.each(CHAT)('in Chat: %s of %j', (field, body) => {
    expect(refused(chatCodec, { ...chat, ...body })).toBe(field)
  })

  test.each(RESPONSES)('in Responses: %s of %j', (field, body) => {
    expect(refused(responsesCodec, { model: 'm', input: 'Hi', ...body })).toBe(field)
  })

  test('Null is no wrong type where a field may be left out', () => {
    const names = (cases: readonly Case[]) =>
      cases
        .map(([field]) => field.split('.')[0] ?? '')
        .filter((name) => !/messages|input/.test(name))
    const nulls = (cases: readonly Case[]) =>
      Object.fromEntries(names(cases).map((name) => [name, null]))
    expect(refused(chatCodec, { ...chat, ...nulls(CHAT) })).toBe('nothing was refused')
    const body = { model: 'm', input: 'Hi', ...nulls(RESPONSES) }
    expect(refused(responsesCodec, body)).toBe('nothing was refused')
  })
})
