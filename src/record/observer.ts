import type { Usage } from '../protocol/protocol.ts'
import type { Logger } from './log.ts'

/** How an exchange ended: by itself, or by whose fault it did not. */
export type Ending =
  | 'complete'
  | 'refused'
  | 'client_left'
  | 'upstream_error'
  | 'upstream_cut'
  | 'upstream_timeout'
  | 'drained'
  | 'internal'

/** One exchange as it settled; counts are bytes, times ms. No bodies, no secrets. */
export interface Settled {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly client: string | undefined
  readonly address: string | undefined
  readonly mode: string
  readonly upstream: string | undefined
  readonly model: string | undefined
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly usage: Usage
  readonly firstByteMs: number | undefined
  readonly durationMs: number
  readonly ending: Ending
  readonly notes: readonly string[]
  readonly error: string | undefined
  readonly requestId: string | undefined
}

/** Hears of each exchange once it is over; never on the way of its bytes. */
export interface Observer {
  settled(exchange: Settled): void
}

/** Writes one line an exchange. */
export function logObserver(logger: Logger): Observer {
  return {
    settled(exchange) {
      const level = exchange.status >= 500 || isFailure(exchange.ending) ? 'warn' : 'info'
      if (logger.enabled(level)) logger.log(level, 'request', fieldsOf(exchange))
    },
  }
}

function isFailure(ending: Ending): boolean {
  return ending !== 'complete' && ending !== 'client_left' && ending !== 'refused'
}

function fieldsOf(exchange: Settled): Record<string, unknown> {
  const { usage } = exchange
  return {
    id: exchange.id,
    client: exchange.client,
    address: exchange.address,
    method: exchange.method,
    path: exchange.path,
    mode: exchange.mode,
    upstream: exchange.upstream,
    model: exchange.model,
    status: exchange.status,
    bytes_in: exchange.bytesIn,
    bytes_out: exchange.bytesOut,
    tokens_in: usage.input,
    tokens_out: usage.output,
    tokens_cached: usage.cacheRead,
    tokens_cache_write: usage.cacheWrite,
    ttfb_ms: rounded(exchange.firstByteMs),
    duration_ms: rounded(exchange.durationMs),
    end: exchange.ending,
    notes: exchange.notes.length > 0 ? exchange.notes : undefined,
    error: exchange.error,
    upstream_request_id: exchange.requestId,
  }
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10
}
