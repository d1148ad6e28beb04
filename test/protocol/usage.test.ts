import { describe, expect, test } from 'bun:test'
import { chatCodec } from '../../src/protocol/chat/codec.ts'
import type { Codec } from '../../src/protocol/codec.ts'
import { messagesCodec } from '../../src/protocol/messages/codec.ts'
import { responsesCodec } from '../../src/protocol/responses/codec.ts'

const encoder = new TextEncoder()

/** What a tap counts of a stream's events, each given by itself. */
function streamed(codec: Codec, ...events: object[]): object {
  const tap = codec.tap()
  for (const event of events) tap.events(encoder.encode(`data: ${JSON.stringify(event)}\n\n`))
  return tap.usage
}

/** What a tap counts of a whole reply. */
function whole(codec: Codec, reply: unknown, space?: number): object {
  const tap = codec.tap()
  tap.reply(encoder.encode(typeof reply === 'string' ? reply : JSON.stringify(reply, null, space)))
  return tap.usage
}

const claude = {
  input_tokens: 10,
  cache_read_input_tokens: 20,
  cache_creation_input_tokens: 30,
  cache_creation: { ephemeral_5m_input_tokens: 12, ephemeral_1h_input_tokens: 18 },
  output_tokens: 40,
  output_tokens_details: { thinking_tokens: 15 },
  server_tool_use: { web_search_requests: 2 },
  speed: 'fast',
  inference_geo: 'us',
  service_tier: 'batch',
}
const counted = {
  input: 10,
  cacheRead: 20,
  cacheWrite: 30,
  cacheWrite5m: 12,
  cacheWrite1h: 18,
  output: 40,
  thinking: 15,
  webSearches: 2,
  fast: true,
  usOnly: true,
  batch: true,
}

describe('A tap of Messages counts', () => {
  test('All that has a price', () => {
    const reply = { content: [], stop_reason: 'end_turn', usage: claude }
    for (const space of [0, 2]) {
      expect(whole(messagesCodec, reply, space)).toEqual({ ...counted, stopReason: 'end_turn' })
    }
  })

  test('What does not say so is not fast, American or in a batch', () => {
    const usage = { input_tokens: 1, speed: 'standard', inference_geo: 'global' }
    expect(whole(messagesCodec, { usage: { ...usage, service_tier: 'standard' } })).toEqual({
      input: 1,
    })
  })

  test('The last count of each kind in a stream', () => {
    const start = { type: 'message_start', message: { usage: { ...claude, output_tokens: 1 } } }
    const delta = { stop_reason: 'tool_use', stop_sequence: null }
    const end = { type: 'message_delta', delta, usage: { output_tokens: 40 } }
    expect(streamed(messagesCodec, start, end)).toEqual({ ...counted, stopReason: 'tool_use' })
  })
})

describe('A tap of Chat Completions counts', () => {
  const usage = {
    prompt_tokens: 60,
    prompt_tokens_details: { cached_tokens: 20 },
    completion_tokens: 40,
    completion_tokens_details: { reasoning_tokens: 15 },
  }
  const expected = { input: 40, cacheRead: 20, output: 40, thinking: 15, stopReason: 'stop' }
  const choice = { index: 0, finish_reason: 'stop' }

  test('A whole reply', () => {
    for (const space of [0, 2]) {
      expect(whole(chatCodec, { choices: [choice], usage }, space)).toEqual(expected)
    }
  })

  test('A stream whose usage trails', () => {
    const chunks = [{ choices: [{ ...choice, delta: {} }] }, { choices: [], usage }]
    expect(streamed(chatCodec, ...chunks)).toEqual(expected)
  })
})

test('A tap of Responses counts a whole reply and a stream alike', () => {
  const usage = {
    input_tokens: 60,
    input_tokens_details: { cached_tokens: 20 },
    output_tokens: 40,
    output_tokens_details: { reasoning_tokens: 15 },
  }
  const response = { status: 'completed', usage }
  const expected = { input: 40, cacheRead: 20, output: 40, thinking: 15 }
  expect(whole(responsesCodec, response)).toMatchObject(expected)
  const end = { type: 'response.completed', response }
  expect(streamed(responsesCodec, end)).toMatchObject(expected)
})

describe('What is no count is not counted', () => {
  test.each([['-1'], ['1.5'], ['"7"'], ['null'], ['true'], ['1000000001'], ['{}']])(
    '%s',
    (said) => {
      expect(whole(messagesCodec, `{"usage":{"input_tokens":${said},"output_tokens":2}}`)).toEqual({
        output: 2,
      })
    },
  )

  test('Nor a usage that is cut, null or a word of the answer', () => {
    expect(whole(messagesCodec, '{"usage":{"input_tokens":1')).toEqual({})
    expect(whole(messagesCodec, '{"usage":null}')).toEqual({})
    const said = { content: [{ type: 'text', text: '"usage":{"input_tokens":1}' }] }
    expect(whole(messagesCodec, said)).toEqual({})
  })

  test('Nor a reason to stop that is no string, or longer than any', () => {
    expect(whole(messagesCodec, '{"stop_reason":null}')).toEqual({})
    expect(whole(messagesCodec, `{"stop_reason":"${'x'.repeat(65)}"}`)).toEqual({})
  })
})
