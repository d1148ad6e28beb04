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

const COUNTS: readonly (readonly [field: keyof NewRow, column: string])[] = [
  ['status', 'status'],
  ['attempts', 'attempts'],
  ['bytesIn', 'bytes_in'],
  ['bytesOut', 'bytes_out'],
  ['input', 'input'],
  ['output', 'output'],
  ['cacheRead', 'cache_read'],
  ['cacheWrite', 'cache_write'],
  ['cacheWrite5m', 'cache_write_5m'],
  ['cacheWrite1h', 'cache_write_1h'],
  ['thinking', 'thinking'],
  ['cost', 'cost'],
  ['firstByte', 'first_byte'],
  ['duration', 'duration'],
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
  ...COUNTS.map(([, column]) => column),
]

/** A row's values, its names as numbers. */
export function valuesOf(row: NewRow, names: Names, instance: string): Value[] {
  const values: Value[] = [
    row.key,
    row.id,
    row.upstreamId ?? null,
    names.idOf('instance', instance),
    row.stream ? 1 : 0,
    row.listPrice ? 1 : 0,
    ENDPOINTS.has(row.path) ? null : 1,
  ]
  for (const [field, , kind] of NAMED) {
    const text = row[field]
    values.push(typeof text === 'string' ? names.idOf(kind, text) : null)
  }
  for (const [field] of COUNTS) {
    const count = row[field]
    values.push(typeof count === 'number' ? count : null)
  }
  return values
}
