import { keptBody } from './bodies.ts'
import type { Settled } from './observer.ts'
import { costOf, type PriceList } from './prices.ts'
import { redact } from './redact.ts'
import { KEYS_PER_MS, type NewRow } from './store/store.ts'

/** Names are indexed, and an index has room for 2,700 bytes; four each are the most that a character takes. */
const LONGEST = 600
const NANO = 1e9

/** What a row is made with. */
export interface RowOptions {
  readonly prices: PriceList
  /** Characters of a body that are kept. */
  readonly bodyLength: number
}

/** An exchange as it is stored; `number` tells those of one millisecond apart. */
export function newRow(exchange: Settled, number: number, options: RowOptions): NewRow {
  const { usage, kind, upstreamModel, model, bodies, firstByteMs } = exchange
  const cost = costOf(usage, upstreamModel ?? model, { kind }, options.prices)
  return {
    key: exchange.time * KEYS_PER_MS + (number % KEYS_PER_MS),
    id: exchange.id,
    upstreamId: text(exchange.requestId),
    client: text(exchange.client),
    address: text(exchange.address),
    session: text(exchange.session),
    mode: exchange.mode,
    method: exchange.method,
    path: text(exchange.path) ?? '',
    protocol: exchange.protocol,
    wire: exchange.wire,
    provider: exchange.upstream,
    kind,
    model: text(model),
    upstreamModel: text(upstreamModel),
    stream: exchange.stream,
    status: exchange.status,
    ended: exchange.ending,
    stopReason: text(usage.stopReason),
    attempts: exchange.attempts,
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    ...tokensOf(usage),
    cost: cost === undefined ? undefined : Math.round(cost * NANO),
    listPrice: exchange.planLogin,
    firstByte: firstByteMs === undefined ? undefined : Math.round(firstByteMs * 1000),
    duration: Math.round(exchange.durationMs * 1000),
    notes: notesOf(exchange.notes),
    error: exchange.error === undefined ? undefined : text(redact(exchange.error.slice(0, 8192))),
    requestBody: bodies?.request && keptBody([bodies.request], undefined, options.bodyLength),
    replyBody: bodies && keptBody(bodies.reply, exchange.protocol, options.bodyLength),
  }
}

function tokensOf(usage: Settled['usage']) {
  const { input, output, cacheRead, cacheWrite, cacheWrite5m, cacheWrite1h, thinking } = usage
  return { input, output, cacheRead, cacheWrite, cacheWrite5m, cacheWrite1h, thinking }
}

/** Whole notes only, as many as there is room for. */
function notesOf(notes: readonly string[]): string | undefined {
  if (notes.length === 0) return undefined
  const kept = [...notes]
  let json = JSON.stringify(kept)
  while (json.length > LONGEST && kept.length > 1) {
    kept.pop()
    json = JSON.stringify(kept)
  }
  return json.length > LONGEST ? JSON.stringify([text(kept[0]?.slice(0, LONGEST / 2))]) : text(json)
}

/** A text as a database takes it: not too long, no half characters, not the zero one; none where it is empty. */
function text(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  const short = value.length > LONGEST ? value.slice(0, LONGEST) : value
  return short.isWellFormed() && !short.includes('\u0000')
    ? short
    : short.toWellFormed().replaceAll('\u0000', '\ufffd')
}
