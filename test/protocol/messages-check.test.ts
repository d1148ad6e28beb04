import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../src/kit/error.ts'
import { messagesCodec } from '../../src/protocol/messages/codec.ts'

const user = (content: unknown) => [{ role: 'user', content }]
const call = (block: object) => [
  ...user('Go'),
  { role: 'assistant', content: [{ type: 'tool_use', ...block }] },
]
const tools = [{ name: 'f', input_schema: { type: 'object' } }]

/** What Anthropic would refuse, and the field that the 400 must name. */
const REFUSED: readonly (readonly [field: string, body: object])[] = [
  ['messages', { messages: [] }],
  ['messages', { messages: user('') }],
  ['messages', { messages: user([{ type: 'text', text: ' \n' }]) }],
  ['messages.0.role', { messages: [{ role: 'developer', content: 'Hi' }] }],
  ['messages.0.content.1.text', { messages: user([{ type: 'image' }, { type: 'text' }]) }],
  ['messages.0.content.0.tool_use_id', { messages: user([{ type: 'tool_result' }]) }],
  ['messages.1.content.0.id', { messages: call({ name: 'f' }) }],
  ['messages.1.content.0.name', { messages: call({ id: 'a', name: '' }) }],
  ['messages.1.content.0.input', { messages: call({ id: 'a', name: 'f', input: 'x' }) }],
  ['tools.0.name', { tools: [{ input_schema: { type: 'object' } }] }],
  ['tool_choice.type', { tools, tool_choice: { type: 'required' } }],
  ['tool_choice.name', { tools, tool_choice: { type: 'tool' } }],
  ['thinking.type', { thinking: { type: 'on' } }],
  ['output_config.format', { output_config: { format: { type: 'regex' } } }],
  ['output_config.format.schema', { output_config: { format: { type: 'json_schema' } } }],
  ['output_format', { output_format: 'json' }],
  ['thread', { thread: { type: 'create' } }],
  ['thread', { thread: { type: 'continue', previous_message_id: 'msg_1' }, messages: [] }],
]

describe('a Messages request that cannot be said in other words', () => {
  for (const [field, body] of REFUSED) {
    test(`names ${field} of ${JSON.stringify(body)}`, () => {
      const request = { model: 'm', max_tokens: 9, messages: user('Hi'), ...body }
      expect(fieldRefused(request)).toBe(field)
    })
  }

  test('leaves what Anthropic takes alone', () => {
    const request = {
      model: 'm',
      messages: [...call({ id: 'a', name: 'f' }), ...user([{ type: 'new_kind' }])],
      tools: [...tools, { type: 'bash_20250124', name: 'bash' }],
      tool_choice: { type: 'none' },
      thinking: { type: 'between_tools' },
      thread: null,
      output_config: { format: { type: 'json_schema', schema: {} } },
    }
    expect<object>(messagesCodec.requestIn(request).request).toBe(request)
  })
})

function fieldRefused(request: object): string | undefined {
  try {
    messagesCodec.requestIn(request)
  } catch (error) {
    if (error instanceof ProxyError && error.status === 400) return error.field
    throw error
  }
  return 'nothing was refused'
}
