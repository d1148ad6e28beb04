import type { Ticker } from '../kit/clock.ts'
import type { ProxyError } from '../kit/error.ts'
import type { Listed } from '../kit/roster.ts'
import type { Observer } from '../record/observer.ts'
import type { PoolGuess } from './pool-guess.ts'
import type { Routes } from './route.ts'

/** Times that bound an exchange, ms; Infinity where there is no bound. */
export interface Timing {
  readonly headerTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly pingAfterMs: number
  readonly earlyOpenMs: number
}

/** What the gateway is made with. */
export interface GatewayOptions {
  readonly routes: Routes
  readonly timing: Timing
  readonly observer: Observer
  readonly ticker: Ticker
  /** How much of each body the observers are given; undefined where none. */
  readonly keptBytes?: number | undefined
}

/** An exchange under way, by those who may end it: the drain and the client's leaving. */
export interface Running extends Listed {
  end: (reason: ProxyError) => void
  leave: () => void
}

/** What one exchange uses of the gateway. */
export interface Hub {
  readonly options: GatewayOptions
  readonly pool: PoolGuess
  /** Keeps account of what runs; the returned function takes it off again. */
  track(running: Running): () => void
}
