import type { Listed } from '../kit/roster.ts'
import type { ProtocolName, Usage } from '../protocol/protocol.ts'
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

/** An exchange once its way is chosen, or once it was refused before that. No bodies, no secrets. */
export interface Started extends Listed {
  /** Tells exchanges of this process apart; ids are the clients' and may repeat. */
  readonly serial: number
  readonly id: string
  /** When the request came, ms since the epoch. */
  readonly time: number
  readonly method: string
  /** The endpoint below the prefix, without query. */
  readonly path: string
  readonly client: string | undefined
  readonly address: string | undefined
  readonly mode: string
  /** What the client speaks; undefined where it asks for lists of models. */
  readonly protocol: ProtocolName | undefined
  /** What the upstream speaks. */
  readonly wire: ProtocolName | undefined
  /** The provider's name. */
  readonly upstream: string | undefined
  /** The provider's kind. */
  readonly kind: string | undefined
  /** The model as the client asked for it. */
  readonly model: string | undefined
  /** The model as the upstream was asked for it. */
  readonly upstreamModel: string | undefined
  /** The client asked for a stream. */
  readonly stream: boolean
}

/** What was sent and answered, where the settings have it kept: not redacted yet. */
export interface Bodies {
  readonly request: Uint8Array | undefined
  /** As the client got it, in pieces; a stream as far as it was kept. */
  readonly reply: readonly Uint8Array[]
}

/** One exchange as it settled; counts are bytes, durations ms. No secrets, and no bodies unless they are to be kept. */
export interface Settled extends Started {
  readonly status: number
  /** Calls made upstream: 0 where it never came so far. */
  readonly attempts: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly usage: Usage
  readonly firstByteMs: number | undefined
  readonly durationMs: number
  readonly ending: Ending
  readonly notes: readonly string[]
  readonly error: string | undefined
  /** The upstream's own id of the request. */
  readonly requestId: string | undefined
  /** The client's session: Claude Code's or Codex's. */
  readonly session: string | undefined
  /** A plan login went up, the proxy's or the client's: its cost is a list price and no money spent. */
  readonly planLogin: boolean
  /** The `anthropic-ratelimit-unified-*` headers of the answer, by what follows that prefix. */
  readonly limits: Readonly<Record<string, string>> | undefined
  readonly bodies: Bodies | undefined
}

/**
 * Hears of each exchange, never on the way of its bytes: `started` once, `firstByte` at most once, `settled` once, in
 * this order.
 */
export interface Observer {
  started?(exchange: Started): void
  firstByte?(exchange: Started): void
  settled(exchange: Settled): void
}

/** Several observers as one; one that throws is told of and harms neither the exchange nor the others. */
export function observers(
  list: readonly Observer[],
  failed: (error: unknown) => void = () => undefined,
): Observer {
  const each = (tell: (observer: Observer) => void) => {
    for (const observer of list) {
      try {
        tell(observer)
      } catch (error) {
        failed(error)
      }
    }
  }
  const hears = (hook: 'started' | 'firstByte') => list.some((one) => one[hook] !== undefined)
  return {
    ...(hears('started') && { started: (exchange) => each((one) => one.started?.(exchange)) }),
    ...(hears('firstByte') && {
      firstByte: (exchange) => each((one) => one.firstByte?.(exchange)),
    }),
    settled: (exchange) => each((one) => one.settled(exchange)),
  }
}

/** Writes one line an exchange. */
export function logObserver(logger: Logger): Observer {
  return {
    settled(exchange) {
      const level = levelOf(exchange)
      if (logger.enabled(level)) logger.log(level, 'request', fieldsOf(exchange))
    },
  }
}

/** How severe an exchange is. */
export function levelOf({ status, ending }: Settled): 'warn' | 'info' {
  return status >= 500 || isFailure(ending) ? 'warn' : 'info'
}

/** Whether it broke, other than by the client's own doing. */
export function isFailure(ending: Ending): boolean {
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
