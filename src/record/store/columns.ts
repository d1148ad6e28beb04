import { NAMED, type Names } from './names.ts'
import type { NewRow, Value } from './store.ts'

/** Endpoints that most requests go to; rows of others are found by an index of their own. */
export const ENDPOINTS: ReadonlySet<string> = new Set([
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/models',
])

const COUNTS = [
  'status',
  'attempts',
  'bytes_in',
  'bytes_out',
  'input',
  'output',
  'cache_read',
  'cache_write',
  'cache_write_5m',
  'cache_write_1h',
  'thinking',
  'cost',
  'first_byte',
  'duration',
]

/** The columns of a row, in the order of `valuesOf`. */
export const COLUMNS: readonly string[] = [
  'key',
  'id',
  'upstream_id',
  'instance',
  'stream',
  'list_price',
  'other_path',
  ...NAMED.map(([, column]) => column),
  ...COUNTS,
]

/** A row's values, its names as numbers. One by one: going through the lists of columns takes twice as long. */
export function valuesOf(row: NewRow, names: Names, instance: string): Value[] {
  return [
    row.key,
    row.id,
    row.upstreamId ?? null,
    names.idOf('instance', instance),
    row.stream ? 1 : 0,
    row.listPrice ? 1 : 0,
    ENDPOINTS.has(row.path) ? null : 1,
    names.idOf('client', row.client),
    names.idOf('address', row.address),
    names.idOf('session', row.session),
    names.idOf('word', row.mode),
    names.idOf('word', row.method),
    names.idOf('path', row.path),
    names.idOf('word', row.protocol),
    names.idOf('word', row.wire),
    names.idOf('provider', row.provider),
    names.idOf('word', row.kind),
    names.idOf('model', row.model),
    names.idOf('model', row.upstreamModel),
    names.idOf('ended', row.ended),
    names.idOf('word', row.stopReason),
    names.idOf('notes', row.notes),
    names.idOf('error', row.error),
    row.status,
    row.attempts,
    row.bytesIn,
    row.bytesOut,
    row.input ?? null,
    row.output ?? null,
    row.cacheRead ?? null,
    row.cacheWrite ?? null,
    row.cacheWrite5m ?? null,
    row.cacheWrite1h ?? null,
    row.thinking ?? null,
    row.cost ?? null,
    row.firstByte ?? null,
    row.duration,
  ]
}
