import type { Static } from '@sinclair/typebox'
import type { LogAnalytics, LogFigures, LogPage } from '../../logs/schema.ts'
import { figuresOf, groupsOf } from './figures.ts'
import { type Step, type StepKind, stepTimes } from './series.ts'
import { ask } from './server.ts'
import { queryOf, type Row, type View } from './view.ts'

/** What figures are apart by in the tables. */
export const GROUPINGS = new Map([
  ['model', 'Model'],
  ['client', 'Client'],
  ['provider', 'Provider'],
] as const)
/** One of them. */
export type Grouping = 'model' | 'client' | 'provider'
/** The figures of one name; it is absent where an exchange had none. */
export type Group = LogFigures & { readonly name?: string | undefined }

/** All figures of a view. */
export interface Board {
  readonly kind: StepKind
  readonly times: readonly number[]
  readonly steps: readonly Step[]
  readonly total: LogFigures
  readonly groups: Readonly<Record<Grouping, readonly Group[]>>
  /** What the figures leave out. */
  readonly caution: string | undefined
}

const HOUR_MS = 3_600_000
const RANGE_MS = { '1h': HOUR_MS, '24h': 24 * HOUR_MS, '7d': 168 * HOUR_MS, '30d': 720 * HOUR_MS }
/** Beyond this, days are drawn instead of hours. */
const HOURLY_MS = 8 * 24 * HOUR_MS
const PAGE_ROWS = 1000
/** The rows of an hour that are counted here; the figures of more are asked for by the hour. */
const MOST_ROWS = 5000

/** The figures of a view, counted by the ledger. */
export async function ledgerBoard(view: View, oldest: string | undefined): Promise<Board> {
  const now = Date.now()
  const { range } = view
  const from = range === 'all' ? Date.parse(oldest ?? '') || now : now - RANGE_MS[range]
  const kind = now - from > HOURLY_MS ? 'day' : 'hour'
  const figures = (by: string) => ask<LogAnalytics>('/logs/analytics', analyticsQuery(view, by))
  const [time, model, client, provider] = await Promise.all(
    [kind, 'model', 'client', 'provider'].map(figures),
  )
  const steps = (time?.groups ?? []).map((group) => ({
    ...group,
    at: Date.parse(group.time ?? ''),
  }))
  return {
    kind,
    times: stepTimes(kind, Math.min(from, steps[0]?.at ?? from), now),
    steps,
    total: time?.total ?? figuresOf([]),
    groups: {
      model: model?.groups ?? [],
      client: client?.groups ?? [],
      provider: provider?.groups ?? [],
    },
    caution: cautionOf(view),
  }
}

function cautionOf({ range, filter }: View): string | undefined {
  if (filter.text !== undefined) return 'Figures and charts are not filtered by text.'
  if (range === '1h') return 'More requests than can be shown by the minute: these are whole hours.'
  return undefined
}

function analyticsQuery(view: View, by: string): URLSearchParams {
  const query = queryOf(view)
  query.delete('text')
  query.set('by', by)
  query.set('offset', String(-new Date().getTimezoneOffset()))
  return query
}

/** The rows of the last hour: the ledger has figures by the hour, and this hour is shown by the minute. */
export class HourRows {
  #rows = new Map<string, Row>()
  #complete = false

  /** Forgets all; what `add` brings while `load` runs is kept. */
  clear(): void {
    this.#rows = new Map()
    this.#complete = false
  }

  /** Reads the hour of a view. */
  async load(view: View): Promise<void> {
    const rows = this.#rows
    let cursor: number | undefined
    for (let read = 0; read < MOST_ROWS; read += PAGE_ROWS) {
      const query = queryOf(view)
      query.set('limit', String(PAGE_ROWS))
      if (cursor !== undefined) query.set('cursor', String(cursor))
      const page = await ask<Static<typeof LogPage>>('/logs/query', query)
      for (const row of page.rows) rows.set(identityOf(row), row)
      cursor = page.next
      if (cursor === undefined) break
    }
    // Another view may have been chosen meanwhile.
    if (rows === this.#rows) this.#complete = cursor === undefined
  }

  add(row: Row): void {
    this.#rows.set(identityOf(row), row)
    if (this.#rows.size > MOST_ROWS) this.#complete = false
  }

  /** The figures of the hour, or undefined where there are too many rows to hold. */
  board(): Board | undefined {
    if (!this.#complete) return undefined
    const now = Date.now()
    const from = now - HOUR_MS
    for (const [identity, { time }] of this.#rows) {
      if (Date.parse(time) < from) this.#rows.delete(identity)
    }
    const rows = [...this.#rows.values()]
    const minutes = Map.groupBy(rows, ({ time }) => Math.floor(Date.parse(time) / 60_000) * 60_000)
    return {
      kind: 'minute',
      times: stepTimes('minute', from, now),
      steps: [...minutes].map(([at, some]) => ({ at, ...figuresOf(some) })),
      total: figuresOf(rows),
      groups: {
        model: groupsOf(rows, (row) => row.upstream_model ?? row.model),
        client: groupsOf(rows, ({ client }) => client),
        provider: groupsOf(rows, ({ provider }) => provider),
      },
      caution: undefined,
    }
  }
}

/** Tells a row of the ledger and the same one of the live feed from all others. */
export function identityOf({ id, time }: Pick<Row, 'id' | 'time'>): string {
  return `${time} ${id}`
}
