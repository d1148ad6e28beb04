import type { LedgerEntry, LedgerPage, LedgerQuery } from '../ledger-shape.ts'
import { ENDPOINTS } from './columns.ts'
import { type Found, findFilter, hoursOf, type KeyRange, whole, wholes } from './filter.ts'
import { hashOf, KEYS_PER_MINUTE } from './id-blocks.ts'
import { numberOf, toText } from './read.ts'
import { levelFor } from './rollup.ts'
import { ledgerEntry, ledgerRow, ROW_COLUMNS } from './row.ts'
import { KEYS_PER_HOUR, KEYS_PER_MS, type Store, type StoredRow } from './store.ts'

type Reads = Pick<Store, 'all'>

const DEFAULT_LIMIT = 100
const MOST = 1000
/** So many partial reads go into one statement. */
const TOGETHER = 16
/** So many hours are looked at, at once, for rows of a filter. */
const HOURS = 500
/** A search for a part of a text stops at so many different texts, the latest used first. */
const MOST_TEXTS = 200
const ID = /^[\w.:-]{1,128}$/

/** What a page is read with. */
interface Reading {
  readonly store: Reads
  readonly found: Found
  readonly range: KeyRange
  readonly ascending: boolean
  /** One more than the page holds: it tells whether there is another. */
  readonly wanted: number
}

/** One page of rows. */
export async function listRows(store: Reads, query: LedgerQuery): Promise<LedgerPage> {
  const found = await findFilter(store, query)
  if (found === undefined) return { rows: [], next: undefined }
  const ascending = query.order === 'asc'
  const limit = Math.min(MOST, Math.max(1, query.limit ?? DEFAULT_LIMIT))
  const reading = {
    store,
    found,
    ascending,
    range: beyond(found.range, query.cursor, ascending),
    wanted: limit + 1,
  }
  const rows = inOrder(await candidates(reading, query.text), ascending)
  const page = rows.slice(0, limit).map(ledgerRow)
  return { rows: page, next: rows.length > limit ? page.at(-1)?.key : undefined }
}

/** One row with its bodies, by its key or by a request id, of which the newest counts. */
export async function readEntry(
  store: Reads,
  keyOrId: number | string,
): Promise<LedgerEntry | undefined> {
  const range = { low: 0, high: Number.MAX_SAFE_INTEGER }
  const found = { range, conditions: [], columns: [], session: undefined }
  const reading = { store, found, range, ascending: false, wanted: 1 }
  const rows =
    typeof keyOrId === 'number'
      ? await read(reading, [`key = ${whole(keyOrId)}`])
      : await withId(reading, keyOrId)
  const row = inOrder(rows, false)[0]
  if (row === undefined) return undefined
  const key = whole(numberOf(row, 'key'))
  const [body] = await store.all(`SELECT request, reply FROM body WHERE key = ${key}`, [])
  return ledgerEntry(row, body)
}

function beyond(range: KeyRange, cursor: number | undefined, ascending: boolean): KeyRange {
  if (cursor === undefined) return range
  const after = Math.min(cursor + 1, Number.MAX_SAFE_INTEGER)
  if (ascending) return { ...range, low: Math.max(range.low, after) }
  return { ...range, high: Math.min(range.high, cursor) }
}

/** Rows by key, each once, in order. */
function inOrder(rows: readonly StoredRow[], ascending: boolean): StoredRow[] {
  const byKey = new Map(rows.map((row) => [numberOf(row, 'key'), row]))
  const sorted = [...byKey].sort(([one], [other]) => (ascending ? one - other : other - one))
  return sorted.map(([, row]) => row)
}

function candidates(reading: Reading, text: string | undefined): Promise<readonly StoredRow[]> {
  const { found } = reading
  if (text !== undefined && text !== '') return search(reading, text)
  if (found.session !== undefined) return read(reading, [`session = ${whole(found.session)}`])
  return found.conditions.length === 0 ? read(reading, ['1 = 1']) : guided(reading, [], [])
}

/** Reads the first rows for each of some conditions, several conditions in one statement. */
async function read(
  { store, found, range, ascending, wanted }: Reading,
  conditions: readonly string[],
  ranges: readonly KeyRange[] = [range],
): Promise<StoredRow[]> {
  const { session } = found
  const always = [
    ...found.conditions,
    ...(session === undefined ? [] : [`session = ${whole(session)}`]),
  ]
  const parts = conditions.flatMap((condition) =>
    ranges.map(({ low, high }) => {
      const all = [`key >= ${whole(low)}`, `key < ${whole(high)}`, condition, ...always]
      const order = ascending ? 'ASC' : 'DESC'
      return `SELECT * FROM (SELECT key FROM exchange WHERE ${all.join(' AND ')} ORDER BY key ${order} LIMIT ${whole(wanted)}) part`
    }),
  )
  const rows: StoredRow[] = []
  for (let at = 0; at < parts.length; at += TOGETHER) {
    const keys = parts.slice(at, at + TOGETHER).join(' UNION ALL ')
    const sql = `SELECT ${ROW_COLUMNS} FROM exchange e WHERE e.key IN (${keys})`
    rows.push(...(await store.all(sql, [])))
  }
  return rows
}

