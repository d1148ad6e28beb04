import type { Ticker } from '../kit/clock.ts'
import { messageOf, ProxyError } from '../kit/error.ts'
import type { Observer } from '../record/observer.ts'
import { answer } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { PoolGuess } from './pool-guess.ts'
import type { Routes } from './route.ts'
import { endingOf, Settlement } from './settlement.ts'

/** Times that bound an exchange, ms; Infinity where there is no bound. */
export interface Timing {
  readonly headerTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly pingAfterMs: number
  readonly earlyOpenMs: number
}

/** What the gateway works with. */
export interface GatewayOptions {
  readonly routes: Routes
  readonly timing: Timing
  readonly observer: Observer
  readonly ticker: Ticker
}

/** An exchange under way, by those who may end it: the drain and the client's leaving. */
export interface Running {
  end: (reason: ProxyError) => void
  leave: () => void
}

/** Handles one exchange from start to end, and knows all that run. */
export class Gateway {
  readonly options: GatewayOptions
  readonly pool = new PoolGuess()
  readonly #running = new Set<Running>()
  #idle: (() => void) | undefined

  constructor(options: GatewayOptions) {
    this.options = options
  }

  /** Answers an exchange; throws a ProxyError that the caller writes in the client's shape. */
  async handle(exchange: Exchange): Promise<Response> {
    const settlement = new Settlement(exchange, this.options.observer)
    try {
      return await answer(this, exchange, settlement)
    } catch (thrown) {
      const error = asProxyError(thrown)
      settlement.status = error.status
      settlement.settle(endingOf(error), 0, error)
      throw error
    }
  }

  /** Keeps account of what runs; the returned function takes it off again. */
  track(running: Running): () => void {
    this.#running.add(running)
    return () => {
      this.#running.delete(running)
      if (this.#running.size === 0) this.#idle?.()
    }
  }

  /** Waits for all that runs, `ms` at most; what runs on is then ended with an error of its own. */
  async drain(ms: number): Promise<void> {
    if (this.#running.size === 0) return
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    const timer = setTimeout(() => this.endAll(), ms)
    await idle
    clearTimeout(timer)
  }

  /** Ends everything that runs, now. */
  endAll(): void {
    const text = 'ccproxy is shutting down: send the request again'
    for (const running of this.#running) running.end(new ProxyError('unavailable', text))
  }
}

function asProxyError(thrown: unknown): ProxyError {
  if (thrown instanceof ProxyError) return thrown
  return new ProxyError('internal', `Internal error: ${messageOf(thrown)}`, { cause: thrown })
}
