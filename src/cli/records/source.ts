import { FormatRegistry, type Static, type TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ledgerOptions } from '../../config/ledger-options.ts'
import type { Settings } from '../../config/schema.ts'
import { analyticsQuery, ledgerQuery } from '../../http/logs/filter.ts'
import { LogAnalytics, LogEntry, LogPage } from '../../http/logs/schema.ts'
import { analyticsOut, entryOut, rowOut } from '../../http/logs/wire.ts'
import { messageOf, ProxyError } from '../../kit/error.ts'
import { type LedgerReader, openLedgerReader } from '../../record/ledger-reader.ts'
import { createLogger } from '../../record/log.ts'
import { PRICES } from '../../record/price-table.ts'
import { settingsInput } from '../client/address-flags.ts'
import { askProxy, errorIn, type ProxyReply } from '../client/ask-proxy.ts'
import { type ProxyPlace, placeOf } from '../client/proxy-address.ts'
import { type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { loadFor } from '../settings.ts'
import { remark } from '../style.ts'

/** Where exchanges are read from: a running ccproxy, or its ledger where none runs. */
export interface Source {
  /** Undefined where it is the ledger itself. */
  readonly proxy: ProxyPlace | undefined
  query(query: URLSearchParams): Promise<Static<typeof LogPage>>
  /** By key or request id; undefined where there is none. */
  entry(id: string): Promise<LogEntry | undefined>
  analytics(query: URLSearchParams): Promise<LogAnalytics>
  close(): Promise<void>
}

const ASK_MS = 15_000
/** As the file of a ledger that is kept in memory is called. */
const MEMORY = ':memory:'

if (!FormatRegistry.Has('date-time')) {
  FormatRegistry.Set('date-time', (text) => !Number.isNaN(Date.parse(text)))
}

/** Asks the proxy of the settings, or of `--url`; where none answers, its ledger where that will do, and says so. */
export async function openSource(
  context: CommandContext,
  input: CommandInput,
  ledgerWillDo = true,
): Promise<Source> {
  const { settings } = await loadFor(context, settingsInput(input))
  const place = placeOf(settings, input)
  const { url, key } = place
  const reply = await askProxy(url, '/logs/status', key, ASK_MS)
  if (reply.status === 200) return fromProxy(place)
  const why = trouble(reply, url)
  if (!ledgerWillDo || input.flags.url !== undefined || reply.status === 401) throw why
  const source = await fromLedger(context, settings).catch((error) => {
    throw new ProxyError('unavailable', `${why.message}; ${reasonOf(error)}`)
  })
  remark(context, 'Note', `${why.message}; the ledger is read instead, and not changed`)
  return source
}

function reasonOf(error: unknown): string {
  const text = messageOf(error)
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** What to do where /logs does not answer. */
function trouble(reply: ProxyReply, url: string): ProxyError {
  const { status, failure } = reply
  if (status === undefined) {
    const text = `No ccproxy answers at ${url}${failure === undefined ? '' : ` (${failure})`}`
    return new ProxyError('upstream_unreachable', `${text}: start it with "ccproxy"`)
  }
  if (status === 401) {
    const text = `ccproxy at ${url} does not take the client key: give it with --auth-token`
    return new ProxyError('authentication', text)
  }
  const said = errorIn(reply) ?? `it answered ${status}`
  return new ProxyError('unavailable', `ccproxy at ${url} does not tell: ${said}`)
}

function fromProxy(proxy: ProxyPlace): Source {
  const ask = async <Schema extends TSchema>(
    schema: Schema,
    path: string,
  ): Promise<Static<Schema> | undefined> => {
    const reply = await askProxy(proxy.url, path, proxy.key, ASK_MS)
    if (reply.status === 404) return undefined
    if (reply.status !== 200) throw trouble(reply, proxy.url)
    const json: unknown = reply.json
    if (Value.Check(schema, json)) return json
    throw new ProxyError('unavailable', `What is at ${proxy.url} is another version: restart it`)
  }
  const wanted = async <Schema extends TSchema>(
    schema: Schema,
    path: string,
  ): Promise<Static<Schema>> => {
    const json = await ask(schema, path)
    if (json !== undefined) return json
    throw new ProxyError('not_found', `No ccproxy with /logs is at ${proxy.url}`)
  }
  return {
    proxy,
    query: (query) => wanted(LogPage, `/logs/query?${query}`),
    entry: (id) => ask(LogEntry, `/logs/entries/${encodeURIComponent(id)}`),
    analytics: (query) => wanted(LogAnalytics, `/logs/analytics?${query}`),
    close: async () => undefined,
  }
}

async function fromLedger({ env, home }: CommandContext, settings: Settings): Promise<Source> {
  if (!settings.record.ledger) throw new UsageError('No ledger is kept: record.ledger is off')
  const logger = createLogger('silent', 'plain')
  const { database } = ledgerOptions(settings, { env, home, logger, prices: () => PRICES })
  if (database === MEMORY) throw new UsageError('The ledger of record.database is in memory only')
  const ledger: LedgerReader = await openLedgerReader(database)
  return {
    proxy: undefined,
    async query(query) {
      const { rows, next } = await ledger.query(ledgerQuery(query.toString()))
      return { rows: rows.map(rowOut), next }
    },
    async entry(id) {
      const byKey = /^\d{1,16}$/.test(id) ? await ledger.entry(Number(id)) : undefined
      const entry = byKey ?? (await ledger.entry(id))
      return entry && entryOut(entry)
    },
    async analytics(query) {
      const asked = analyticsQuery(query.toString())
      return analyticsOut(asked.by, await ledger.analytics(asked))
    },
    close: () => ledger.close(),
  }
}
