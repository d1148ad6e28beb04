import { describe, expect, test } from 'bun:test'
import { messagesReplyIn } from '../../src/protocol/messages/reply-in.ts'

const reply = (content: object[], stop_reason: string) =>
  messagesReplyIn({ id: 'msg_1', content, stop_reason, usage: {} })

describe('a whole reply of the Messages wire', () => {
  const call = { type: 'tool_use', id: 'toolu_1', name: 'f' }

  test('has an object for the input of each call', () => {
    const inputs = ['', '{"a":1}', 'nonsense', { b: 2 }]
    const { content } = reply(
      inputs.map((input) => ({ ...call, input })),
      'tool_use',
    )
    expect(content.map((block) => block.input)).toEqual([{}, { a: 1 }, {}, { b: 2 }])
  })

  test('stopped for a call where it made one, and only there', () => {
    const text = { type: 'text', text: 'Hi' }
    expect(reply([call], 'end_turn').stop_reason).toBe('tool_use')
    expect(reply([text], 'tool_use').stop_reason).toBe('end_turn')
    expect(reply([call], 'max_tokens').stop_reason).toBe('max_tokens')
  })
})
