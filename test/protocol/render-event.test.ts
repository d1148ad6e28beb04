import { expect, test } from 'bun:test'
import { renderEvent } from '../../src/protocol/messages/events.ts'
import type { StreamEvent } from '../../src/protocol/protocol.ts'

test('Every event of Messages is its JSON under its own name', () => {
  const usage = { output_tokens: 2 }
  const delta = (inner: object) => ({ type: 'content_block_delta', index: 3, delta: inner })
  const events = [
    { type: 'ping' },
    { type: 'content_block_start', index: 3, content_block: { type: 'text', text: '' } },
    delta({ type: 'text_delta', text: 'é"\\\n\u2028' }),
    delta({ type: 'input_json_delta', partial_json: '{"a":' }),
    delta({ type: 'thinking_delta', thinking: 'Hm' }),
    delta({ type: 'signature_delta', signature: 'EqR==' }),
    delta({ type: 'citations_delta', citation: { type: 'char_location' } }),
    { type: 'content_block_stop', index: 3 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
    { type: 'message_stop' },
  ] as StreamEvent[]
  for (const event of events) {
    expect(renderEvent(event)).toBe(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
})
