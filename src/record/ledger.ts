import { messageOf, ProxyError } from '../kit/error.ts'
import { inTime } from '../kit/in-time.ts'
import { newRow } from './ledger-row.ts'
import type { Ledger, LedgerNames, LedgerStatus } from './ledger-shape.ts'
import { LedgerWriter } from './ledger-writer.ts'
import type { Logger } from './log.ts'
import type { Observer, Settled } from './observer.ts'
import { PRICES } from './price-table.ts'
import type { PriceList } from './prices.ts'
import type { Store } from './store/store.ts'

/** Which bodies are kept. */
export type KeptBodies = 'off' | 'errors' | 'all'

/** What a ledger is made with. */
export interface LedgerOptions {
  /** A file, `:memory:`, or `postgres://…`. */
  readonly database: string
  /** Which ccproxy this is, where several share a ledger. */
  readonly instance: string
  /** How long rows are kept; 0 keeps them for ever. */
  readonly retentionDays: number
  /** How large the ledger may be; 0 knows no bound. */
  readonly retentionMegabytes: number
  readonly bodies: KeptBodies
  /** Characters of a body that are kept. */
  readonly bodyLength: number
  readonly logger: Logger
  /** The prices of now. */
  readonly prices?: (() => PriceList) | undefined
  /** Stands in for the store that `database` names, in tests. */
  readonly openStore?: (() => Promise<Store>) | undefined
}

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MEGABYTE = 1024 * 1024
const FIRST_RETENTION_MS = 10_000
const RETENTION_MS = 15 * 60_000
const CLOSE_MS = 3000
/** How long who asks waits for a database that says nothing. */
const ASK_MS = 10_000
const MOST_NAMES = 500

/** The ledger of one process. Nothing of a database is loaded before the first row or question. */
export function createLedger(options: LedgerOptions): Ledger {
  const store = lazyStore(options)
  const writer = createWriter(options, store.get)
  const retention = retentionTimer(options, store)
  const ask = async <Answer>(question: (store: Store) => Promise<Answer>): Promise<Answer> => {
    const answer = async () => {
      // What is asked for is to be there. A store that fails is told of by the writer.
      await writer.flush()
      return question(await store.get())
    }
    try {
      return await answered(answer())
    } catch (cause) {
      throw new ProxyError('unavailable', `Ledger cannot be read: ${messageOf(cause)}`, { cause })
    }
  }
  return {
    observer: observerOf(options, writer, retention.begin),
    query: (query) => ask(async (own) => (await readers()).listRows(own, query)),
    entry: (keyOrId) => ask(async (own) => (await readers()).readEntry(own, keyOrId)),
    analytics: (query) => ask(async (own) => (await readers()).analyse(own, query)),
    names: () => ask(namesIn),
    status: () => statusOf(options, writer, store),
    lost: () => writer.lost,
    reset: () => ask((own) => own.reset()),
    async close(ms = CLOSE_MS) {
      retention.end()
      await writer.close(ms)
      await store.close()
    },
  }
}

/** What was asked of the store, unless it says nothing for too long. */
function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const late = () => new Error(`the database did not answer in ${ASK_MS / 1000} seconds`)
  return inTime(answer, ASK_MS, late)
}

async function readers() {
  const [{ listRows, readEntry }, { analyse }] = await Promise.all([
    import('./store/list.ts'),
    import('./store/analytics.ts'),
  ])
  return { listRows, readEntry, analyse }
}

interface LazyStore {
  get(): Promise<Store>
  /** The store, where it was opened. */
  opened(): Promise<Store> | undefined
  close(): Promise<void>
}

function lazyStore(options: LedgerOptions): LazyStore {
  let opened: Promise<Store> | undefined
  const open = options.openStore ?? (() => openStore(options))
  return {
    get() {
      opened ??= open()
      return opened
    },
    opened: () => opened,
    async close() {
      await (await opened)?.close()
    },
  }
}

async function openStore({ database, instance, logger }: LedgerOptions): Promise<Store> {
  if (isPostgres(database)) {
    const { PostgresStore } = await import('./store/postgres.ts')
    return new PostgresStore({ url: database, instance })
  }
  const { SqliteStore } = await import('./store/sqlite.ts')
  const said = (message: string) => logger.log('warn', message)
  return new SqliteStore({ path: database, instance, said })
}

