import type { LiveRequest } from '../../logs/schema.ts'
import type { Row } from './view.ts'

/** What the live feed tells first. */
export interface Hello {
  readonly version: string
  readonly time: string
  readonly missed: boolean
  readonly running: readonly LiveRequest[]
}

/** Who listens to the feed. */
export interface FeedListener {
  /** `again`: it was connected before, and `missed` tells whether something was lost between. */
  hello(hello: Hello, again: boolean): void
  started(request: LiveRequest): void
  firstByte(serial: number, ms: number): void
  settled(row: Row & { readonly serial: number }): void
  reset(): void
  waiting(): void
  /** The server refuses the feed: it is asked why, and `open` tries again. */
  refused(): void
}

/** The live feed: the browser reconnects by itself with Last-Event-ID as long as the server cannot be reached. */
export class Feed {
  readonly #listener: FeedListener
  #source: EventSource | undefined
  #again = false

  constructor(listener: FeedListener) {
    this.#listener = listener
  }

  open(): void {
    this.#source?.close()
    const source = new EventSource('/logs/stream')
    this.#source = source
    const listener = this.#listener
    const on = (event: string, take: (data: string) => void) =>
      source.addEventListener(event, ({ data }) => take(data))
    on('hello', (data) => {
      listener.hello(JSON.parse(data), this.#again)
      this.#again = true
    })
    on('started', (data) => listener.started(JSON.parse(data)))
    on('first_byte', (data) => {
      const { serial, first_byte_ms: ms }: { serial: number; first_byte_ms: number } =
        JSON.parse(data)
      listener.firstByte(serial, ms)
    })
    on('settled', (data) => listener.settled(JSON.parse(data)))
    on('reset', () => listener.reset())
    source.onerror = () => {
      if (this.#source !== source) return
      if (source.readyState === EventSource.CLOSED) listener.refused()
      else listener.waiting()
    }
  }

  close(): void {
    this.#source?.close()
    this.#source = undefined
    this.#again = false
  }
}
