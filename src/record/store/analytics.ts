import type { Analytics, AnalyticsQuery, Figures, Group, Grouping } from '../ledger-shape.ts'
import { type Found, findFilter, hoursOf, textsOf, whole } from './filter.ts'
import { addHistogram, bucketOf, percentilesOf } from './histogram.ts'
import { numberOf, toNumber, toText } from './read.ts'
import { addSums, isError, levelFor, noSums, SUMS, type Sum, type Sums } from './rollup.ts'
import { KEYS_PER_HOUR, type Store, type StoredRow } from './store.ts'

type Reads = Pick<Store, 'all'>

const HOUR_MS = 3_600_000
const DAY_HOURS = 24
const NANO = 1e9

/** The figures of a filter, grouped; from the hourly figures, or for one session from its rows. */
export async function analyse(store: Reads, query: AnalyticsQuery): Promise<Analytics> {
  const bounds = {
    since: query.since === undefined ? undefined : floorTo(query.since, HOUR_MS),
    until: query.until === undefined ? undefined : floorTo(query.until + HOUR_MS - 1, HOUR_MS),
  }
  const found = await findFilter(store, { ...query, ...bounds })
  const offset = Math.round((query.offsetMinutes ?? 0) / 60)
  const groups =
    found === undefined
      ? new Map<number, Sums>()
      : found.session === undefined
        ? await ofHours(store, found, query.by, offset)
        : await ofSession(store, found, found.session, query.by, offset)
  const total = emptySums()
  for (const group of groups.values()) addSums(total, group)
  return {
    ...bounds,
    total: figuresOf(total),
    groups: await named(store, groups, query.by, offset),
  }
}

function floorTo(time: number, step: number): number {
  return Math.floor(time / step) * step
}

/** What the figures are grouped by; a model by its name at the upstream, which is what its price goes by. */
function groupOf(by: Grouping, offset: number): string {
  switch (by) {
    case 'hour':
      return 'hour'
    case 'day':
      return `(hour + ${whole(offset)}) / ${DAY_HOURS}`
    case 'model':
      return 'CASE WHEN upstream_model > 0 THEN upstream_model ELSE model END'
    case 'client':
    case 'provider':
    case 'status':
    case 'ended':
      return by
  }
}

async function ofHours(
  store: Reads,
  { range, conditions, columns }: Found,
  by: Grouping,
  offset: number,
): Promise<Map<number, Sums>> {
  const { first, last } = hoursOf(range)
  const level = levelFor(by === 'hour' || by === 'day' ? columns : [...columns, by])
  const where = [
    `level = ${level}`,
    `hour >= ${whole(first)}`,
    `hour <= ${whole(last)}`,
    ...conditions,
  ].join(' AND ')
  const rows = await store.all(
    `SELECT ${groupOf(by, offset)} AS part, ${SUMS.map((sum) => `sum(${sum}) AS ${sum}`).join(', ')},
      string_agg(duration, ',') AS duration, string_agg(first_byte, ',') AS first_byte
      FROM hourly WHERE ${where} GROUP BY 1`,
    [],
  )
  const groups = new Map<number, Sums>()
  for (const row of rows) {
    const group = emptySums()
    for (const sum of SUMS) group.sums[sum] = numberOf(row, sum)
    addHistogram(group.duration, toText(row.duration) ?? '')
    addHistogram(group.firstByte, toText(row.first_byte) ?? '')
    groups.set(numberOf(row, 'part'), group)
  }
  return groups
}

