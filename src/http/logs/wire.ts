import type {
  Analytics,
  Figures,
  LedgerEntry,
  LedgerNames,
  LedgerRow,
  LedgerStatus,
  Tokens,
} from '../../record/ledger-shape.ts'
import { endOf, type Live, shortText, toldAt, type UpstreamState } from '../../record/live.ts'
import type { Settled, Started } from '../../record/observer.ts'
import { redact } from '../../record/redact.ts'
import type {
  LiveRequest,
  LiveResult,
  LogAnalytics,
  LogEntry,
  LogFigures,
  LogRow,
  LogStatus,
} from './schema.ts'

/** A row as /logs gives it. */
export function rowOut(row: LedgerRow): LogRow {
  return {
    key: row.key,
    ...requestOut(row),
    instance: row.instance,
    upstream_request_id: row.upstreamRequestId,
    session: row.session,
    status: row.status,
    ended: row.ended,
    stop_reason: row.stopReason,
    attempts: row.attempts,
    bytes_in: row.bytesIn,
    bytes_out: row.bytesOut,
    tokens: tokensOut(row.tokens),
    cost_usd: row.cost,
    list_price: row.listPrice,
    first_byte_ms: row.firstByteMs,
    duration_ms: row.durationMs,
    notes: [...row.notes],
    error: row.error,
  }
}

/** A row with its bodies. */
export function entryOut(entry: LedgerEntry): LogEntry {
  return { ...rowOut(entry), request_body: entry.requestBody, reply_body: entry.replyBody }
}

/** What runs, as the live feed tells it. */
export function startedOut(exchange: Started): LiveRequest {
  const { serial, upstream } = exchange
  return { serial, ...requestOut({ ...exchange, provider: upstream }) }
}

/** What settled, as the live feed tells it. */
export function settledOut(exchange: Settled, cost: number | undefined): LiveResult {
  return {
    ...startedOut(exchange),
    upstream_request_id: exchange.requestId,
    session: exchange.session,
    status: exchange.status,
    ended: exchange.ending,
    stop_reason: exchange.usage.stopReason,
    attempts: exchange.attempts,
    bytes_in: exchange.bytesIn,
    bytes_out: exchange.bytesOut,
    tokens: tokensOut(exchange.usage),
    cost_usd: cost,
    list_price: exchange.planLogin,
    first_byte_ms: exchange.firstByteMs,
    duration_ms: exchange.durationMs,
    notes: [...exchange.notes],
    error: clean(exchange.error),
    limits: exchange.limits === undefined ? undefined : { ...exchange.limits },
  }
}

/** Figures as /logs gives them. */
export function analyticsOut(by: string, { since, until, total, groups }: Analytics): LogAnalytics {
  return {
    by,
    since: timeOut(since),
    until: timeOut(until),
    total: figuresOut(total),
    groups: groups.map((group) => ({
      name: group.name,
      time: timeOut(group.time),
      ...figuresOut(group),
    })),
  }
}

/** The state of it all. */
export function statusOut(status: LedgerStatus, live: Live, names: LedgerNames): LogStatus {
  const { oldest, newest, ...ledger } = status
  return {
    ledger: { ...ledger, oldest: timeOut(oldest), newest: timeOut(newest) },
    live: {
      running: live.running().length,
      recent: live.recent().length,
      listeners: live.listeners,
    },
    upstreams: live.upstreams().map(upstreamOut),
    names: {
      models: [...names.models],
      providers: [...names.providers],
      clients: [...names.clients],
      ended: [...names.ended],
    },
  }
}

function upstreamOut(state: UpstreamState): LogStatus['upstreams'][number] {
  const { lastFailure, limits } = state
  return {
    provider: state.provider,
    last_success: timeOut(state.lastSuccess),
    last_failure: timeOut(lastFailure && endOf(lastFailure)),
    last_ended: lastFailure?.ending,
    last_status: lastFailure?.status,
    last_error: clean(lastFailure?.error),
    failures: state.failures,
    limits: limits?.limits && {
      time: new Date(toldAt(limits)).toISOString(),
      client: limits.client,
      values: { ...limits.limits },
    },
  }
}

type RequestParts = Omit<Started, 'place' | 'serial' | 'upstream' | 'protocol' | 'wire'> & {
  readonly provider: string | undefined
  readonly protocol: string | undefined
  readonly wire: string | undefined
}

/** Clients choose paths and names: neither is told at any length. */
function requestOut(request: RequestParts) {
  return {
    time: new Date(request.time).toISOString(),
    id: request.id,
    client: request.client,
    address: request.address,
    mode: request.mode,
    method: request.method,
    path: shortText(request.path),
    protocol: request.protocol,
    wire: request.wire,
    provider: request.provider,
    kind: request.kind,
    model: shortText(request.model),
    upstream_model: shortText(request.upstreamModel),
    stream: request.stream,
  }
}

function tokensOut(tokens: Partial<Tokens>) {
  return {
    input: tokens.input,
    output: tokens.output,
    cache_read: tokens.cacheRead,
    cache_write: tokens.cacheWrite,
    cache_write_5m: tokens.cacheWrite5m,
    cache_write_1h: tokens.cacheWrite1h,
    thinking: tokens.thinking,
  }
}

function figuresOut(figures: Figures): LogFigures {
  const { tokens } = figures
  return {
    requests: figures.requests,
    errors: figures.errors,
    client_left: figures.clientLeft,
    attempts: figures.attempts,
    bytes_in: figures.bytesIn,
    bytes_out: figures.bytesOut,
    tokens: {
      input: tokens.input,
      output: tokens.output,
      cache_read: tokens.cacheRead,
      cache_write: tokens.cacheWrite,
      cache_write_5m: tokens.cacheWrite5m,
      cache_write_1h: tokens.cacheWrite1h,
      thinking: tokens.thinking,
    },
    cost_usd: figures.cost,
    list_cost_usd: figures.listCost,
    unpriced: figures.unpriced,
    cache_hit_share: figures.cacheHitShare,
    duration_ms: figures.duration && { ...figures.duration },
    first_byte_ms: figures.firstByte && { ...figures.firstByte },
  }
}

/** An upstream's words may quote what it was sent. */
function clean(error: string | undefined): string | undefined {
  return error === undefined ? undefined : redact(error)
}

function timeOut(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString()
}
