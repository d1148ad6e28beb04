import { parseJson } from '../../kit/json.ts'
import type { LedgerEntry, LedgerRow } from '../ledger-shape.ts'
import { NAMED } from './names.ts'
import { numberOf, toNumber, toText } from './read.ts'
import { KEYS_PER_MS, type StoredRow } from './store.ts'

/** Units of one USD, and of one ms; what is divided by them has no more digits than it needs. */
const NANO = 1e9
const MICROSECONDS = 1000
const PLAIN = [
  ...['key', 'id', 'upstream_id', 'stream', 'status', 'attempts', 'bytes_in', 'bytes_out'],
  ...['input', 'output', 'cache_read', 'cache_write', 'cache_write_5m', 'cache_write_1h'],
  ...['thinking', 'cost', 'list_price', 'first_byte', 'duration'],
]
const NAMES = ['instance', ...NAMED.map(([, column]) => column)]

/** The columns of a whole row of `e`, its names as texts. */
export const ROW_COLUMNS = [
  ...PLAIN.map((column) => `e.${column} AS ${column}`),
  ...NAMES.map((column) => `(SELECT text FROM name WHERE id = e.${column}) AS ${column}`),
].join(', ')

/** A row as the ledger gives it. */
export function ledgerRow(row: StoredRow): LedgerRow {
  const key = numberOf(row, 'key')
  const notes = parseJson(toText(row.notes) ?? '[]')
  return {
    key,
    time: Math.floor(key / KEYS_PER_MS),
    id: toText(row.id) ?? '',
    upstreamRequestId: toText(row.upstream_id),
    instance: toText(row.instance),
    client: toText(row.client),
    address: toText(row.address),
    session: toText(row.session),
    mode: toText(row.mode) ?? '',
    method: toText(row.method) ?? '',
    path: toText(row.path) ?? '',
    protocol: toText(row.protocol),
    wire: toText(row.wire),
    provider: toText(row.provider),
    kind: toText(row.kind),
    model: toText(row.model),
    upstreamModel: toText(row.upstream_model),
    stream: numberOf(row, 'stream') === 1,
    status: numberOf(row, 'status'),
    ended: toText(row.ended) ?? '',
    stopReason: toText(row.stop_reason),
    attempts: numberOf(row, 'attempts'),
    bytesIn: numberOf(row, 'bytes_in'),
    bytesOut: numberOf(row, 'bytes_out'),
    tokens: tokensOf(row),
    cost: scaled(row.cost, NANO),
    listPrice: numberOf(row, 'list_price') === 1,
    firstByteMs: scaled(row.first_byte, MICROSECONDS),
    durationMs: numberOf(row, 'duration') / MICROSECONDS,
    notes: Array.isArray(notes) ? notes.map(String) : [],
    error: toText(row.error),
  }
}

function tokensOf(row: StoredRow): LedgerRow['tokens'] {
  return {
    input: toNumber(row.input),
    output: toNumber(row.output),
    cacheRead: toNumber(row.cache_read),
    cacheWrite: toNumber(row.cache_write),
    cacheWrite5m: toNumber(row.cache_write_5m),
    cacheWrite1h: toNumber(row.cache_write_1h),
    thinking: toNumber(row.thinking),
  }
}

/** The same with its bodies. */
export function ledgerEntry(row: StoredRow, body: StoredRow | undefined): LedgerEntry {
  return { ...ledgerRow(row), requestBody: toText(body?.request), replyBody: toText(body?.reply) }
}

function scaled(value: unknown, units: number): number | undefined {
  const number = toNumber(value)
  return number === undefined ? undefined : number / units
}
