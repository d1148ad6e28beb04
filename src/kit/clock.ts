import { type Listed, Roster } from './roster.ts'

/** Something that wants to be looked at now and then; `now` is in ms, monotonic. */
export interface Watched extends Listed {
  tick(now: number): void
}

const INTERVAL_MS = 100

/**
 * One timer for all streams: it runs only while something is watched. A stream notes the time of its last byte
 * in a field, which costs far less than moving a timer of its own at each chunk.
 */
export class Ticker {
  readonly #watched = new Roster<Watched>()
  #timer: ReturnType<typeof setInterval> | undefined

  watch(watched: Watched): void {
    this.#watched.add(watched)
    this.#timer ??= setInterval(() => this.#tick(), INTERVAL_MS)
  }

  unwatch(watched: Watched): void {
    this.#watched.remove(watched)
    if (this.#watched.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    const now = performance.now()
    this.#watched.each((watched) => watched.tick(now))
  }
}
