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
  /** `lost`: something happened since it was last connected that it will not tell. */
  hello(hello: Hello, lost: boolean): void
  started(request: LiveRequest): void
  firstByte(serial: number, ms: number): void
  settled(row: Row & { readonly serial: number }): void
  reset(): void
  waiting(): void
  /** The server refuses the feed: it is asked why, and `open` tries again. */
  refused(): void
}

/** How long a page may be out of sight before it gives its connection to others: a browser has six of them. */
const AWAY_MS = 60_000
/** The server says something every 30 seconds: after so long a silence nobody is at the other end any more. */
const SILENT_MS = 75_000
const CHECK_MS = 10_000

/** The live feed: the browser reconnects by itself with Last-Event-ID as long as the server cannot be reached. */
export class Feed {
  readonly #listener: FeedListener
  #source: EventSource | undefined
  #again = false
  #wanted = false
  #heardAt = 0

  constructor(listener: FeedListener) {
    this.#listener = listener
    let timer: ReturnType<typeof setTimeout> | undefined
    document.addEventListener('visibilitychange', () => {
      clearTimeout(timer)
      if (document.hidden) timer = setTimeout(() => this.#end(), AWAY_MS)
      else if (this.#wanted && this.#source === undefined) this.open()
    })
    setInterval(() => this.#check(), CHECK_MS)
  }

  open(): void {
    this.#end()
    this.#wanted = true
    this.#heardAt = Date.now()
    // Another source knows no Last-Event-ID.
    let first = true
    const source = new EventSource('/logs/stream')
    this.#source = source
    const listener = this.#listener
    const on = (event: string, take: (data: string) => void) =>
      source.addEventListener(event, ({ data }) => {
        this.#heardAt = Date.now()
        take(data)
      })
    on('hello', (data) => {
      const hello: Hello = JSON.parse(data)
      listener.hello(hello, this.#again && (first || hello.missed))
      this.#again = true
      first = false
    })
    on('started', (data) => listener.started(JSON.parse(data)))
    on('first_byte', (data) => {
      const { serial, first_byte_ms: ms }: { serial: number; first_byte_ms: number } =
        JSON.parse(data)
      listener.firstByte(serial, ms)
    })
    on('settled', (data) => listener.settled(JSON.parse(data)))
    on('reset', () => listener.reset())
    on('ping', () => undefined)
    source.onerror = () => {
      if (this.#source !== source) return
      if (source.readyState === EventSource.CLOSED) listener.refused()
      else listener.waiting()
    }
  }

  close(): void {
    this.#end()
    this.#again = false
    this.#wanted = false
  }

  /** A computer that slept, or changed its network, is not told that its connection is gone. */
  #check(): void {
    if (this.#source === undefined || Date.now() - this.#heardAt < SILENT_MS) return
    this.#listener.waiting()
    this.open()
  }

  #end(): void {
    this.#source?.close()
    this.#source = undefined
  }
}
