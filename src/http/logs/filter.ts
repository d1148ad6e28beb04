import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { readMoment } from '../../kit/moment.ts'
import {
  type AnalyticsQuery,
  GROUPINGS,
  type LedgerFilter,
  type LedgerQuery,
} from '../../record/ledger-shape.ts'
import type { Ending } from '../../record/observer.ts'
import { queryReader, wrongParameter } from '../query-params.ts'

const ENDINGS = {
  complete: true,
  refused: true,
  client_left: true,
  upstream_error: true,
  upstream_cut: true,
  upstream_timeout: true,
  drained: true,
  internal: true,
} as const satisfies Record<Ending, true>
const MOST_VALUES = 20
const LONGEST = 600

// PostgreSQL takes no zero character, and SQLite's LIKE ends there.
const searched = {
  minLength: 1,
  maxLength: LONGEST,
  pattern: '^[^\\u0000]*$',
  error: `Must be 1 to ${LONGEST} characters, none of them the zero one`,
}
const name = Type.String(searched)
const moment = (description: string) => Type.Optional(Type.String({ maxLength: 40, description }))
const list = (items: TSchema, description: string) =>
  Type.Optional(
    Type.Unsafe<string[]>(Type.Array(items, { minItems: 1, maxItems: MOST_VALUES, description })),
  )
const words = (all: readonly string[]) => Type.Union(all.map((word) => Type.Literal(word)))

const status = Type.String({
  pattern: '^[1-9]\\d\\d$|^[1-9][xX][xX]$',
  error: 'Must be a code such as 429, or a class such as 4xx',
})

const names = {
  model: list(
    name,
    "The client's name of the model, or the upstream's; several are alternatives, and \\, is a comma in one",
  ),
  provider: list(name, 'Names of providers'),
  client: list(name, 'Names of client tokens'),
  status: list(status, 'Codes, or classes such as 4xx'),
  ended: list(words(Object.keys(ENDINGS)), 'How it ended'),
  session: Type.Optional(name),
}
const times = {
  since: moment('From then on: an ISO time, epoch ms, or a duration ago such as 24h'),
  until: moment('Before then, likewise'),
}
const text = {
  text: Type.Optional(
    Type.String({
      ...searched,
      description: "Part of a path, an error or a model's name, or a whole request id",
    }),
  ),
}
const limit = (usual: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: usual }))

const Query = Type.Object({
  ...times,
  ...names,
  ...text,
  order: Type.Optional(
    Type.Union([Type.Literal('desc'), Type.Literal('asc')], { description: 'By time' }),
  ),
  limit: limit(100),
  cursor: Type.Optional(
    Type.Integer({ minimum: 0, description: 'What the page before gave as next' }),
  ),
})
const Entries = Type.Object({ limit: limit(50) })
const Figures = Type.Object({
  ...times,
  ...names,
  by: Type.Optional(
    Type.Unsafe<(typeof GROUPINGS)[number]>({ ...words(GROUPINGS), default: 'day' }),
  ),
  offset: Type.Optional(
    Type.Integer({ minimum: -840, maximum: 840, description: 'Minutes ahead of UTC, for days' }),
  ),
})
const Stream = Type.Object({ ...names, ...text })

/** The query strings of /logs. */
export const LOG_QUERIES = { query: Query, entries: Entries, analytics: Figures, stream: Stream }

/** What a stream may be filtered by. */
export type StreamFilter = Static<typeof Stream>

const readQuery = queryReader(Query)
const readEntries = queryReader(Entries)
const readAnalytics = queryReader(Figures)

/** What a query string asks of the ledger; throws a ProxyError that names the parameter at fault. */
export function ledgerQuery(query: string): LedgerQuery {
  const { since, until, ...rest } = readQuery(query)
  return { ...rest, ...timesOf(since, until), ...lowered(rest.status) }
}

/** How many of the newest rows are asked for. */
export function entriesLimit(query: string): number {
  return readEntries(query).limit ?? 50
}

/** Which figures a query string asks for. */
export function analyticsQuery(query: string): AnalyticsQuery {
  const { since, until, by = 'day', offset, ...rest } = readAnalytics(query)
  const filter = { ...rest, ...timesOf(since, until), ...lowered(rest.status) }
  return { ...filter, by, offsetMinutes: offset }
}

/** What a stream is filtered by. */
export const streamFilter = queryReader(Stream)

function timesOf(since: string | undefined, until: string | undefined): LedgerFilter {
  const now = Date.now()
  const [from, to] = [momentOf('since', since, now), momentOf('until', until, now)]
  if (from !== undefined && to !== undefined && from > to) {
    throw wrongParameter('since', 'Must not be after until')
  }
  return { since: from, until: to }
}

function momentOf(field: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const moment = readMoment(text, now)
  if (moment !== undefined) return moment
  const issue = 'Must be an ISO time, milliseconds since 1970, or a duration such as 24h or 7d'
  throw wrongParameter(field, issue)
}

function lowered(status: readonly string[] | undefined): LedgerFilter {
  return status === undefined ? {} : { status: status.map((one) => one.toLowerCase()) }
}
