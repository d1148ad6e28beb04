import { sha256 } from './sha256.ts'

/**
 * A value that must never be printed: every way of turning it into text gives `***`;
 * only `reveal()` gives the value, at the one place that sends it.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the header or the file that needs it. */
  reveal(): string {
    return this.#value
  }

  /** Compares in a time that does not depend on where the two differ. */
  equals(other: string): boolean {
    return constantTimeEquals(this.#value, other)
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return 'Secret(***)'
  }
}

/** Compares digests, so that neither content nor length shows in the time taken. */
export function constantTimeEquals(left: string, right: string): boolean {
  return crypto.timingSafeEqual(sha256(left), sha256(right))
}