async function ofSession(
  store: Reads,
  { range, conditions }: Found,
  session: number,
  by: Grouping,
  offset: number,
): Promise<Map<number, Sums>> {
  const where = [`key >= ${whole(range.low)}`, `key < ${whole(range.high)}`, ...conditions]
  const none = ['provider', 'model', 'upstream_model', 'client'].map(
    (c) => `coalesce(${c}, 0) AS ${c}`,
  )
  const counts = SUMS.filter((sum) => !DERIVED.has(sum))
  const rows = await store.all(
    `SELECT ${groupOf(by, offset)} AS part, e.* FROM (
      SELECT key / ${KEYS_PER_HOUR} AS hour, ${none.join(', ')}, status, ended, list_price,
      first_byte, duration, ${counts.join(', ')},
      (SELECT text FROM name WHERE id = exchange.ended) AS ending
      FROM exchange WHERE session = ${whole(session)} AND ${where.join(' AND ')}) e`,
    [],
  )
  const groups = new Map<number, Sums>()
  for (const row of rows) {
    const part = numberOf(row, 'part')
    const group = groups.get(part) ?? emptySums()
    groups.set(part, group)
    addStored(group, row, counts)
  }
  return groups
}

/** Sums that no column of a row has as such. */
const DERIVED: ReadonlySet<Sum> = new Set([
  'requests',
  'errors',
  'client_left',
  'list_cost',
  'unpriced',
])

function addStored({ sums, duration, firstByte }: Sums, row: StoredRow, counts: readonly Sum[]) {
  const ended = toText(row.ending) ?? ''
  for (const sum of counts) if (sum !== 'cost') sums[sum] += numberOf(row, sum)
  sums.requests += 1
  if (isError({ status: numberOf(row, 'status'), ended })) sums.errors += 1
  if (ended === 'client_left') sums.client_left += 1
  const cost = toNumber(row.cost)
  if (cost !== undefined) sums[numberOf(row, 'list_price') === 1 ? 'list_cost' : 'cost'] += cost
  const counted = toNumber(row.input) !== undefined || toNumber(row.output) !== undefined
  if (cost === undefined && counted) sums.unpriced += 1
  addTo(duration, row.duration)
  addTo(firstByte, row.first_byte)
}

function addTo(counts: number[], value: unknown): void {
  const microseconds = toNumber(value)
  if (microseconds === undefined) return
  const bucket = bucketOf(microseconds)
  counts[bucket] = (counts[bucket] ?? 0) + 1
}

function emptySums(): Sums {
  return { sums: noSums(), duration: [], firstByte: [] }
}

function figuresOf({ sums, duration, firstByte }: Sums): Figures {
  const prompt = sums.input + sums.cache_read + sums.cache_write
  return {
    requests: sums.requests,
    errors: sums.errors,
    clientLeft: sums.client_left,
    attempts: sums.attempts,
    bytesIn: sums.bytes_in,
    bytesOut: sums.bytes_out,
    tokens: {
      input: sums.input,
      output: sums.output,
      cacheRead: sums.cache_read,
      cacheWrite: sums.cache_write,
      cacheWrite5m: sums.cache_write_5m,
      cacheWrite1h: sums.cache_write_1h,
      thinking: sums.thinking,
    },
    cost: sums.cost / NANO,
    listCost: sums.list_cost / NANO,
    unpriced: sums.unpriced,
    cacheHitShare: prompt === 0 ? undefined : sums.cache_read / prompt,
    duration: percentilesOf(duration),
    firstByte: percentilesOf(firstByte),
  }
}

async function named(
  store: Reads,
  groups: ReadonlyMap<number, Sums>,
  by: Grouping,
  offset: number,
): Promise<Group[]> {
  const parts = [...groups.keys()]
  if (by === 'hour' || by === 'day') {
    const begin = (part: number) => (by === 'hour' ? part : part * DAY_HOURS - offset) * HOUR_MS
    return parts
      .sort((one, other) => one - other)
      .map((part) => {
        const name = new Date(begin(part)).toISOString()
        return { name, time: begin(part), ...figuresOf(groups.get(part) ?? emptySums()) }
      })
  }
  const texts = by === 'status' ? undefined : await textsOf(store, parts)
  return parts
    .map((part) => {
      const name = texts === undefined ? String(part) : texts.get(part)
      return { name, time: undefined, ...figuresOf(groups.get(part) ?? emptySums()) }
    })
    .sort((one, other) => other.requests - one.requests)
}