/** Whether a database setting names a server. */
export function isPostgres(database: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(database)
}

function createWriter(options: LedgerOptions, store: () => Promise<Store>): LedgerWriter {
  const { logger, bodyLength, prices = () => PRICES } = options
  // Begun anywhere, so that two processes seldom meet in one millisecond.
  let number = Math.floor(Math.random() * 1024)
  const rowOf = (exchange: Settled) => newRow(exchange, number++, { prices: prices(), bodyLength })
  return new LedgerWriter({ store, rowOf, place: shownPlace(options.database), logger })
}

function observerOf({ bodies }: LedgerOptions, writer: LedgerWriter, begin: () => void): Observer {
  return {
    settled(exchange) {
      begin()
      // Others may want bodies that the ledger is not to have.
      const keeps = bodies === 'all' || (bodies === 'errors' && isFailure(exchange))
      writer.append(keeps || exchange.bodies === undefined ? exchange : withoutBodies(exchange))
    },
  }
}

function isFailure({ status, ending }: Settled): boolean {
  return status >= 400 || (ending !== 'complete' && ending !== 'client_left')
}

function withoutBodies(exchange: Settled): Settled {
  return { ...exchange, bodies: undefined }
}

/** Looks now and then what is too old or too much; begins with the first row. */
function retentionTimer(options: LedgerOptions, store: LazyStore) {
  const { retentionDays, retentionMegabytes, logger } = options
  let timer: ReturnType<typeof setTimeout> | undefined
  let ended = false
  const look = async () => {
    // Whole hours, as the figures are kept.
    const before = Math.floor((Date.now() - retentionDays * DAY_MS) / HOUR_MS) * HOUR_MS
    const retention = {
      before: retentionDays === 0 ? undefined : before,
      bytes: retentionMegabytes === 0 ? undefined : retentionMegabytes * MEGABYTE,
    }
    try {
      const rows = await (await store.get()).retain(retention)
      if (rows > 0) logger.log('debug', 'ledger rows deleted', { rows })
    } catch (error) {
      // The writer tells of a store that fails; what is too old goes the next time.
      logger.log('debug', 'ledger not tidied', { error: String(error) })
    }
    wait(RETENTION_MS)
  }
  const wait = (ms: number) => {
    if (!ended) timer = setTimeout(look, ms).unref()
  }
  return {
    begin() {
      if (timer === undefined) wait(FIRST_RETENTION_MS)
    },
    end() {
      ended = true
      clearTimeout(timer)
    },
  }
}

async function namesIn(store: Store): Promise<LedgerNames> {
  const of = async (kind: string) => {
    const sql = `SELECT text FROM name WHERE kind = $1 AND used > 0 ORDER BY used DESC, text LIMIT ${MOST_NAMES}`
    const texts = (await store.all(sql, [kind])).map((row) => String(row.text))
    return texts.sort()
  }
  return {
    models: await of('model'),
    providers: await of('provider'),
    clients: await of('client'),
    ended: await of('ended'),
  }
}

async function statusOf(
  options: LedgerOptions,
  writer: LedgerWriter,
  store: LazyStore,
): Promise<LedgerStatus> {
  const look = async () => {
    await writer.flush()
    const isIdle = store.opened() === undefined
    return writer.state === 'refused'
      ? undefined
      : { isIdle, size: await (await store.get()).size() }
  }
  let seen: Awaited<ReturnType<typeof look>>
  let trouble: string | undefined
  try {
    seen = await answered(look())
  } catch (error) {
    trouble = messageOf(error)
  }
  const { written, waiting, lost, state, problem = trouble } = writer
  const unknown = { rows: undefined, bytes: undefined, oldest: undefined, newest: undefined }
  const well = seen?.isIdle === true ? 'idle' : 'ok'
  const failing = trouble !== undefined || state === 'failing'
  return {
    backend: isPostgres(options.database) ? 'postgres' : 'sqlite',
    place: shownPlace(options.database),
    ...{ written, waiting, lost },
    ...(seen?.size ?? unknown),
    state: state === 'refused' ? state : failing ? 'failing' : well,
    problem,
  }
}

/** A database as it may be shown: a server's address without its user and password. */
function shownPlace(database: string): string {
  return isPostgres(database)
    ? database.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/, '')
    : database
}
