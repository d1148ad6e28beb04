/** Stands in a template for an id of 24 characters that the proxy makes. */
export const ANY_ID = 'AnyIdOf24CharactersXXXXX'
/** Stands in a template for the time at which the proxy answered, in seconds. */
export const ANY_TIME = '1999999999'

const HOLES = [
  { placeholder: ANY_ID, shape: /^[A-Za-z0-9]{24}$/ },
  { placeholder: ANY_TIME, shape: /^1[0-9]{9}$/ },
]

interface Hole {
  shape: RegExp
  length: number
  offsets: number[]
}

/** A body that is known but for the ids and times in it; each of these is the same wherever it stands in one reply. */
export class Template {
  /** So many bytes show the first of each hole. */
  readonly needed: number
  readonly #holes: Hole[] = []

  constructor(readonly body: Buffer) {
    for (const { placeholder, shape } of HOLES) {
      const offsets: number[] = []
      for (let at = body.indexOf(placeholder); at !== -1; at = body.indexOf(placeholder, at + 1)) {
        offsets.push(at)
      }
      if (offsets.length > 0) this.#holes.push({ shape, length: placeholder.length, offsets })
    }
    this.needed = Math.max(0, ...this.#holes.map(({ offsets, length }) => offsets[0]! + length))
  }

  /** The whole body with what the reply's first bytes say in the holes; undefined where that is no id or time. */
  filledFrom(received: Buffer): Buffer | undefined {
    const filled = Buffer.from(this.body)
    for (const { shape, length, offsets } of this.#holes) {
      const first = offsets[0]!
      const value = received.subarray(first, first + length)
      if (!shape.test(value.toString('latin1'))) return undefined
      for (const at of offsets) value.copy(filled, at)
    }
    return filled
  }
}

/** What a reply's body must be. */
export type Expected = Buffer | Template
