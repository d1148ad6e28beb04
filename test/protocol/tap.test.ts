import { describe, expect, test } from 'bun:test'
import { chatCodec } from '../../src/protocol/chat/codec.ts'
import type { Codec } from '../../src/protocol/codec.ts'
import { messagesCodec } from '../../src/protocol/messages/codec.ts'
import { responsesCodec } from '../../src/protocol/responses/codec.ts'

const encoder = new TextEncoder()

function tapped(codec: Codec, ...events: string[]) {
  const tap = codec.tap()
  for (const event of events) tap.events(encoder.encode(`${event}\n\n`))
  const { ended, failure } = tap
  return { ended, failure }
}

const error = { type: 'rate_limit_error', message: 'Slow down' }
const failed = { type: 'response.failed', response: { status: 'failed', error } }

describe('a tap reads what an upstream says of its failure', () => {
  test.each<[string, Codec, string]>([
    ['messages', messagesCodec, `event: error\ndata: ${JSON.stringify({ type: 'error', error })}`],
    ['chat', chatCodec, `data: ${JSON.stringify({ error })}`],
    ['responses', responsesCodec, `event: response.failed\ndata: ${JSON.stringify(failed)}`],
    ['responses', responsesCodec, `data: ${JSON.stringify(failed)}`],
    [
      'responses',
      responsesCodec,
      `event: error\ndata: ${JSON.stringify({ type: 'error', ...{ message: 'Slow down' } })}`,
    ],
  ])('in %s', (_name, codec, event) => {
    expect(tapped(codec, event)).toEqual({ ended: true, failure: 'Slow down' })
  })

  test.each<[string, Codec, string]>([
    [
      'messages',
      messagesCodec,
      JSON.stringify({
        type: 'content_block_delta',
        delta: { type: 'text_delta', text: 'event: error\n{"error":1}' },
      }),
    ],
    [
      'chat',
      chatCodec,
      JSON.stringify({
        choices: [{ delta: { content: 'event: error\n{"error":{"message":"x"}}' } }],
      }),
    ],
    [
      'responses',
      responsesCodec,
      JSON.stringify({
        type: 'response.output_text.delta',
        delta: 'event: error, event: response.failed',
      }),
    ],
  ])('and takes no text of %s for one', (_name, codec, data) => {
    expect(tapped(codec, `data: ${data}`)).toEqual({ ended: false, failure: undefined })
  })

  test('and no good end', () => {
    const done = { type: 'response.completed', response: { status: 'completed', error: null } }
    const event = `event: response.completed\ndata: ${JSON.stringify(done)}`
    expect(tapped(responsesCodec, event)).toEqual({ ended: true, failure: undefined })
    expect(tapped(chatCodec, 'data: [DONE]')).toEqual({ ended: true, failure: undefined })
    const stop = 'event: message_stop\ndata: {"type":"message_stop"}'
    expect(tapped(messagesCodec, stop)).toEqual({ ended: true, failure: undefined })
  })
})
