import { isRecord } from '../../kit/json.ts'
import { objectIn, textOf } from '../value.ts'

type State = 'before the value' | 'in the value' | 'behind the value'

const OPENING = /^\s*\{\s*"input"\s*:\s*"/

const HALF = /[\ud800-\udbff]$/

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
}

/** Takes the text of `{"input":"…"}` out of JSON that comes in fragments, as it comes. */
export class StringField {
  #state: State = 'before the value'
  #json = ''
  #pending = ''
  /** The first half of a character that was escaped in two. */
  #half = ''
  #value = ''

  /** The text that this fragment adds. */
  push(fragment: string): string {
    switch (this.#state) {
      case 'before the value':
        return this.#open(fragment)
      case 'in the value':
        return this.#decode(this.#pending + fragment)
      case 'behind the value':
        return ''
    }
  }

  /** The text that is left when the JSON is over: all of it where the model chose another form. */
  end(): string {
    if (this.#state !== 'before the value' || this.#json === '') return ''
    const object = objectIn(this.#json)
    const only = object === undefined ? [] : Object.values(object)
    const rest = isRecord(object)
      ? (textOf(object.input) ?? (only.length === 1 ? textOf(only[0]) : undefined) ?? this.#json)
      : this.#json
    this.#value = rest
    return rest
  }

  /** The whole text so far. */
  get value(): string {
    return this.#value
  }

  #open(fragment: string): string {
    this.#json += fragment
    const opening = OPENING.exec(this.#json)
    if (opening === null) return ''
    this.#state = 'in the value'
    return this.#decode(this.#json.slice(opening[0].length))
  }

  #decode(text: string): string {
    let out = this.#half
    let from = 0
    this.#half = ''
    this.#pending = ''
    for (let at = nextSpecial(text, 0); at !== -1; at = nextSpecial(text, from)) {
      out += text.slice(from, at)
      if (text.charCodeAt(at) === 34) {
        this.#state = 'behind the value'
        from = text.length
        break
      }
      const length = text[at + 1] === 'u' ? 6 : 2
      if (at + length > text.length) {
        this.#pending = text.slice(at)
        from = text.length
        break
      }
      out += unescaped(text, at)
      from = at + length
    }
    out += text.slice(from)
    if (this.#state === 'in the value' && HALF.test(out)) {
      this.#half = out.slice(-1)
      out = out.slice(0, -1)
    }
    this.#value += out
    return out
  }
}

function nextSpecial(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 34 || code === 92) return at
  }
  return -1
}

function unescaped(text: string, at: number): string {
  const kind = text[at + 1] ?? ''
  if (kind === 'u') return String.fromCharCode(Number.parseInt(text.slice(at + 2, at + 6), 16))
  return ESCAPES[kind] ?? kind
}
