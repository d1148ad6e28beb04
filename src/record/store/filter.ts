import type { LedgerFilter } from '../ledger-shape.ts'
import { numberOf, toText } from './read.ts'
import { KEYS_PER_HOUR, KEYS_PER_MS, type Store } from './store.ts'

/** The keys that are looked at: from `low` on, below `high`. */
export interface KeyRange {
  readonly low: number
  readonly high: number
}

/** A filter whose names were found. */
export interface Found {
  readonly range: KeyRange
  /** Conditions on columns that rows and hourly figures have alike. */
  readonly conditions: readonly string[]
  /** The columns that they look at. */
  readonly columns: readonly string[]
  readonly session: number | undefined
}

/** Numbers stand in the statements themselves: only a whole number can. */
export function whole(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no whole number`)
  return String(value)
}

/** A list of numbers for `IN`. */
export function wholes(values: readonly number[]): string {
  return `(${values.map(whole).join(', ')})`
}

/** Finds what a filter names; undefined where it names what never occurred, so that nothing can fit. */
export async function findFilter(
  store: Pick<Store, 'all'>,
  filter: LedgerFilter,
): Promise<Found | undefined> {
  const conditions: string[] = []
  const used: string[] = []
  const { model, provider, client, ended, status } = filter
  for (const [kind, texts, columns] of [
    ['model', model, ['model', 'upstream_model']],
    ['provider', provider, ['provider']],
    ['client', client, ['client']],
    ['ended', ended, ['ended']],
  ] as const) {
    if (texts === undefined || texts.length === 0) continue
    const ids = await idsOf(store, kind, texts)
    if (ids.length === 0) return undefined
    used.push(...columns)
    conditions.push(`(${columns.map((column) => `${column} IN ${wholes(ids)}`).join(' OR ')})`)
  }
  if (status !== undefined && status.length > 0) {
    used.push('status')
    conditions.push(`(${status.map(statusCondition).join(' OR ')})`)
  }
  const range = { low: keyAt(filter.since ?? 0), high: keyAt(filter.until ?? Number.MAX_VALUE) }
  const found = { range, conditions, columns: used }
  if (filter.session === undefined) return { ...found, session: undefined }
  const [session] = await idsOf(store, 'session', [filter.session])
  return session === undefined ? undefined : { ...found, session }
}

/** The first key of a time; of one that no key can tell the nearest that one can. */
function keyAt(time: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(time) * KEYS_PER_MS))
}

/** A code, or a class as `4xx`; anything else fits nothing. */
function statusCondition(text: string): string {
  if (/^[1-5]xx$/i.test(text)) {
    const first = Number(text[0]) * 100
    return `status BETWEEN ${first} AND ${first + 99}`
  }
  return /^\d{3}$/.test(text) ? `status = ${text}` : 'status = 0'
}

async function idsOf(
  store: Pick<Store, 'all'>,
  kind: string,
  texts: readonly string[],
): Promise<number[]> {
  const places = texts.map((_, index) => `$${index + 2}`).join(', ')
  const sql = `SELECT id FROM name WHERE kind = $1 AND text IN (${places})`
  return (await store.all(sql, [kind, ...texts])).map((row) => numberOf(row, 'id'))
}

/** Texts by their number. */
export async function textsOf(
  store: Pick<Store, 'all'>,
  ids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (ids.length === 0) return new Map()
  const rows = await store.all(`SELECT id, text FROM name WHERE id IN ${wholes(ids)}`, [])
  return new Map(rows.map((row) => [numberOf(row, 'id'), toText(row.text) ?? '']))
}

/** The hours that a range of keys touches, the last one included. */
export function hoursOf({ low, high }: KeyRange): { first: number; last: number } {
  return { first: Math.floor(low / KEYS_PER_HOUR), last: Math.floor((high - 1) / KEYS_PER_HOUR) }
}