/** Reads rows by way of the hourly figures, which tell in which hours there are any. */
async function guided(
  reading: Reading,
  more: readonly string[],
  columns: readonly string[],
): Promise<StoredRow[]> {
  const { store, found, ascending, wanted } = reading
  const level = levelFor([...found.columns, ...columns])
  const rows: StoredRow[] = []
  let { first, last } = hoursOf(reading.range)
  while (first <= last && rows.length < wanted) {
    const sql = `SELECT hour, sum(requests) AS requests FROM hourly
      WHERE ${[`level = ${level}`, `hour >= ${whole(first)}`, `hour <= ${whole(last)}`, ...found.conditions, ...more].join(' AND ')}
      GROUP BY hour ORDER BY hour ${ascending ? 'ASC' : 'DESC'} LIMIT ${HOURS}`
    const hours = await store.all(sql, [])
    for (let at = 0; at < hours.length && rows.length < wanted; ) {
      const next = enough(hours, at, wanted - rows.length)
      const conditions = more.length === 0 ? ['1 = 1'] : [more.join(' AND ')]
      rows.push(...(await read(reading, conditions, rangesOf(hours.slice(at, next), reading))))
      at = next
    }
    if (hours.length < HOURS) break
    const end = numberOf(hours.at(-1), 'hour')
    if (ascending) first = end + 1
    else last = end - 1
  }
  return rows
}

/** How many of the hours are likely to hold the rows that are missing. */
function enough(hours: readonly StoredRow[], from: number, missing: number): number {
  let sum = 0
  let at = from
  while (at < hours.length && sum < missing) sum += numberOf(hours[at++], 'requests')
  return at
}

/** The keys of hours within what is read; hours behind each other are one range. */
function rangesOf(hours: readonly StoredRow[], { range }: Reading): KeyRange[] {
  const numbers = hours.map((row) => numberOf(row, 'hour')).sort((one, other) => one - other)
  const ranges: { low: number; high: number }[] = []
  for (const hour of numbers) {
    const low = hour * KEYS_PER_HOUR
    const before = ranges.at(-1)
    if (before?.high === low) before.high = low + KEYS_PER_HOUR
    else ranges.push({ low, high: low + KEYS_PER_HOUR })
  }
  return ranges.map(({ low, high }) => ({
    low: Math.max(low, range.low),
    high: Math.min(high, range.high),
  }))
}

/** Rows whose path, model or error holds a text, or whose id it is. */
async function search(reading: Reading, text: string): Promise<readonly StoredRow[]> {
  const part = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  const names = await reading.store.all(
    // Some databases know the cases of ASCII's letters only: what stands as it was written is found anyway.
    `SELECT id, kind, text FROM name WHERE kind IN ('path', 'model', 'error')
      AND lower(text) LIKE lower($1) ESCAPE '\\'
      ORDER BY used DESC, id DESC LIMIT ${MOST_TEXTS}`,
    [part],
  )
  const ids = (kind: string, fits: (text: string) => boolean = () => true) =>
    names
      .filter((row) => row.kind === kind && fits(toText(row.text) ?? ''))
      .map((row) => numberOf(row, 'id'))
  const models = ids('model')
  const endpoints = ids('path', (path) => ENDPOINTS.has(path))
  const paths = ids('path', (path) => !ENDPOINTS.has(path))
  const known = [
    ...(models.length > 0 ? [`model IN ${wholes(models)}`] : []),
    ...(models.length > 0 ? [`upstream_model IN ${wholes(models)}`] : []),
    ...(endpoints.length > 0 ? [`path IN ${wholes(endpoints)}`] : []),
  ]
  const single = [
    ...ids('error').map((id) => `error = ${whole(id)}`),
    ...paths.map((id) => `other_path IS NOT NULL AND path = ${whole(id)}`),
  ]
  return [
    ...(known.length > 0
      ? await guided(reading, [`(${known.join(' OR ')})`], ['model', 'upstream_model', 'path'])
      : []),
    ...(await read(reading, single)),
    ...(ID.test(text) ? await withId(reading, text) : []),
  ]
}

/** Rows with a request id, the client's or the upstream's: only minutes whose ids' hashes have its own are read. */
async function withId(reading: Reading, id: string): Promise<StoredRow[]> {
  const { store, range, ascending, wanted } = reading
  const order = ascending ? 'ASC' : 'DESC'
  const rows: StoredRow[] = []
  let first = Math.floor(range.low / KEYS_PER_MINUTE)
  let last = Math.floor((range.high - 1) / KEYS_PER_MINUTE)
  while (rows.length < wanted) {
    const found = await store.all(
      `SELECT DISTINCT minute FROM id_block WHERE minute >= ${whole(first)} AND minute <= ${whole(last)}
        AND hashes LIKE '%${hashOf(id)}%' ORDER BY minute ${order} LIMIT ${TOGETHER}`,
      [],
    )
    const minutes = found.map((row) => numberOf(row, 'minute'))
    if (minutes.length > 0) rows.push(...(await withIdIn(reading, id, minutes)))
    if (minutes.length < TOGETHER) break
    const end = minutes.at(-1) ?? 0
    if (ascending) first = end + 1
    else last = end - 1
  }
  return rows
}

async function withIdIn(
  reading: Reading,
  id: string,
  minutes: readonly number[],
): Promise<StoredRow[]> {
  const parts = minutes.map((minute) => {
    const low = minute * KEYS_PER_MINUTE
    // A key that was taken was moved to a next one, at most into the next millisecond.
    const high = low + KEYS_PER_MINUTE + KEYS_PER_MS
    return `SELECT key FROM exchange WHERE key >= ${low} AND key < ${high} AND (id = $1 OR upstream_id = $1)`
  })
  const found = await reading.store.all(parts.join(' UNION ALL '), [id])
  const keys = found.map((row) => numberOf(row, 'key'))
  return keys.length === 0 ? [] : read(reading, [`key IN ${wholes(keys)}`])
}
