import type { Observer, Settled, Started } from './observer.ts'
import type { Running } from './running.ts'

/** What happens, as it happens. */
export type LiveEvent =
  | { readonly type: 'started'; readonly exchange: Started }
  | { readonly type: 'first_byte'; readonly exchange: Started; readonly firstByteMs: number }
  | { readonly type: 'settled'; readonly exchange: LiveSettled }
  | { readonly type: 'reset' }

/** An exchange that is over, and the how manieth it is. */
export interface LiveSettled extends Settled {
  readonly number: number
}

/** How an upstream has been doing since the start. Times are ms since the epoch. */
export interface UpstreamState {
  readonly provider: string
  readonly lastSuccess: number | undefined
  /** The newest exchange that the upstream failed. */
  readonly lastFailure: Settled | undefined
  /** Failures since the last success. */
  readonly failures: number
  /** The answer that told limits of a plan last. */
  readonly limits: Settled | undefined
}

type Listener = (event: LiveEvent) => void

/** Exchanges that are remembered once they are over. */
const REMEMBERED = 500
/** Clients choose names and paths: of longer ones only so many characters are remembered, and so many notes. */
const LONGEST = 600
const MOST_NOTES = 20

/** What runs now and what settled last; whoever listens is told of each as it comes. No bodies. */
export class Live {
  readonly observer: Observer
  readonly #running: Running
  readonly #listeners = new Set<Listener>()
  readonly #upstreams = new Map<string, UpstreamState>()
  /** A ring: the one of number n stands at n % REMEMBERED. */
  #recent: (Settled | undefined)[] = []
  #number = 0

  constructor(running: Running) {
    this.#running = running
    this.observer = {
      started: (exchange) => this.#started(exchange),
      firstByte: (exchange) => this.#firstByte(exchange),
      settled: (exchange) => this.#settled(exchange),
    }
  }

  /** The number of the exchange that settled last; 0 before the first. */
  get number(): number {
    return this.#number
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** What runs now, oldest first. */
  running(): Started[] {
    return this.#running.all()
  }

  /** What settled after that number, oldest first, as far as it is remembered. */
  recent(after = 0): LiveSettled[] {
    const first = Math.max(after, this.#number - this.#recent.length) + 1
    const found: LiveSettled[] = []
    for (let number = first; number <= this.#number; number += 1) {
      const exchange = this.#recent[number % REMEMBERED]
      if (exchange !== undefined) found.push({ ...exchange, number })
    }
    return found
  }

  /** Whether all that settled after that number is remembered. */
  remembers(after: number): boolean {
    return after <= this.#number && this.recent(after).length === this.#number - after
  }

  /** How each upstream that was used is doing. */
  upstreams(): UpstreamState[] {
    return [...this.#upstreams.values()]
  }

  /** Calls back at each event until what it gives is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Forgets what is over. */
  reset(): void {
    this.#recent = []
    this.#upstreams.clear()
    this.#tell({ type: 'reset' })
  }

  #started(exchange: Started): void {
    if (this.#listeners.size > 0) this.#tell({ type: 'started', exchange })
  }

  #firstByte(exchange: Started): void {
    if (this.#listeners.size === 0) return
    this.#tell({ type: 'first_byte', exchange, firstByteMs: Date.now() - exchange.time })
  }

  #settled(exchange: Settled): void {
    this.#number += 1
    const kept = remembered(exchange)
    this.#recent[this.#number % REMEMBERED] = kept
    if (kept.upstream !== undefined) this.#noteUpstream(kept, kept.upstream)
    if (this.#listeners.size > 0) {
      this.#tell({ type: 'settled', exchange: { ...kept, number: this.#number } })
    }
  }

  #noteUpstream(exchange: Settled, provider: string): void {
    const before = this.#upstreams.get(provider)
    const failed = exchange.ending.startsWith('upstream_') && !isClientsFault(exchange)
    // A client that leaves, or a request refused here, says nothing of the upstream.
    const answered = exchange.ending === 'complete'
    this.#upstreams.set(provider, {
      provider,
      lastSuccess: answered ? endOf(exchange) : before?.lastSuccess,
      lastFailure: failed ? exchange : before?.lastFailure,
      failures: answered ? 0 : (before?.failures ?? 0) + (failed ? 1 : 0),
      limits: newerLimits(before?.limits, exchange),
    })
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

/** When an exchange was over, ms since the epoch. */
export function endOf({ time, durationMs }: Settled): number {
  return Math.round(time + durationMs)
}

/** When an exchange's answer told limits, ms since the epoch: its headers come long before the end of a stream. */
export function toldAt({ time, firstByteMs, durationMs }: Settled): number {
  return Math.round(time + (firstByteMs ?? durationMs))
}

/** A stream that ends after others may have begun before them. */
function newerLimits(known: Settled | undefined, exchange: Settled): Settled | undefined {
  if (exchange.limits === undefined) return known
  return known !== undefined && toldAt(known) > toldAt(exchange) ? known : exchange
}

/** A request that the upstream was right to refuse. */
function isClientsFault({ status }: Settled): boolean {
  return status === 400 || status === 404 || status === 413 || status === 422
}

/** A text that is not too long; the copy does not keep the long one alive. */
export function shortText<Text extends string | undefined>(text: Text): Text | string {
  if (text === undefined || text.length <= LONGEST) return text
  return Buffer.from(text.slice(0, LONGEST)).toString()
}

/** What is remembered of an exchange: nothing that a client can make large, and mostly the exchange itself. */
function remembered(exchange: Settled): Settled {
  const { path, model = '', upstreamModel = '', session = '', error = '', notes } = exchange
  const texts = path.length + model.length + upstreamModel.length + session.length + error.length
  if (exchange.bodies === undefined && notes.length === 0 && texts <= LONGEST) return exchange
  return {
    ...exchange,
    path: shortText(exchange.path),
    model: shortText(exchange.model),
    upstreamModel: shortText(exchange.upstreamModel),
    session: shortText(exchange.session),
    error: shortText(exchange.error),
    notes: notes.length === 0 ? notes : notes.slice(0, MOST_NOTES).map(shortText),
    bodies: undefined,
  }
}
