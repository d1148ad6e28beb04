import { ENDPOINTS } from './columns.ts'
import { addHistogram, bucketOf, histogramText } from './histogram.ts'
import type { Names } from './names.ts'
import { KEYS_PER_HOUR, type NewRow, type Value } from './store.ts'

// The figures of each hour, written in the same transaction as the rows that they sum up: what a dashboard asks for is
// then read from a few thousand of these instead of from a million rows, and they tell where the rows of a filter are.

/** What the figures of an hour are kept apart by; 0 stands for a name that is absent. */
export const DIMENSIONS = [
  'hour',
  'provider',
  'model',
  'upstream_model',
  'client',
  'path',
  'status',
  'ended',
] as const

/** What is summed up. */
export const SUMS = [
  'requests',
  'errors',
  'client_left',
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
  'list_cost',
  'unpriced',
] as const
/** The name of a sum. */
export type Sum = (typeof SUMS)[number]

/** The two distributions, as texts. */
export const HISTOGRAMS = ['duration', 'first_byte'] as const

/** Adds an hour's figures to those that are there; the distributions' lengths tell when they want to be made short. */
export const ROLLUP_SQL = `INSERT INTO hourly (${[...DIMENSIONS, ...SUMS, ...HISTOGRAMS].join(', ')})
  VALUES (${[...DIMENSIONS, ...SUMS, ...HISTOGRAMS].map((_, index) => `$${index + 1}`).join(', ')})
  ON CONFLICT (${DIMENSIONS.join(', ')}) DO UPDATE SET
  ${SUMS.map((sum) => `${sum} = hourly.${sum} + excluded.${sum}`).join(', ')},
  ${HISTOGRAMS.map((name) => `${name} = ${joined(name)}`).join(', ')}
  RETURNING length(duration) + length(first_byte) AS size`

function joined(name: string): string {
  return `CASE WHEN hourly.${name} = '' THEN excluded.${name} WHEN excluded.${name} = ''
    THEN hourly.${name} ELSE hourly.${name} || ',' || excluded.${name} END`
}

const SAME = DIMENSIONS.map((name, index) => `${name} = $${index + 1}`).join(' AND ')
/** Reads the distributions of one hour's figures. */
export const HISTOGRAMS_SQL = `SELECT duration, first_byte FROM hourly WHERE ${SAME}`
/** Writes them again; the parameters are the two texts and the dimensions. */
export const COMPACT_SQL = `UPDATE hourly SET duration = $1, first_byte = $2
  WHERE ${DIMENSIONS.map((name, index) => `${name} = $${index + 3}`).join(' AND ')}`
/** Longer texts are made short: no text of both needs more than this once it is. */
export const LONG_HISTOGRAMS = 6000

/** The figures of one hour and one set of dimensions. */
export interface Rollup {
  readonly dimensions: readonly number[]
  readonly sums: Record<Sum, number>
  readonly duration: number[]
  readonly firstByte: number[]
}

/** Sums rows up, sorted so that two writers never wait for each other in a circle. */
export function rollUp(rows: readonly NewRow[], names: Names): Rollup[] {
  const rollups = new Map<string, Rollup>()
  for (const row of rows) {
    const dimensions = dimensionsOf(row, names)
    const key = dimensions.join()
    let rollup = rollups.get(key)
    if (rollup === undefined) {
      rollup = { dimensions, sums: noSums(), duration: [], firstByte: [] }
      rollups.set(key, rollup)
    }
    addRow(rollup, row)
  }
  return [...rollups.keys()].sort().flatMap((key) => rollups.get(key) ?? [])
}

/** The parameters of `ROLLUP_SQL`. */
export function rollupValues({ dimensions, sums, duration, firstByte }: Rollup): Value[] {
  return [
    ...dimensions,
    ...SUMS.map((sum) => sums[sum]),
    histogramText(duration),
    histogramText(firstByte),
  ]
}

/** A distribution that was joined from many, as one. */
export function compacted(text: unknown): string {
  const counts: number[] = []
  addHistogram(counts, String(text))
  return histogramText(counts)
}

/** Whether an exchange failed: by its status, or by breaking after a good one; a client's leaving is no failure. */
export function isError(row: { readonly status: number; readonly ended: string }): boolean {
  return row.ended !== 'client_left' && (row.status >= 400 || row.ended !== 'complete')
}

function dimensionsOf(row: NewRow, names: Names): number[] {
  return [
    Math.floor(row.key / KEYS_PER_HOUR),
    names.idOf('provider', row.provider) ?? 0,
    names.idOf('model', row.model) ?? 0,
    names.idOf('model', row.upstreamModel) ?? 0,
    names.idOf('client', row.client) ?? 0,
    ENDPOINTS.has(row.path) ? (names.idOf('path', row.path) ?? 0) : 0,
    row.status,
    names.idOf('ended', row.ended) ?? 0,
  ]
}

/** No figures yet. */
export function noSums(): Record<Sum, number> {
  const none: Partial<Record<Sum, number>> = {}
  for (const sum of SUMS) none[sum] = 0
  return none as Record<Sum, number>
}

function addRow({ sums, duration, firstByte }: Rollup, row: NewRow): void {
  sums.requests += 1
  if (isError(row)) sums.errors += 1
  if (row.ended === 'client_left') sums.client_left += 1
  sums.attempts += row.attempts
  sums.bytes_in += row.bytesIn
  sums.bytes_out += row.bytesOut
  sums.input += row.input ?? 0
  sums.output += row.output ?? 0
  sums.cache_read += row.cacheRead ?? 0
  sums.cache_write += row.cacheWrite ?? 0
  sums.cache_write_5m += row.cacheWrite5m ?? 0
  sums.cache_write_1h += row.cacheWrite1h ?? 0
  sums.thinking += row.thinking ?? 0
  if (row.listPrice) sums.list_cost += row.cost ?? 0
  else sums.cost += row.cost ?? 0
  if (row.cost === undefined && (row.input !== undefined || row.output !== undefined)) {
    sums.unpriced += 1
  }
  count(duration, row.duration)
  if (row.firstByte !== undefined) count(firstByte, row.firstByte)
}

function count(counts: number[], microseconds: number): void {
  const bucket = bucketOf(microseconds)
  counts[bucket] = (counts[bucket] ?? 0) + 1
}
