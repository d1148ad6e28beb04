import { asBuffer } from './bytes.ts'
import { randomId } from './id.ts'
import { parseJson } from './json.ts'
import type { Span } from './json-splice.ts'

/** What stays of a condensed string at each of its ends, bytes and a few more. */
const ENDS = 48
/** The longest way that a number or an escape in JSON takes, bytes: `\u0041`. */
const ESCAPE = 6

const BACKSLASH = 0x5c
/** A backslash that begins no escape of JSON, or is escaped itself. */
const SUSPICIOUS = /\\(?:[^"\\/bfnrtu]|u(?![0-9a-fA-F]{4}))/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\0-\x1f]/
/** Something visible outside of escapes, so that no end of a text is mere white space. */
const VISIBLE = /^(?:\\u....|\\.|[^\\!-~])*[!-[\]-~]/

/**
 * A JSON text with the middles of its long strings left behind in the bytes: only their ends are parsed and written
 * again, which is most of what a translation of a large body costs. A stand-in is a string that holds a quote, so that
 * what looks into it as JSON fails, and what writes it into a JSON string within JSON is seen.
 */
export class Condensed {
  /** The JSON text to be parsed in place of the whole one. */
  readonly text: string
  readonly #bytes: Buffer
  readonly #middles: readonly Span[]
  readonly #mark: string
  /** Finds stand-ins in JSON: the quotes that they begin and end with are escaped as often. */
  readonly #standIns: RegExp

  constructor(bytes: Buffer, latin1: string, middles: readonly Span[]) {
    this.#bytes = bytes
    this.#middles = middles
    this.#mark = randomId()
    this.#standIns = new RegExp(`(\\\\+)"${this.#mark}(\\d+)\\1"`, 'g')
    let text = ''
    let from = 0
    for (const [index, { start, end }] of middles.entries()) {
      text += `${latin1.slice(from, start)}\\"${this.#mark}${index}\\"`
      from = end
    }
    this.text = Buffer.from(text + latin1.slice(from), 'latin1').toString()
  }

  /** Whether a stand-in shows in a text. */
  showsIn(text: string): boolean {
    return text.includes(this.#mark)
  }

  /** A parsed text with all that was left behind, for whoever looks into it. */
  whole(text: string): string {
    if (!this.showsIn(text)) return text
    return text.replace(new RegExp(`"${this.#mark}(\\d+)"`, 'g'), (_, index) => {
      const { start, end } = this.#middles[Number(index)]!
      return String(JSON.parse(`"${this.#bytes.toString('utf8', start, end)}"`))
    })
  }

  /**
   * The bytes of a JSON text that was made of what was parsed, every middle back in its place, at most one level of
   * JSON deeper. Undefined where one is not there exactly once as it was.
   */
  restore(json: string): Uint8Array | undefined {
    const bytes = Buffer.from(json)
    // As Latin-1 a place in the text is a place in the bytes.
    const text = bytes.toString('latin1')
    const parts: Uint8Array[] = []
    const seen = new Set<number>()
    let from = 0
    for (const { 0: standIn, 1: slashes = '', 2: number, index } of text.matchAll(this.#standIns)) {
      const middle = this.#written(Number(number), slashes.length)
      if (middle === undefined) return undefined
      parts.push(bytes.subarray(from, index), middle)
      seen.add(Number(number))
      from = index + standIn.length
    }
    const times = text.split(this.#mark).length - 1
    if (seen.size !== this.#middles.length || times !== seen.size) return undefined
    return Buffer.concat([...parts, bytes.subarray(from)])
  }

  /** A middle as it stands in JSON, or in a JSON string within JSON. */
  #written(index: number, slashes: number): Uint8Array | undefined {
    const middle = this.#middles[index]
    if (middle === undefined) return undefined
    const { start, end } = middle
    if (slashes === 1) return this.#bytes.subarray(start, end)
    if (slashes !== 3) return undefined
    // As Latin-1 every byte of UTF-8 goes through as it is.
    const escaped = JSON.stringify(this.#bytes.toString('latin1', start, end))
    return Buffer.from(escaped.slice(1, -1), 'latin1')
  }
}

/**
 * Leaves the middles of these strings behind; undefined where none may be or the bytes are not as plain as usual.
 * `text` is the bytes as Latin-1.
 */
export function condense(
  bytes: Uint8Array,
  text: string,
  strings: readonly Span[],
): Condensed | undefined {
  const buffer = asBuffer(bytes)
  const { isUtf8 } = process.getBuiltinModule('node:buffer')
  // In front of a parser these would be seen; what is indented has them between its values and is parsed whole.
  if (CONTROL.test(text) || !isUtf8(buffer)) return undefined
  const middles: Span[] = []
  for (const string of strings) {
    const middle = middleOf(buffer, text, string)
    if (middle !== undefined) middles.push(middle)
  }
  return middles.length === 0 ? undefined : new Condensed(buffer, text, middles)
}

/** What may be left behind of a string; undefined where it is not long, not valid or blank at an end. */
function middleOf(buffer: Buffer, text: string, { start, end }: Span): Span | undefined {
  if (!isValid(text.slice(start + 1, end - 1))) return undefined
  const middle = { start: cutFrom(buffer, start + 1 + ENDS), end: cutFrom(buffer, end - 1 - ENDS) }
  if (middle.start >= middle.end || middle.end >= end) return undefined
  const sound =
    VISIBLE.test(text.slice(start + 1, middle.start)) &&
    VISIBLE.test(text.slice(middle.end, end - 1))
  return sound ? middle : undefined
}

/** Whether all escapes of a string are JSON's. */
function isValid(text: string): boolean {
  return !SUSPICIOUS.test(text) || parseJson(`"${text}"`) !== undefined
}

/** The first place at or after `at` that is within no escape and no character, and behind a plain one. */
function cutFrom(buffer: Buffer, at: number): number {
  let cut = at
  for (let back = 1; back <= ESCAPE; back += 1) {
    if (buffer[cut - back] !== BACKSLASH) continue
    cut += ESCAPE + 1 - back
    back = 0
  }
  while ((buffer[cut]! & 0xc0) === 0x80) cut += 1
  return cut
}
