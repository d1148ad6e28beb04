import type { StreamEvent } from '../../protocol/messages/schema.ts'

/** A word, or a character of a script without spaces: what takes a token at the least. */
const UNIT =
  /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+/gu

/**
 * Holds text to a number of tokens where the upstream does not: each word is taken for one token, the fewest that it
 * can be, so that nothing is cut which the API would have let through.
 */
export class TokenLimit {
  readonly #limit: number
  #units = 0
  #inWord = false

  constructor(limit: number | undefined) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY
  }

  /** The events up to the limit; `reached` says that nothing may follow. */
  push(events: readonly StreamEvent[]): { events: StreamEvent[]; reached: boolean } {
    if (this.#limit === Number.POSITIVE_INFINITY) return { events: [...events], reached: false }
    const passed: StreamEvent[] = []
    for (const event of events) {
      const text = textOf(event)
      const end = text === undefined ? undefined : this.#count(text)
      if (text === undefined || end === undefined) passed.push(event)
      else {
        if (end > 0) passed.push(shortened(event, end))
        return { events: passed, reached: true }
      }
    }
    return { events: passed, reached: false }
  }

  /** Counts a text; where the limit falls into it, the place where it has to end. */
  #count(text: string): number | undefined {
    for (const { index, 0: unit } of text.matchAll(UNIT)) {
      const goesOn = index === 0 && this.#inWord && unit.length > 0
      if (goesOn) continue
      if (this.#units === this.#limit) return index
      this.#units += 1
    }
    this.#inWord = text === '' ? this.#inWord : /\S$/.test(text)
    return undefined
  }
}

function textOf(event: StreamEvent): string | undefined {
  if (event.type !== 'content_block_delta') return undefined
  const { delta } = event
  if (delta.type === 'text_delta') return delta.text
  return delta.type === 'thinking_delta' ? delta.thinking : undefined
}

function shortened(event: StreamEvent, end: number): StreamEvent {
  if (event.type !== 'content_block_delta') return event
  const { delta } = event
  if (delta.type === 'text_delta')
    return { ...event, delta: { ...delta, text: delta.text.slice(0, end) } }
  if (delta.type !== 'thinking_delta') return event
  return { ...event, delta: { ...delta, thinking: delta.thinking.slice(0, end) } }
}
