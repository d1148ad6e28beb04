// What /logs gives. Times are ISO 8601; what is not known is left out.

import { type Static, type TSchema, Type } from '@sinclair/typebox'

/** What may be unknown: left out then. */
function maybe<Schema extends TSchema>(schema: Schema) {
  return Type.Optional(Type.Unsafe<Static<Schema> | undefined>(schema))
}

const Count = Type.Integer()
const Time = Type.String({ format: 'date-time' })
const MaybeText = maybe(Type.String())
const MaybeCount = maybe(Count)
const MaybeNumber = maybe(Type.Number())
const MaybeTime = maybe(Time)

/** Token counts of one exchange. */
const LogTokens = Type.Object({
  input: MaybeCount,
  output: MaybeCount,
  cache_read: MaybeCount,
  cache_write: MaybeCount,
  cache_write_5m: MaybeCount,
  cache_write_1h: MaybeCount,
  thinking: MaybeCount,
})

const request = {
  time: Time,
  id: Type.String(),
  client: MaybeText,
  address: MaybeText,
  mode: Type.String(),
  method: Type.String(),
  path: Type.String(),
  protocol: MaybeText,
  wire: MaybeText,
  provider: MaybeText,
  kind: MaybeText,
  model: MaybeText,
  upstream_model: MaybeText,
  stream: Type.Boolean(),
}

const result = {
  upstream_request_id: MaybeText,
  session: MaybeText,
  status: Count,
  ended: Type.String(),
  stop_reason: MaybeText,
  attempts: Count,
  bytes_in: Count,
  bytes_out: Count,
  tokens: LogTokens,
  cost_usd: MaybeNumber,
  list_price: Type.Boolean({ description: 'A plan login was used: the cost is no money spent' }),
  first_byte_ms: MaybeNumber,
  duration_ms: Type.Number(),
  notes: Type.Array(Type.String()),
  error: MaybeText,
}

const row = { key: Count, instance: MaybeText, ...request, ...result }

/** One exchange as the ledger keeps it. */
export const LogRow = Type.Object(row)
/** One exchange as the ledger keeps it. */
export type LogRow = Static<typeof LogRow>

/** The same with its bodies, where they were kept. */
export const LogEntry = Type.Object({
  ...row,
  request_body: MaybeText,
  reply_body: MaybeText,
})
/** The same with its bodies, where they were kept. */
export type LogEntry = Static<typeof LogEntry>

/** One page of rows; `next` is the cursor of the next. */
export const LogPage = Type.Object({ rows: Type.Array(LogRow), next: MaybeCount })
/** The newest rows. */
export const LogEntries = Type.Object({ entries: Type.Array(LogRow) })

/** One exchange that runs. */
export const LiveRequest = Type.Object({ serial: Count, ...request })
/** One exchange that runs. */
export type LiveRequest = Static<typeof LiveRequest>

const Limits = Type.Record(Type.String(), Type.String(), {
  description: 'anthropic-ratelimit-unified-* headers, by what follows that prefix',
})

/** One exchange that is over, as the live feed tells it. */
export const LiveResult = Type.Object({
  serial: Count,
  ...request,
  ...result,
  limits: maybe(Limits),
})
/** One exchange that is over, as the live feed tells it. */
export type LiveResult = Static<typeof LiveResult>

/** The `data` of each event of /logs/stream. */
export const LogEvents = Type.Union([
  Type.Object(
    {
      version: Type.String(),
      time: Time,
      missed: Type.Boolean(),
      running: Type.Array(LiveRequest),
    },
    { title: 'hello' },
  ),
  Type.Object(LiveRequest.properties, { title: 'started' }),
  Type.Object(
    { serial: Count, id: Type.String(), first_byte_ms: Type.Number() },
    { title: 'first_byte' },
  ),
  Type.Object(LiveResult.properties, { title: 'settled' }),
  Type.Object({}, { title: 'reset' }),
])

const Percentiles = Type.Object({ p50: Type.Number(), p95: Type.Number(), p99: Type.Number() })

const figures = {
  requests: Count,
  errors: Count,
  client_left: Count,
  attempts: Count,
  bytes_in: Count,
  bytes_out: Count,
  tokens: Type.Object({
    input: Count,
    output: Count,
    cache_read: Count,
    cache_write: Count,
    cache_write_5m: Count,
    cache_write_1h: Count,
    thinking: Count,
  }),
  cost_usd: Type.Number({ description: 'Money spent by the price list, without plan logins' }),
  list_cost_usd: Type.Number({ description: 'What the exchanges of plan logins would have cost' }),
  unpriced: Count,
  cache_hit_share: MaybeNumber,
  duration_ms: maybe(Percentiles),
  first_byte_ms: maybe(Percentiles),
}

/** The figures of many exchanges. */
export const LogFigures = Type.Object(figures)
/** The figures of many exchanges. */
export type LogFigures = Static<typeof LogFigures>

/** Figures in all and by group. */
export const LogAnalytics = Type.Object({
  by: Type.String(),
  since: MaybeTime,
  until: MaybeTime,
  total: LogFigures,
  groups: Type.Array(Type.Object({ name: MaybeText, time: MaybeTime, ...figures })),
})
/** Figures in all and by group. */
export type LogAnalytics = Static<typeof LogAnalytics>

const Upstream = Type.Object({
  provider: Type.String(),
  last_success: MaybeTime,
  last_failure: MaybeTime,
  last_ended: MaybeText,
  last_status: MaybeCount,
  last_error: MaybeText,
  failures: Type.Integer({ description: 'Since the last success' }),
  limits: maybe(Type.Object({ time: Time, client: MaybeText, values: Limits })),
})

/** How ledger, live feed and upstreams are doing. */
export const LogStatus = Type.Object({
  ledger: Type.Object({
    backend: Type.String(),
    place: Type.String(),
    state: Type.String(),
    problem: MaybeText,
    written: Count,
    waiting: Count,
    lost: Count,
    rows: MaybeCount,
    bytes: MaybeCount,
    oldest: MaybeTime,
    newest: MaybeTime,
  }),
  live: Type.Object({ running: Count, recent: Count, listeners: Count }),
  upstreams: Type.Array(Upstream),
  names: Type.Object({
    models: Type.Array(Type.String()),
    providers: Type.Array(Type.String()),
    clients: Type.Array(Type.String()),
    ended: Type.Array(Type.String()),
  }),
})
/** How ledger, live feed and upstreams are doing. */
export type LogStatus = Static<typeof LogStatus>

/** What a reset did. */
export const LogReset = Type.Object({ status: Type.Literal('success'), deleted: Count })
