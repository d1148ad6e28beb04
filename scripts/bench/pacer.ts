import { type EventStream, LAST_CHUNK, STREAM_HEAD } from './payload.ts'
import type { Behaviour, Exchange } from './upstream.ts'

interface PacedStream {
  exchange: Exchange
  next: number
}

/**
 * Writes one event of every stream, each in a write of its own, on a grid of `interval` milliseconds.
 * The streams share the grid: spreading them over it triples everybody's CPU by idle wake-ups,
 * which measures the machine's scheduler more than the subject.
 */
export class Pacer {
  #streams: PacedStream[] = []
  #due = 0

  constructor(
    readonly stream: EventStream,
    readonly interval: number,
  ) {}

  /** The behaviour to install on the upstream. */
  readonly behaviour: Behaviour = (exchange) => {
    exchange.write(STREAM_HEAD)
    this.#streams.push({ exchange, next: 0 })
    if (this.#streams.length > 1) return
    this.#due = performance.now()
    this.#wait()
  }

  /** Waits for the next point of the grid, whatever the last tick took, so that the pace holds. */
  #wait(): void {
    this.#due += this.interval
    setTimeout(() => this.#tick(), Math.max(0, this.#due - performance.now()))
  }

  #tick(): void {
    const last = this.stream.chunks.length - 1
    for (const stream of this.#streams) {
      const { exchange, next } = stream
      exchange.write(this.stream.chunks[next]!)
      if (next === last) exchange.write(LAST_CHUNK)
      stream.next++
    }
    this.#streams = this.#streams.filter(({ exchange, next }) => !exchange.closed && next <= last)
    if (this.#streams.length > 0) this.#wait()
  }
}
