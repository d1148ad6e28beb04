import type { StreamEvent } from '../../protocol/messages/schema.ts'

/** What is left of events once a stop sequence was looked for. */
export interface Searched {
  readonly events: StreamEvent[]
  /** The sequence that the text came to; nothing after it is told. */
  readonly found: string | undefined
}

/**
 * Looks for stop sequences in the text of a stream, also across deltas: what may be the beginning of one is held back
 * until the next text tells. Claude Code cannot be given any, so the text is cut here.
 */
export class StopSequences {
  readonly #sequences: readonly string[]
  #held = ''
  #index = 0

  constructor(sequences: readonly string[]) {
    this.#sequences = sequences
  }

  push(events: readonly StreamEvent[]): Searched {
    if (this.#sequences.length === 0) return { events: [...events], found: undefined }
    const passed: StreamEvent[] = []
    for (const event of events) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
        this.#index = event.index
        const found = this.#text(event.delta.text, passed)
        if (found !== undefined) return { events: passed, found }
      } else {
        passed.push(...this.#release(), event)
      }
    }
    return { events: passed, found: undefined }
  }

  #text(text: string, passed: StreamEvent[]): string | undefined {
    const known = this.#held + text
    const first = firstOf(known, this.#sequences)
    const end = first?.at ?? known.length - heldBack(known, this.#sequences)
    this.#held = first === undefined ? known.slice(end) : ''
    if (end > 0) passed.push(delta(this.#index, known.slice(0, end)))
    return first?.sequence
  }

  #release(): StreamEvent[] {
    if (this.#held === '') return []
    const event = delta(this.#index, this.#held)
    this.#held = ''
    return [event]
  }
}

function delta(index: number, text: string): StreamEvent {
  return { type: 'content_block_delta', index, delta: { type: 'text_delta', text } }
}

/** The sequence that is complete first; of two at one place the one listed first. */
function firstOf(
  text: string,
  sequences: readonly string[],
): { at: number; sequence: string } | undefined {
  let best: { at: number; sequence: string } | undefined
  for (const sequence of sequences) {
    const at = text.indexOf(sequence)
    if (at !== -1 && (best === undefined || at < best.at)) best = { at, sequence }
  }
  return best
}

/** How much of a text's end may be the beginning of a sequence, characters. */
function heldBack(text: string, sequences: readonly string[]): number {
  let most = 0
  for (const sequence of sequences) {
    for (let length = Math.min(sequence.length - 1, text.length); length > most; length -= 1) {
      if (text.endsWith(sequence.slice(0, length))) most = length
    }
  }
  return most
}
