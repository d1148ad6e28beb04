import type { SseFrame } from '../kit/sse.ts'
import type { Around } from '../protocol/protocol.ts'

/** Bytes that mean themselves in a JSON string of any protocol: printable ASCII but for quote and backslash. */
const PLAIN = new Uint8Array(256)
PLAIN.fill(1, 0x20, 0x7f)
PLAIN[0x22] = 0
PLAIN[0x5c] = 0

/**
 * Takes the text of a chunk that is one event of plain text from between the bytes of one protocol and puts it
 * between those of the other: the same bytes as by parsing, at a third of the cost, since nothing is decoded.
 */
export class TextSplice {
  readonly #head: Buffer
  readonly #tail: Buffer
  readonly #outHead: Buffer
  readonly #outTail: Buffer

  /** @param frame an event whose data stands `around` a text, as the next ones will */
  constructor({ event }: SseFrame, around: Around, out: Around) {
    const name = event === '' ? '' : `event: ${event}\n`
    this.#head = Buffer.from(`${name}data: ${around.head}`)
    this.#tail = Buffer.from(`${around.tail}\n\n`)
    this.#outHead = Buffer.from(out.head)
    this.#outTail = Buffer.from(out.tail)
  }

  /** Whether a chunk is one event that differs from the learnt one at most between its head and its tail. */
  fits(chunk: Uint8Array): boolean {
    const start = this.#head.length
    const end = chunk.length - this.#tail.length
    return (
      end > start &&
      this.#head.compare(chunk, 0, start) === 0 &&
      this.#tail.compare(chunk, end) === 0
    )
  }

  /** The chunk in the other protocol; undefined where its text is not plain. Only for one that fits. */
  splice(chunk: Uint8Array): Uint8Array | undefined {
    const start = this.#head.length
    const end = chunk.length - this.#tail.length
    for (let at = start; at < end; at += 1) if (PLAIN[chunk[at]!] === 0) return undefined
    const tailAt = this.#outHead.length + end - start
    const out = new Uint8Array(tailAt + this.#outTail.length)
    out.set(this.#outHead, 0)
    out.set(chunk.subarray(start, end), this.#outHead.length)
    out.set(this.#outTail, tailAt)
    return out
  }
}
