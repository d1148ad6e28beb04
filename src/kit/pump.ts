import type { Ticker, Watched } from './clock.ts'
import { ProxyError } from './error.ts'
import type { ByteMachine } from './machine.ts'

/** The part of a stream reader that a pump uses. */
export interface ByteReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  cancel(): Promise<void>
}

/** Where a pump reads: a reader, with the chunks that were read ahead to see how the stream begins. */
export interface Source {
  readonly reader: ByteReader
  readonly ahead: readonly Uint8Array[]
}

/** How a stream ended: bytes sent down, and the error that was not the client's leaving. */
export interface PumpEnd {
  readonly bytes: number
  readonly left: boolean
  readonly error: ProxyError | undefined
}

export interface PumpOptions {
  /** Comes late where the stream was opened before its upstream had answered. */
  readonly source: Source | Promise<Source>
  readonly machine: ByteMachine
  readonly ticker: Ticker
  /** Silence downstream after which a ping goes out, ms; Infinity for never. */
  readonly pingAfter: number
  /** Silence upstream after which the stream fails, ms. */
  readonly idleAfter: number
  /** Ends the upstream request. */
  readonly cancel: (reason: unknown) => void
  readonly firstByte: () => void
  /** Called once, however the stream ends. */
  readonly settled: (end: PumpEnd) => void
}

/** `opening` until the source is there, `reading` while the upstream has the word, `writing` while the client has. */
type State = 'opening' | 'reading' | 'writing' | 'over'

type Sink = ReadableStreamDirectController

/**
 * The one stream combinator: reads, pushes through a machine, writes, and waits for each write, so that a slow client
 * slows the upstream. All of the events of one read go out in one write.
 *
 * 2026-11-21: a direct stream, since it alone has back-pressure, prompt cancellation and one wake-up a chunk.
 */
export class Pump implements Watched {
  place = -1
  readonly #options: PumpOptions
  #state: State = 'opening'
  #sink: Sink | undefined
  #bytes = 0
  #lastDown = performance.now()
  #lastUp = this.#lastDown
  #reason: ProxyError | undefined

  constructor(options: PumpOptions) {
    this.#options = options
    options.ticker.watch(this)
  }

  /** The body for the client's response. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      type: 'direct',
      pull: (sink) => this.#run(sink),
      cancel: () => this.leave(),
    })
  }

  /** Ends the stream with an error of ours: the drain's, or a timeout's. */
  end(reason: ProxyError): void {
    this.#reason ??= reason
    this.#options.cancel(reason)
  }

  /** The client is gone: nothing more can be said to it. */
  leave(): void {
    if (this.#settle({ bytes: this.#bytes, left: true, error: undefined })) {
      this.#options.cancel(new ProxyError('client_closed', 'Client closed the request'))
    }
  }

  tick(now: number): void {
    if (this.#state === 'writing') return
    // Until the source is there, whoever opens it watches the upstream's silence.
    if (this.#state !== 'opening' && now - this.#lastUp >= this.#options.idleAfter) {
      this.end(new ProxyError('upstream_timeout', idleMessage(this.#options.idleAfter)))
    } else if (now - this.#lastDown >= this.#options.pingAfter && this.#sink !== undefined) {
      const ping = this.#options.machine.ping()
      if (ping !== undefined) this.#ping(this.#sink, ping, now)
    }
  }

  #ping(sink: Sink, ping: Uint8Array, now: number): void {
    this.#lastDown = now
    this.#bytes += ping.length
    sink.write(ping)
    sink.flush()
  }

  async #run(sink: Sink): Promise<void> {
    this.#sink = sink
    try {
      const { source } = this.#options
      const { reader, ahead } = source instanceof Promise ? await source : source
      if (this.#is('over')) return
      this.#state = 'reading'
      this.#lastUp = performance.now()
      for (const chunk of ahead) {
        const written = this.#forward(sink, chunk)
        if (written !== undefined) await this.#drain(written)
      }
      await this.#read(sink, reader)
      this.#finish(sink)
    } catch (thrown) {
      await this.#broken(sink, thrown)
    }
  }

  async #read(sink: Sink, reader: ByteReader): Promise<void> {
    for (;;) {
      const { value, done } = await reader.read()
      if (this.#is('over')) return
      // A stream may end by itself because it was told to: then the reason is what counts.
      if (this.#reason !== undefined) throw this.#reason
      if (done || value === undefined) return
      const written = this.#forward(sink, value)
      if (written !== undefined) await this.#drain(written)
    }
  }

  /** A promise where the client is slower than the upstream. */
  #forward(sink: Sink, chunk: Uint8Array): Promise<number> | undefined {
    this.#lastUp = performance.now()
    const out = this.#options.machine.push(chunk)
    if (out === undefined || out.length === 0) return undefined
    if (this.#bytes === 0) this.#options.firstByte()
    this.#bytes += out.length
    this.#lastDown = this.#lastUp
    const written = sink.write(out)
    return written instanceof Promise ? written : undefined
  }

  async #drain(written: Promise<number>): Promise<void> {
    this.#state = 'writing'
    await written
    if (this.#is('over')) return
    this.#state = 'reading'
    this.#lastDown = performance.now()
    this.#lastUp = this.#lastDown
  }

  #finish(sink: Sink): void {
    if (this.#is('over')) return
    const last = this.#options.machine.end()
    if (last !== undefined) {
      this.#bytes += last.length
      sink.write(last)
    }
    this.#settle({ bytes: this.#bytes, left: false, error: undefined })
    sink.close()
  }

  async #broken(sink: Sink, thrown: unknown): Promise<void> {
    if (this.#is('over')) return
    const error = this.#reason ?? asProxyError(thrown)
    const { machine, cancel } = this.#options
    cancel(error)
    if (machine.cuts) {
      this.#settle({ bytes: this.#bytes, left: false, error })
      throw error
    }
    const last = machine.fail(error)
    if (last !== undefined) {
      this.#bytes += last.length
      await sink.write(last)
    }
    this.#settle({ bytes: this.#bytes, left: false, error })
    sink.close()
  }

  #is(state: State): boolean {
    return this.#state === state
  }

  #settle(end: PumpEnd): boolean {
    if (this.#state === 'over') return false
    this.#state = 'over'
    this.#options.ticker.unwatch(this)
    this.#options.settled(end)
    return true
  }
}

function asProxyError(thrown: unknown): ProxyError {
  if (thrown instanceof ProxyError) return thrown
  return new ProxyError('upstream_unreachable', 'Upstream connection broke mid-stream', {
    cause: thrown,
  })
}

function idleMessage(idleAfter: number): string {
  return `Upstream was silent for ${Math.round(idleAfter / 1000)} seconds`
}
