import { describe, expect, test } from 'bun:test'
import type { StreamEvent } from '../../../src/protocol/messages/schema.ts'
import { TokenLimit } from '../../../src/provider/claude-sdk/token-limit.ts'
import { dice } from '../../support/random.ts'

function delta(text: string): StreamEvent {
  return { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
}

/** What a limit lets through of a text in pieces. */
function limited(limit: number | undefined, pieces: readonly string[]) {
  const held = new TokenLimit(limit)
  let passed = ''
  for (const piece of pieces) {
    const { events, reached } = held.push([delta(piece)])
    for (const event of events) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
        passed += event.delta.text
    }
    if (reached) return { passed, reached }
  }
  return { passed, reached: false }
}

describe('a token limit', () => {
  test.each([
    [2, ['One two three'], 'One two ', true],
    [3, ['One two three'], 'One two three', false],
    [2, ['One t', 'wo', ' thr', 'ee'], 'One two ', true],
    [1, ['One', ' ', 'two'], 'One ', true],
    [1, ['  \n', 'One'], '  \nOne', false],
    [0, ['One'], '', true],
    [1, ['一二三四五六七八九'], '一二三四五六七八', true],
    [2, ['一二三', '四五六七八九'], '一二三四五六七八九', false],
    [undefined, ['One two three'], 'One two three', false],
  ])('of %p in %j', (limit, pieces, passed, reached) => {
    expect(limited(limit, pieces)).toEqual({ passed, reached })
  })

  test('counts thinking too, and passes all else on', () => {
    const held = new TokenLimit(1)
    const thought: StreamEvent = {
      ...{ type: 'content_block_delta', index: 0 },
      delta: { type: 'thinking_delta', thinking: 'Hm now' },
    }
    const stop: StreamEvent = { type: 'content_block_stop', index: 0 }
    expect(held.push([stop]).events).toEqual([stop])
    const { events, reached } = held.push([thought, stop])
    expect(reached).toBe(true)
    expect(events).toMatchObject([{ delta: { thinking: 'Hm ' } }])
  })

  test('holds alike however the text is cut', () => {
    const words = ['a', 'word ', ' ', '\n\n', '漢字', 'かな', 'x-y', ', '] as const
    for (let seed = 1; seed <= 2000; seed += 1) {
      const rolls = dice(seed)
      const text = Array.from({ length: 1 + rolls.roll(12) }, () => rolls.pick([...words])).join('')
      const limit = rolls.roll(8)
      const told = { seed, text, limit, ...limited(limit, rolls.pieces(text)) }
      expect(told).toEqual({ seed, text, limit, ...limited(limit, [text]) })
    }
  })
})
