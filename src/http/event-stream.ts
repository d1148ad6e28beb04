import { Ticker } from '../kit/clock.ts'
import type { ByteMachine } from '../kit/machine.ts'
import { type ByteReader, Pump } from '../kit/pump.ts'

/** One event of a stream of ours. */
export interface ServerEvent {
  readonly event: string
  /** What a client that comes back sends as Last-Event-ID; without line breaks. */
  readonly id?: string
  /** Any JSON value. */
  readonly data: unknown
}

/** Something to listen to: calls back until what it gave is called. */
export type Subscribe = (send: (event: ServerEvent) => void) => () => void

/** How a stream of events is served. */
export interface EventStreamOptions {
  readonly subscribe: Subscribe
  /** Sent first, before the subscription begins. */
  readonly hello?: ServerEvent
}

/** Silence after which a ping goes out, ms. */
const PING_AFTER_MS = 30_000
/** What may wait for a reader that is too slow, bytes; beyond it the stream ends, and it may come back. */
const QUEUE_BYTES = 8 * 1024 * 1024

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

const encoder = new TextEncoder()
const PING = encode({ event: 'ping', data: { type: 'ping' } })

/** What the server has to say by itself, as server-sent events; ends them all when it stops. */
export class EventStreams {
  readonly #ticker = new Ticker()
  readonly #pingAfterMs: number
  readonly #open = new Set<EventQueue>()
  #ended = false

  constructor(pingAfterMs = PING_AFTER_MS) {
    this.#pingAfterMs = pingAfterMs
  }

  /** The response that carries a subscription until the client leaves. */
  respond({ subscribe, hello }: EventStreamOptions): Response {
    let unsubscribe = (): void => undefined
    const leave = () => {
      unsubscribe()
      this.#open.delete(queue)
    }
    const queue = new EventQueue(leave)
    if (hello !== undefined) queue.push(encode(hello))
    this.#open.add(queue)
    unsubscribe = subscribe((event) => queue.push(encode(event)))
    if (this.#ended) queue.close()
    else if (!this.#open.has(queue)) leave()
    const pump = new Pump({
      source: { reader: queue, ahead: [] },
      machine: PLAIN,
      ticker: this.#ticker,
      pingAfter: this.#pingAfterMs,
      idleAfter: Number.POSITIVE_INFINITY,
      cancel: () => queue.close(),
      firstByte: () => undefined,
      settled: leave,
    })
    return new Response(pump.stream(), { headers: HEADERS })
  }

  /** Ends every stream after what it has still to say. */
  endAll(): void {
    this.#ended = true
    for (const queue of this.#open) queue.close()
  }
}

/** Events pass as they are. */
const PLAIN: ByteMachine = {
  push: (bytes) => bytes,
  end: () => undefined,
  fail: () => undefined,
  ping: () => PING,
  cuts: false,
}

/** What was said and not yet read; where that is too much, it forgets it, ends, and says so. */
class EventQueue implements ByteReader {
  readonly #full: () => void
  #waiting: Uint8Array[] = []
  #bytes = 0
  #closed = false
  #wake: (() => void) | undefined

  constructor(full: () => void) {
    this.#full = full
  }

  push(bytes: Uint8Array): void {
    if (this.#closed) return
    if (this.#bytes > 0 && this.#bytes + bytes.length > QUEUE_BYTES) {
      this.#waiting = []
      this.#bytes = 0
      this.close()
      this.#full()
      return
    }
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
    this.#wake?.()
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  async read(): Promise<{ done: boolean; value?: Uint8Array }> {
    if (this.#bytes === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    if (this.#bytes === 0) return { done: true }
    const value = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#bytes = 0
    return { done: false, value }
  }

  cancel(): Promise<void> {
    this.close()
    return Promise.resolve()
  }
}

function encode({ event, id, data }: ServerEvent): Uint8Array {
  const named = id === undefined ? '' : `id: ${id}\n`
  return encoder.encode(`event: ${event}\n${named}data: ${JSON.stringify(data)}\n\n`)
}
