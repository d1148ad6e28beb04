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
      `event: response.cancelled\ndata: ${JSON.stringify({ ...failed, type: 'response.cancelled' })}`,
    ],
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

  test('in a chunk of OpenRouter, behind its other fields', () => {
    const chunk = { id: 'gen-1', error: { code: 502, message: 'Slow down' }, choices: [] }
    expect(tapped(chatCodec, `data: ${JSON.stringify(chunk)}`)).toEqual({
      ended: true,
      failure: 'Slow down',
    })
  })
})

describe('a tap sees that a stream has said its end', () => {
  const typed = (type: string) => JSON.stringify({ sequence_number: 9, type, response: {} })
  test.each<[string, Codec, string]>([
    ['messages', messagesCodec, 'event: message_stop\ndata: {"type":"message_stop"}'],
    ['messages', messagesCodec, 'event:message_stop\ndata:{}'],
    ['messages', messagesCodec, 'data: {"type": "message_stop"}'],
    ['messages', messagesCodec, 'event: ping\ndata: {}\n\nevent: message_stop\ndata: {}'],
    ['chat', chatCodec, 'data: [DONE]'],
    ['chat', chatCodec, 'data:[DONE]'],
    ['chat', chatCodec, 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]'],
    ['chat', chatCodec, 'data: {"choices":[{"delta":{},"finish_reason": "stop"}]}'],
    [
      'responses',
      responsesCodec,
      `event: response.completed\ndata: ${typed('response.completed')}`,
    ],
    ['responses', responsesCodec, `data: ${typed('response.completed')}`],
    ['responses', responsesCodec, `data: ${typed('response.incomplete')}`],
    ['responses', responsesCodec, `data: ${typed('response.done')}`],
    ['responses', responsesCodec, 'event: response.completed\ndata: {"response": {}}'],
    ['responses', responsesCodec, 'event:response.incomplete\ndata:{}'],
    ['responses', responsesCodec, 'data: {"response": {}, "type": "response.completed"}'],
  ])('in %s', (_name, codec, event) => {
    expect(tapped(codec, event)).toEqual({ ended: true, failure: undefined })
  })

  test.each<[string, Codec, object]>([
    [
      'messages',
      messagesCodec,
      { type: 'content_block_delta', delta: { type: 'text_delta', text: words('message_stop') } },
    ],
    [
      'chat',
      chatCodec,
      {
        choices: [
          {
            delta: { content: words('"finish_reason":"stop"\ndata: [DONE]') },
            finish_reason: null,
          },
        ],
      },
    ],
    [
      'responses',
      responsesCodec,
      { type: 'response.output_text.delta', delta: words('response.completed') },
    ],
  ])('and takes no words of %s for one', (_name, codec, event) => {
    // Two at once: a lone event of Messages is hardly looked at.
    const data = `data: ${JSON.stringify(event)}`
    expect(tapped(codec, `${data}\n\n${data}`)).toEqual({ ended: false, failure: undefined })
  })
})

/** What a model says that explains how a stream ends. */
function words(end: string): string {
  return `event: ${end}\ndata: {"type":"${end}"} and data: [DONE]`
}
