/** The shortest text of the common part of regular expressions; undefined where it would not match. */
export function sampleOfPattern(pattern: string): string | undefined {
  const text = new PatternReader(pattern).alternatives()
  try {
    return new RegExp(pattern, 'u').test(text) ? text : undefined
  } catch {
    // An expression that is not JavaScript's: the caller falls back to a text without pattern.
    return undefined
  }
}

const CLASSES: Readonly<Record<string, string>> = { d: '1', w: 'a', s: ' ', D: 'a', W: '-', S: 'a' }

/** Reads an expression from left to right, writing the first text that it allows. */
class PatternReader {
  #at = 0

  constructor(readonly pattern: string) {}

  /** The first of the alternatives up to the end or the closing parenthesis. */
  alternatives(): string {
    const first = this.#sequence()
    while (this.#peek() === '|') {
      this.#at += 1
      this.#sequence()
    }
    return first
  }

  #peek(): string {
    return this.pattern[this.#at] ?? ''
  }

  #take(): string {
    this.#at += 1
    return this.pattern[this.#at - 1] ?? ''
  }

  #sequence(): string {
    let text = ''
    while (this.#at < this.pattern.length && this.#peek() !== '|' && this.#peek() !== ')') {
      text += this.#repeated(this.#atom())
    }
    return text
  }

  #atom(): string {
    const char = this.#take()
    if (char === '^' || char === '$') return ''
    if (char === '.') return 'a'
    if (char === '\\') return this.#escape()
    if (char === '[') return this.#class()
    if (char === '(') return this.#group()
    return char
  }

  #escape(): string {
    const char = this.#take()
    if (char === 'b' || char === 'B') return ''
    if (char === 'n') return '\n'
    if (char === 't') return '\t'
    return CLASSES[char] ?? char
  }

  #group(): string {
    const head = this.pattern.slice(this.#at).match(/^\?(:|=|!|<[=!]|<\w+>)/)
    if (head !== null) this.#at += head[0].length
    const text = this.alternatives()
    this.#at += 1
    return head !== null && /[=!]$/.test(head[0]) ? '' : text
  }

  #class(): string {
    const end = this.#classEnd()
    const body = this.pattern.slice(this.#at, end)
    this.#at = end + 1
    const matcher = new RegExp(`[${body}]`, 'u')
    const candidates = ['a', 'A', '1', '0', '-', '_', ' ', '.', 'z', body[0] ?? '']
    return candidates.find((candidate) => matcher.test(candidate)) ?? 'a'
  }

  #classEnd(): number {
    let end = this.#at + (this.#peek() === '^' ? 2 : 1)
    while (end < this.pattern.length && this.pattern[end] !== ']') {
      end += this.pattern[end] === '\\' ? 2 : 1
    }
    return end
  }

  #repeated(atom: string): string {
    const quantifier = this.pattern.slice(this.#at).match(/^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/)
    if (quantifier === null) return atom
    this.#at += quantifier[0].length
    if (quantifier[1] !== undefined) return atom.repeat(Number(quantifier[1]))
    return quantifier[0].startsWith('+') ? atom : ''
  }
}
