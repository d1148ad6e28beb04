import type { LiveRequest, LogRow } from '../../logs/schema.ts'

/** One exchange that is over, from the ledger or the live feed; the feed knows no key. */
export type Row = Omit<LogRow, 'key' | 'instance'> & Partial<Pick<LogRow, 'key' | 'instance'>>

/** The time ranges, by the name in the address. */
export const RANGES = new Map([
  ['1h', '1 h'],
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
  ['all', 'All'],
] as const)
/** One of the time ranges. */
export type Range = '1h' | '24h' | '7d' | '30d' | 'all'

/** What rows are filtered by. */
export const FILTERS = [
  'model',
  'provider',
  'client',
  'status',
  'ended',
  'session',
  'text',
] as const
/** One thing that rows are filtered by. */
export type FilterName = (typeof FILTERS)[number]
/** Names that /logs takes several of, with commas between. */
const LISTS: ReadonlySet<FilterName> = new Set(['model', 'provider', 'client'])
/** The values that are asked for; what is empty is absent. */
export type Filter = Readonly<Partial<Record<FilterName, string>>>

/** What the page shows; kept in the address, so that it survives a reload and can be shared. */
export interface View {
  readonly range: Range
  readonly filter: Filter
}

/** Reads a view from an address's fragment. */
export function readView(hash: string): View {
  const params = new URLSearchParams(hash.replace(/^#/, ''))
  const range = [...RANGES.keys()].find((one) => one === params.get('range')) ?? '24h'
  const given = FILTERS.map((name) => [name, params.get(name)?.trim() ?? ''] as const)
  return { range, filter: Object.fromEntries(given.filter(([, value]) => value !== '')) }
}

/** Writes a view as an address's fragment. */
export function writeView({ range, filter }: View): string {
  const params = new URLSearchParams({ range })
  for (const name of FILTERS) if (filter[name]) params.set(name, filter[name])
  return `#${params}`
}

/** The query of /logs for a view. */
export function queryOf({ range, filter }: View): URLSearchParams {
  const params = new URLSearchParams(range === 'all' ? {} : { since: range })
  for (const name of FILTERS) {
    const value = filter[name]
    if (value) params.set(name, LISTS.has(name) ? value.replaceAll(',', '\\,') : value)
  }
  return params
}

/** Whether a running exchange is meant; what is known only of one that is over excludes it. */
export function matchesRunning(request: LiveRequest, filter: Filter): boolean {
  const { status, ended, session, text } = filter
  return (status ?? ended ?? session ?? text) === undefined && isMeant(request, filter)
}

/** Whether an exchange that is over is meant: as /logs/query decides. */
export function matchesRow(row: Row, filter: Filter): boolean {
  const { status, ended, session, text } = filter
  return (
    isMeant(row, filter) &&
    (status === undefined || isOfStatus(row.status, status)) &&
    (ended === undefined || row.ended === ended) &&
    (session === undefined || row.session === session) &&
    (text === undefined || holds(row, text.toLowerCase()))
  )
}

function isMeant(
  row: Pick<Row, 'model' | 'upstream_model' | 'provider' | 'client'>,
  filter: Filter,
) {
  const { model, provider, client } = filter
  return (
    (model === undefined || row.model === model || row.upstream_model === model) &&
    (provider === undefined || row.provider === provider) &&
    (client === undefined || row.client === client)
  )
}

function isOfStatus(status: number, wanted: string): boolean {
  return /xx$/i.test(wanted) ? `${status}`[0] === wanted[0] : `${status}` === wanted
}

function holds(row: Row, part: string): boolean {
  const among = [row.path, row.error, row.model, row.upstream_model]
  return (
    row.id.toLowerCase() === part || among.some((one) => one?.toLowerCase().includes(part) === true)
  )
}
