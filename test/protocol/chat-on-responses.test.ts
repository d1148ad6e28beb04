import { expect, test } from 'bun:test'
import { CODECS } from '../../src/protocol/index.ts'
import { NEUTRAL_PROFILE } from '../../src/protocol/profile.ts'

test('a Chat client’s image detail reaches a Responses upstream', () => {
  const image = (detail: string) => ({
    type: 'image_url',
    image_url: { url: `https://a/${detail}.png`, detail },
  })
  const messages = [{ role: 'user', content: [image('low'), image('auto')] }]
  const turn = CODECS.chat.requestIn({ model: 'm', messages })
  const target = { profile: NEUTRAL_PROFILE, defaultMaxTokens: 9 }
  expect(CODECS.responses.requestOut(turn, target).value.input).toEqual([
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_image', image_url: 'https://a/low.png', detail: 'low' },
        { type: 'input_image', image_url: 'https://a/auto.png' },
      ],
    },
  ])
  expect(CODECS.messages.requestOut(turn, target).notes).toEqual([
    'detail: Anthropic looks at all images alike',
  ])
})
