import { type Elysia, t } from 'elysia'
import { ProxyError } from '../../kit/error.ts'
import type { Ledger, LedgerNames } from '../../record/ledger-shape.ts'
import type { Live } from '../../record/live.ts'
import type { App } from '../context.ts'
import { incomingOf } from '../incoming.ts'
import {
  analyticsQuery,
  entriesLimit,
  LOG_QUERIES,
  ledgerQuery,
  streamFilter,
} from '../logs/filter.ts'
import {
  LogAnalytics,
  LogEntries,
  LogEntry,
  LogEvents,
  LogPage,
  LogReset,
  LogStatus,
} from '../logs/schema.ts'
import { logStream } from '../logs/stream.ts'
import { analyticsOut, entryOut, rowOut, statusOut } from '../logs/wire.ts'
import { content, jsonReply, queryParameters, service } from '../service-detail.ts'
import { addSwitchedOff } from './switched-off.ts'

/** More who listen are sent away. */
const MOST_LISTENERS = 100
const NO_STORE = { 'cache-control': 'no-store' }
const NO_NAMES: LedgerNames = { models: [], providers: [], clients: [], ended: [] }
const BAD_QUERY = { 400: { description: 'A parameter is not valid; details.field names it' } }
const details = {
  status: service('How ledger and upstreams are doing', jsonReply('Their state', LogStatus)),
  query: {
    ...service('Find exchanges', { ...jsonReply('One page', LogPage), ...BAD_QUERY }),
    parameters: queryParameters(LOG_QUERIES.query),
  },
  entries: {
    ...service('The newest exchanges', { ...jsonReply('Newest first', LogEntries), ...BAD_QUERY }),
    parameters: queryParameters(LOG_QUERIES.entries),
  },
  entry: service('One exchange with its bodies, where they are kept', {
    ...jsonReply('By its key, or the newest of a request id', LogEntry),
    404: { description: 'There is none' },
  }),
  analytics: {
    ...service('Figures in all and by group', {
      ...jsonReply('Groups of time in order, others by requests', LogAnalytics),
      ...BAD_QUERY,
    }),
    parameters: queryParameters(LOG_QUERIES.analytics),
  },
  stream: {
    ...service('Exchanges as they come and end', {
      200: {
        description: 'Server-sent events: hello, started, first_byte, settled, reset, ping',
        content: content('text/event-stream', LogEvents),
      },
      ...BAD_QUERY,
    }),
    parameters: queryParameters(LOG_QUERIES.stream),
  },
  reset: service('Forget all exchanges and figures; never from a browser', {
    ...jsonReply('How many there were', LogReset),
    403: { description: 'No client key is set, or a browser asks' },
  }),
}

/** What these routes work with. */
export type LogContext = Pick<App, 'records' | 'eventStreams' | 'signIn' | 'version'>

interface Logs extends LogContext {
  readonly ledger: Ledger
  readonly live: Live
}

/** What happened and happens (interface.md 1); the group exists only where ledger and logs are on. */
export function addLogRoutes(app: Elysia, context: LogContext): void {
  const { ledger, live } = context.records
  if (ledger === undefined || live === undefined) {
    addSwitchedOff(app, '/logs', ledger === undefined ? 'record.ledger' : 'record.logs')
    return
  }
  const logs: Logs = { ...context, ledger, live }
  app
    .get('/logs/status', () => status(logs), { detail: details.status })
    .get('/logs/query', ({ request }) => query(logs, request), { detail: details.query })
    .get('/logs/entries', ({ request }) => entries(logs, request), { detail: details.entries })
    .get('/logs/entries/:id', ({ params }) => entry(logs, params.id), {
      params: t.Object({ id: t.String({ minLength: 1, maxLength: 200 }) }),
      detail: details.entry,
    })
    .get('/logs/analytics', ({ request }) => analytics(logs, request), {
      detail: details.analytics,
    })
    .get('/logs/stream', ({ request }) => stream(logs, request), { detail: details.stream })
    .post('/logs/reset', ({ request }) => reset(logs, request), {
      parse: 'none',
      detail: details.reset,
    })
}

async function status({ ledger, live }: Logs): Promise<Response> {
  // The state says what is wrong with a ledger that gives no names.
  const naming = ledger.names().catch(() => NO_NAMES)
  const [state, names] = await Promise.all([ledger.status(), naming])
  return json(statusOut(state, live, names))
}

async function query({ ledger }: Logs, request: Request): Promise<Response> {
  const { rows, next } = await ledger.query(ledgerQuery(incomingOf(request).query))
  return json({ rows: rows.map(rowOut), next })
}

async function entries({ ledger }: Logs, request: Request): Promise<Response> {
  const { rows } = await ledger.query({ limit: entriesLimit(incomingOf(request).query) })
  return json({ entries: rows.map(rowOut) })
}

async function entry({ ledger }: Logs, id: string): Promise<Response> {
  // A key is looked for first; ids of clients may be numbers too.
  const key = /^\d{1,16}$/.test(id) && Number.isSafeInteger(Number(id)) ? Number(id) : undefined
  const byKey = key === undefined ? undefined : await ledger.entry(key)
  const found = byKey ?? (await ledger.entry(id))
  if (found !== undefined) return json(entryOut(found))
  const text = `Exchange "${id.slice(0, 100)}" is not in the ledger: see GET /logs/query`
  throw new ProxyError('not_found', text)
}

async function analytics({ ledger }: Logs, request: Request): Promise<Response> {
  const asked = analyticsQuery(incomingOf(request).query)
  return json(analyticsOut(asked.by, await ledger.analytics(asked)))
}

function stream({ live, eventStreams, records, version }: Logs, request: Request): Response {
  const filter = streamFilter(incomingOf(request).query)
  if (live.listeners >= MOST_LISTENERS) {
    const text = `${MOST_LISTENERS} clients listen already: close one, or ask GET /logs/query`
    throw new ProxyError('unavailable', text, { headers: { 'retry-after': '10' } })
  }
  const lastId = request.headers.get('last-event-id') ?? undefined
  const subscribe = logStream({ live, filter, lastId, version, cost: records.cost })
  return eventStreams.respond({ subscribe })
}

async function reset({ ledger, live, signIn }: Logs, request: Request): Promise<Response> {
  checkReset(request, signIn.needed)
  const deleted = await ledger.reset()
  live.reset()
  return json({ status: 'success', deleted })
}

/** No page may do this, not even our own: a browser always says where its requests come from. */
function checkReset({ headers }: Request, keyed: boolean): void {
  const browser = headers.has('origin') || headers.has('sec-fetch-site')
  if (browser || headers.has('sec-fetch-mode')) {
    const text = 'Path "/logs/reset" is refused to browsers: use a program such as curl'
    throw new ProxyError('permission', text)
  }
  if (keyed) return
  throw new ProxyError(
    'permission',
    'Path "/logs/reset" needs a client key: run "ccproxy generate-token --save" or set AUTH_TOKEN',
  )
}

function json(value: object): Response {
  return Response.json(value, { headers: NO_STORE })
}
