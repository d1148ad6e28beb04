import type { SseFrame } from '../kit/sse.ts'
import type { Around } from './protocol.ts'

/** How often a stream may show a new shape before its frames are no longer compared. */
const PATIENCE = 8

/**
 * Frames of one stream that carry text differ in that text alone. Once a parsed frame has shown where its text stands,
 * the next ones are cut there instead of parsed. A frame that differs anywhere else is not recognised and goes the
 * plain way, so the caller must only teach frames that say nothing beside their text.
 */
export class TextTemplate {
  #event = ''
  #head = ''
  #tail = ''
  #lessons = 0

  /** What stands around the text, once learnt. */
  get around(): Around | undefined {
    return this.#head === '' ? undefined : { head: this.#head, tail: this.#tail }
  }

  /** Whether another shape may still be learnt, and this is one. */
  wants({ data }: SseFrame): boolean {
    if (this.#lessons >= PATIENCE) return false
    return this.#head === '' || !data.startsWith(this.#head) || !data.endsWith(this.#tail)
  }

  /** Learns from a frame whose only word is `text`, the value of `key`; says whether it could. */
  learn({ event, data }: SseFrame, key: string, text: string): boolean {
    this.#lessons += 1
    const value = `"${key}":${JSON.stringify(text)}`
    const at = data.indexOf(value)
    // A second place with the same words could be the one that counts.
    if (at === -1 || data.indexOf(value, at + 1) !== -1) return false
    this.#event = event
    this.#head = data.slice(0, at + key.length + 4)
    this.#tail = data.slice(at + value.length - 1)
    return true
  }

  /** The text of a frame that differs from the learnt one in its text only. */
  match({ event, data }: SseFrame): string | undefined {
    const start = this.#head.length
    const end = data.length - this.#tail.length
    if (start === 0 || end <= start || event !== this.#event) return undefined
    if (!data.startsWith(this.#head) || !data.endsWith(this.#tail)) return undefined
    const text = data.slice(start, end)
    if (PLAIN.test(text)) return text
    return ESCAPED.test(text) ? decoded(text) : undefined
  }
}

/** Characters that stand for themselves in a JSON string. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON refuses raw control characters
const PLAIN = /^[^"\\\u0000-\u001f]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON refuses raw control characters
const ESCAPED = /^(?:[^"\\\u0000-\u001f]|\\.)+$/

function decoded(text: string): string | undefined {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    // Not a JSON string after all: the plain way says what it is.
    return undefined
  }
}
