import type { StreamEvent } from '../../protocol/messages/schema.ts'

/** Characters of scripts without spaces between words. */
const DENSE = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/
/** The most of those that one token is taken to hold. */
const DENSE_TOKEN = 8

type Kind = 'space' | 'word' | 'dense'

/**
 * Holds an answer to a number of tokens where the upstream does not: each word is taken for one token, the fewest that
 * it can be, so that nothing is cut which the API would have let through.
 */
export class TokenLimit {
  readonly #limit: number
  #tokens = 0
  #kind: Kind = 'space'
  /** How many dense characters the token under way holds. */
  #dense = 0

  constructor(limit: number | undefined) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY
  }

  /** The events up to the limit; `reached` says that nothing may follow. */
  push(events: readonly StreamEvent[]): { events: StreamEvent[]; reached: boolean } {
    if (this.#limit === Number.POSITIVE_INFINITY) return { events: [...events], reached: false }
    const passed: StreamEvent[] = []
    for (const event of events) {
      const end = this.#count(textOf(event) ?? '')
      if (end === undefined) passed.push(event)
      else {
        if (end > 0) passed.push(shortened(event, end))
        return { events: passed, reached: true }
      }
    }
    return { events: passed, reached: false }
  }

  /** Counts a text; where the limit falls into it, the place where it has to end. */
  #count(text: string): number | undefined {
    for (let at = 0; at < text.length; at += 1) {
      if (!this.#begins(kindOf(text.charAt(at)))) continue
      if (this.#tokens === this.#limit) return at
      this.#tokens += 1
    }
    return undefined
  }

  /** Whether a character of this kind must be of another token than the one before it. */
  #begins(kind: Kind): boolean {
    const before = this.#kind
    this.#kind = kind
    if (kind !== 'dense') return kind === 'word' && before !== 'word'
    this.#dense = before === 'dense' && this.#dense < DENSE_TOKEN ? this.#dense + 1 : 1
    return this.#dense === 1
  }
}

function kindOf(character: string): Kind {
  if (/\s/.test(character)) return 'space'
  return DENSE.test(character) ? 'dense' : 'word'
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
