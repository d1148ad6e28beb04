import { describe, expect, test } from 'bun:test'
import type { StreamEvent } from '../../../src/protocol/messages/schema.ts'
import { StopSequences } from '../../../src/provider/claude-sdk/stop-sequences.ts'
import { dice } from '../../support/random.ts'

function delta(text: string, index = 0): StreamEvent {
  return { type: 'content_block_delta', index, delta: { type: 'text_delta', text } }
}

const stop: StreamEvent = { type: 'content_block_stop', index: 0 }

function textIn(events: readonly StreamEvent[]): string {
  return events
    .map((event) =>
      event.type === 'content_block_delta' && event.delta.type === 'text_delta'
        ? event.delta.text
        : '',
    )
    .join('')
}

/** What comes through of a text in these pieces. */
function searched(sequences: readonly string[], pieces: readonly string[]) {
  const search = new StopSequences(sequences)
  let passed = ''
  for (const piece of pieces) {
    const { events, found } = search.push([delta(piece)])
    passed += textIn(events)
    if (found !== undefined) return { passed, found }
  }
  return { passed: passed + textIn(search.push([stop]).events), found: undefined }
}

/** The same by a search over the whole text: the sequence that ends first, of those the one that begins first. */
function expected(sequences: readonly string[], text: string) {
  let best: { end: number; passed: string; found: string } | undefined
  for (const sequence of sequences) {
    const at = text.indexOf(sequence)
    const end = at + sequence.length
    if (at === -1 || (best !== undefined && end > best.end)) continue
    if (best !== undefined && end === best.end && at >= best.passed.length) continue
    best = { end, passed: text.slice(0, at), found: sequence }
  }
  return { passed: best?.passed ?? text, found: best?.found }
}

describe('stop sequences', () => {
  test.each([
    [['END'], ['Hello EN', 'D there'], 'Hello ', 'END'],
    [['END'], ['Hello EN', 'E there'], 'Hello ENE there', undefined],
    [['aab'], ['a', 'a', 'a', 'b'], 'a', 'aab'],
    [['\n\n'], ['One\n', '\nTwo'], 'One', '\n\n'],
    [['x', 'there'], ['there x'], '', 'there'],
    [['🙂'], ['So \ud83d', '\ude42 nice'], 'So ', '🙂'],
    [[], ['Hello'], 'Hello', undefined],
  ])('%j in %j', (sequences, pieces, passed, found) => {
    expect(searched(sequences, pieces)).toEqual({ passed, found })
  })

  test('give back at the end of a block what was no sequence after all', () => {
    const search = new StopSequences(['END'])
    expect(search.push([delta('Hello E')]).events).toEqual([delta('Hello ')])
    expect(search.push([stop]).events).toEqual([delta('E'), stop])
  })

  test('are looked for in text only', () => {
    const search = new StopSequences(['END'])
    const thought: StreamEvent = {
      ...{ type: 'content_block_delta', index: 0 },
      delta: { type: 'thinking_delta', thinking: 'END' },
    }
    expect(search.push([thought])).toEqual({ events: [thought], found: undefined })
  })

  test('are found alike however the text is cut', () => {
    for (let seed = 1; seed <= 3000; seed += 1) {
      const rolls = dice(seed)
      const letters = (most: number) =>
        Array.from({ length: 1 + rolls.roll(most) }, () => rolls.pick(['a', 'b', 'c'])).join('')
      const sequences = Array.from({ length: 1 + rolls.roll(3) }, () => letters(4))
      const text = letters(12)
      const told = { seed, sequences, text, ...searched(sequences, rolls.pieces(text)) }
      expect(told).toEqual({ seed, sequences, text, ...expected(sequences, text) })
    }
  })
})
