import { ENDPOINTS } from './columns.ts'
import { addHistogram, bucketOf, histogramText } from './histogram.ts'
import type { Names } from './names.ts'
import { KEYS_PER_HOUR, type NewRow, type Value } from './store.ts'

// The figures of each hour, written in the same transaction as the rows that they sum up: what a dashboard asks for is
// then read from a few thousand of these instead of from a million rows, and they tell where the rows of a filter are.
// They are kept on several levels: apart by everything, and by one thing alone for the questions that most are.

/** What the figures of an hour are kept apart by; 0 stands for a name that is absent, or not looked at on a level. */
export const DIMENSIONS = [
  'level',
  'hour',
  'provider',
  'model',
  'upstream_model',
  'client',
  'path',
  'status',
  'ended',
] as const
type Dimension = (typeof DIMENSIONS)[number]

/** What each level keeps apart beside the hour; the number of a level is its place, and the first knows everything. */
const LEVELS: readonly ReadonlySet<Dimension>[] = [
  new Set<Dimension>(['provider', 'model', 'upstream_model', 'client', 'path', 'status', 'ended']),
  new Set<Dimension>(),
  new Set<Dimension>(['model', 'upstream_model', 'path']),
  new Set<Dimension>(['client']),
  new Set<Dimension>(['provider']),
  new Set<Dimension>(['status', 'ended']),
]

/** Deletes the figures of hours before one; the levels are named so that their index is used. */
export const FORGET_SQL = `DELETE FROM hourly WHERE level IN (${LEVELS.map((_, level) => level).join(', ')})
  AND hour < $1`

/** The level with the fewest figures that still keeps these apart. */
export function levelFor(needed: readonly string[]): number {
  for (let level = 1; level < LEVELS.length; level++) {
    const kept: ReadonlySet<string> | undefined = LEVELS[level]
    if (needed.every((name) => kept?.has(name))) return level
  }
  return 0
}

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

const FIGURES = [...DIMENSIONS, ...SUMS, ...HISTOGRAMS]

/** Adds figures to those that are there; the distributions' lengths tell when they want to be made short. */
export function rollupSql(count: number): string {
  const row = (number: number) =>
    `(${FIGURES.map((_, index) => `$${number * FIGURES.length + index + 1}`).join(', ')})`
  const rows = Array.from({ length: count }, (_, number) => row(number))
  return `INSERT INTO hourly (${FIGURES.join(', ')}) VALUES ${rows.join(', ')} ${ADD}`
}

const ADD = `ON CONFLICT (${DIMENSIONS.join(', ')}) DO UPDATE SET
  ${SUMS.map((sum) => `${sum} = hourly.${sum} + excluded.${sum}`).join(', ')},
  ${HISTOGRAMS.map((name) => `${name} = ${joined(name)}`).join(', ')}
  RETURNING ${DIMENSIONS.join(', ')}, length(duration) + length(first_byte) AS size`

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

/** Sums rows up on every level, sorted so that two writers never wait for each other in a circle. */
export function rollUp(rows: readonly NewRow[], names: Names): Rollup[] {
  const whole = new Map<string, Rollup>()
  for (const row of rows) addRow(rollupAt(whole, dimensionsOf(row, names)), row)
  const all = new Map(whole)
  for (const rollup of whole.values()) {
    for (let level = 1; level < LEVELS.length; level++) {
      addSums(rollupAt(all, onLevel(rollup.dimensions, level)), rollup)
    }
  }
  return [...all].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, rollup]) => rollup)
}

function rollupAt(rollups: Map<string, Rollup>, dimensions: readonly number[]): Rollup {
  const key = dimensions.join()
  const found = rollups.get(key)
  if (found !== undefined) return found
  const rollup = { dimensions, sums: noSums(), duration: [], firstByte: [] }
  rollups.set(key, rollup)
  return rollup
}

function onLevel(dimensions: readonly number[], level: number): number[] {
  return dimensions.map((value, index) => {
    const name = DIMENSIONS[index] ?? 'level'
    if (name === 'level') return level
    return name === 'hour' || LEVELS[level]?.has(name) ? value : 0
  })
}

/** What is summed up for one group. */
export type Sums = Pick<Rollup, 'sums' | 'duration' | 'firstByte'>

/** Adds figures to others. */
export function addSums(to: Sums, more: Sums): void {
  for (const sum of SUMS) to.sums[sum] += more.sums[sum]
  addCounts(to.duration, more.duration)
  addCounts(to.firstByte, more.firstByte)
}

function addCounts(to: number[], more: readonly number[]): void {
  more.forEach((count, bucket) => {
    to[bucket] = (to[bucket] ?? 0) + count
  })
}

/** The parameters of one row of `rollupSql`. */
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
    0,
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
