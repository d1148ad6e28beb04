import { describe, expect, test } from 'bun:test'
import { chatCodec } from '../../src/protocol/chat/codec.ts'
import { tellLost } from '../../src/protocol/chat/lost-fields.ts'
import { NEUTRAL_PROFILE } from '../../src/protocol/profile.ts'
import { responsesCodec } from '../../src/protocol/responses/codec.ts'

const world = { id: () => 'id', now: () => 0 }

function lostOf(value: Record<string, unknown>): string[] {
  const lost: string[] = []
  tellLost(value, { lost: (path) => lost.push(path) })
  return lost
}

function reading(lost: string[]) {
  const rest = { names: undefined, stopSequences: undefined, profile: NEUTRAL_PROFILE }
  return { world, model: 'm', ...rest, lost: (path: string) => lost.push(path) }
}

const frame = (value: object) => ({ event: 'message', data: JSON.stringify(value) })

describe('what a Chat reply holds that has no place elsewhere', () => {
  test.each([
    [{ images: [{ type: 'image_url', image_url: { url: 'data:,' } }] }, ['message.images']],
    [{ audio: { id: 'audio_1', transcript: 'Hi' } }, ['message.audio']],
    [{ content: [{ type: 'image_url', image_url: {} }] }, ['message.content.image_url']],
    [{ provider_specific_fields: { web_search_results: [1] } }, ['message.web_search_results']],
  ])('is told: %j', (message, lost) => {
    expect(lostOf({ choices: [{ index: 0, message }] })).toEqual(lost)
    expect(lostOf({ choices: [{ index: 0, delta: message }] })).toEqual(lost)
  })

  test('is told beside the choices, too', () => {
    expect(lostOf({ citations: ['https://a.example'], search_results: [], choices: [] })).toEqual([
      'citations',
    ])
  })

  test('is not what is empty, a flag, a number or read', () => {
    const message = {
      ...{ role: 'assistant', name: 'x', refusal: null, audio: null, images: [], partial: true },
      ...{ tool_calls: [], reasoning_content: 'Hm', annotations: [{}], extra: '', more: {}, n: 1 },
      content: [
        { type: 'text', text: 'a' },
        { type: 'thinking', thinking: [] },
      ],
      provider_specific_fields: { thinking_blocks: [{}], citations: null },
    }
    expect(lostOf({ id: 'a', model: 'b', choices: [{ index: 0, message }] })).toEqual([])
  })

  test('is told of whole replies and of streams', () => {
    const images = [{ type: 'image_url', image_url: { url: 'data:,' } }]
    const lost: string[] = []
    const choice = { index: 0, finish_reason: 'stop' }
    const message = { role: 'assistant', content: 'Here', images }
    chatCodec.replyIn({ choices: [{ ...choice, message }] }, reading(lost))
    expect(lost).toEqual(['message.images'])
    chatCodec.streamIn(reading(lost)).push(frame({ choices: [{ ...choice, delta: { images } }] }))
    expect(lost).toEqual(['message.images', 'message.images'])
  })
})

describe('what a response holds that has no place elsewhere', () => {
  const output = [
    { type: 'image_generation_call', id: 'ig_1', result: 'AAAA' },
    { type: 'message', id: 'msg_1', content: [{ type: 'output_audio' }] },
    { type: 'message', id: 'msg_2', content: 'Without parts' },
  ]
  const paths = ['output.image_generation_call', 'output.message.output_audio']

  test('is told of a whole one, whose text need not be in parts', () => {
    const lost: string[] = []
    const { value } = responsesCodec.replyIn({ status: 'completed', output }, reading(lost))
    expect(lost).toEqual(paths)
    expect(value.content).toEqual([{ type: 'text', text: 'Without parts' }])
  })

  test('is told of a stream', () => {
    const lost: string[] = []
    const stream = responsesCodec.streamIn(reading(lost))
    output.forEach((item, output_index) => {
      stream.push(frame({ type: 'response.output_item.done', output_index, item }))
    })
    expect(lost).toEqual(paths)
  })
})
