import { asBuffer } from './bytes.ts'

const LF = 0x0a
const CR = 0x0d
const NOTHING = new Uint8Array(0)
/** Beyond this an unfinished event goes out as it comes: memory is worth more than a clean end. */
const HELD_LIMIT = 32 * 1024 * 1024

/**
 * Cuts a byte stream of server-sent events where events end, without looking into them. What `push` gives are whole
 * events, unaltered; the beginning of an unfinished one is kept back, since no reader could use it yet.
 */
export class FrameHolder {
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** Up to three bytes before the next chunk: an event's end may lie across the border. */
  #tail: number[] = []

  /** The whole events up to here; empty where none was completed. */
  push(chunk: Uint8Array): Uint8Array {
    const size = chunk.length
    // What models do: whole events, one a chunk.
    if (this.#heldBytes === 0 && size >= 2 && chunk[size - 1] === LF && chunk[size - 2] === LF) {
      return chunk
    }
    const end = this.#lastEnd(chunk)
    this.#remember(chunk)
    if (end === size && this.#heldBytes === 0) return chunk
    if (end === 0 && this.#heldBytes + chunk.length <= HELD_LIMIT) {
      this.#hold(chunk)
      return NOTHING
    }
    const cut = end === 0 ? chunk.length : end
    const whole = this.#join(chunk.subarray(0, cut))
    if (cut < chunk.length) this.#hold(chunk.subarray(cut))
    return whole
  }

  /** What is left of an event that never ended. */
  rest(): Uint8Array {
    return this.#join(NOTHING)
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    // A copy: a small rest must not keep the whole chunk in memory.
    this.#held.push(bytes.slice())
    this.#heldBytes += bytes.length
  }

  #join(last: Uint8Array): Uint8Array {
    if (this.#heldBytes === 0) return last
    const whole = new Uint8Array(this.#heldBytes + last.length)
    let at = 0
    for (const piece of [...this.#held, last]) {
      whole.set(piece, at)
      at += piece.length
    }
    this.#held = []
    this.#heldBytes = 0
    return whole
  }

  /** How many bytes of the chunk belong to ended events. */
  #lastEnd(chunk: Uint8Array): number {
    const size = chunk.length
    if (size >= 2 && chunk[size - 1] === LF && chunk[size - 2] === LF) return size
    const buffer = asBuffer(chunk)
    const lf = buffer.lastIndexOf('\n\n')
    const crlf = buffer.lastIndexOf('\r\n\r\n')
    const cr = buffer.lastIndexOf('\r\r')
    const inside = Math.max(
      lf === -1 ? 0 : lf + 2,
      crlf === -1 ? 0 : crlf + 4,
      cr === -1 ? 0 : cr + 2,
    )
    return inside > 0 ? inside : this.#endAcross(chunk)
  }

  /** An end whose first bytes came with an earlier chunk. */
  #endAcross(chunk: Uint8Array): number {
    if (this.#heldBytes === 0) return 0
    const border = this.#tail.length
    const bytes = [...this.#tail, ...chunk.subarray(0, 3)]
    for (let end = bytes.length; end > border; end -= 1) {
      if (endsEvent(bytes, end)) return end - border
    }
    return 0
  }

  #remember(chunk: Uint8Array): void {
    const size = chunk.length
    if (size >= 3) this.#tail = [chunk[size - 3]!, chunk[size - 2]!, chunk[size - 1]!]
    else this.#tail = [...this.#tail, ...chunk].slice(-3)
  }
}

function endsEvent(bytes: readonly number[], end: number): boolean {
  const last = bytes[end - 1]
  const before = bytes[end - 2]
  if (last === CR) return before === CR
  if (last !== LF) return false
  return before === LF || (before === CR && bytes[end - 3] === LF && bytes[end - 4] === CR)
}
