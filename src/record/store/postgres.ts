import { SQL } from 'bun'
import { messageOf } from '../../kit/error.ts'
import { MIGRATIONS, type Migration } from '../migrations.ts'
import { COLUMNS, valuesOf } from './columns.ts'
import { whole, wholes } from './filter.ts'
import { dayOf, NAME_SQL, Names } from './names.ts'
import { numberOf } from './read.ts'
import {
  COMPACT_SQL,
  compacted,
  HISTOGRAMS_SQL,
  LONG_HISTOGRAMS,
  ROLLUP_SQL,
  type Rollup,
  rollUp,
  rollupValues,
} from './rollup.ts'
import {
  KEYS_PER_HOUR,
  KEYS_PER_MS,
  type NewRow,
  type Retention,
  type Store,
  type StoredRow,
  StoreError,
  type StoreSize,
  type Value,
} from './store.ts'
import { tooNew } from './too-new.ts'

/** How a PostgreSQL store is opened. */
export interface PostgresOptions {
  /** `postgres://user:password@host/database`. */
  readonly url: string
  readonly instance: string
  readonly migrations?: readonly Migration[]
}

/** Only one ccproxy at a time changes the tables: any number that others are unlikely to use. */
const LOCK = 7_207_799_269
const CONNECTIONS = 4
const CONNECT_SECONDS = 5
/** Deleted at once, so that no other writer waits for long. */
const STEP = 2000
/** Room made below the limit. */
const ROOM = 0.95
/** What a row takes with its indexes, bytes: a server's own figures do not shrink when rows go. */
const ROW_BYTES = 450

const INSERT_SQL = `INSERT INTO exchange (${COLUMNS.join(', ')})
  SELECT ${COLUMNS.join(', ')} FROM json_populate_recordset(NULL::exchange, $1::text::json)
  ON CONFLICT (key) DO NOTHING RETURNING key`
const BODY_SQL = `INSERT INTO body (key, request, reply, size) VALUES ($1, $2, $3, $4)
  ON CONFLICT (key) DO NOTHING`

/** A connection within a transaction. */
type Connection = Pick<SQL, 'unsafe'>

/** A ledger on a PostgreSQL server, which several ccproxies may share. */
export class PostgresStore implements Store {
  readonly backend = 'postgres'
  readonly place: string
  readonly #options: PostgresOptions
  readonly #names = new Names()
  #sql: SQL | undefined
  #ready: Promise<void> | undefined

  constructor(options: PostgresOptions) {
    this.#options = options
    this.place = withoutSecrets(options.url)
  }

  write(rows: readonly NewRow[]): Promise<void> {
    return this.#do(async (sql) => {
      try {
        await this.#learnNames(sql, rows)
        await sql.begin((connection) => this.#writeAll(connection, rows))
      } catch (error) {
        this.#names.forget()
        throw error
      }
    })
  }

  all(sql: string, params: readonly Value[]): Promise<readonly StoredRow[]> {
    return this.#do((server) => rowsOf(server, sql, params))
  }

  retain({ before, bytes }: Retention): Promise<number> {
    return this.#do(async (sql) => {
      let gone = 0
      if (before !== undefined) {
        gone += await deleteRows(sql, before * KEYS_PER_MS, Number.MAX_SAFE_INTEGER)
        const hour = Math.floor((before * KEYS_PER_MS) / KEYS_PER_HOUR)
        await rowsOf(sql, `DELETE FROM hourly WHERE hour < ${whole(hour)}`, [])
        await rowsOf(sql, `DELETE FROM name WHERE used < ${whole(dayOf(before) - 2)}`, [])
      }
      if (bytes !== undefined) gone += await deleteBeyond(sql, bytes)
      return gone
    })
  }

  size(): Promise<StoreSize> {
    return this.#do(sizeOf)
  }

  reset(): Promise<number> {
    return this.#do(async (sql) => {
      const { rows } = await sizeOf(sql)
      await rowsOf(sql, 'TRUNCATE exchange, body, hourly', [])
      return rows
    })
  }

  async close(): Promise<void> {
    const sql = this.#sql
    this.#sql = undefined
    this.#ready = undefined
    this.#names.forget()
    await sql?.close({ timeout: 1 })
  }

  async #do<Result>(work: (sql: SQL) => Promise<Result>): Promise<Result> {
    this.#sql ??= new SQL({
      url: this.#options.url,
      max: CONNECTIONS,
      connectionTimeout: CONNECT_SECONDS,
      idleTimeout: 60,
    })
    const sql = this.#sql
    try {
      this.#ready ??= migrate(sql, this.place, this.#options.migrations ?? MIGRATIONS)
      await this.#ready
      return await work(sql)
    } catch (error) {
      if (error instanceof StoreError) throw error
      // What the server is like after a failure is looked at anew.
      this.#ready = undefined
      throw new StoreError('failed', messageOf(error), error)
    }
  }

  /** Outside of the transaction: a name that is noted twice does no harm, and no two writers wait for each other. */
  async #learnNames(sql: SQL, rows: readonly NewRow[]): Promise<void> {
    const now = Date.now()
    for (const name of this.#names.missing(rows, this.#options.instance, now)) {
      const [found] = await rowsOf(sql, NAME_SQL, [name.kind, name.text, dayOf(now)])
      this.#names.learn(name, numberOf(found, 'id'))
    }
  }

  async #writeAll(connection: Connection, rows: readonly NewRow[]): Promise<void> {
    const written: NewRow[] = []
    for (let left = rows; left.length > 0; ) {
      const keys = await this.#insert(connection, left)
      written.push(...left.filter(({ key }) => keys.has(key)))
      left = await this.#collided(
        connection,
        left.filter(({ key }) => !keys.has(key)),
      )
    }
    for (const { key, requestBody = null, replyBody = null } of written) {
      if (requestBody === null && replyBody === null) continue
      const size = (requestBody?.length ?? 0) + (replyBody?.length ?? 0)
      await rowsOf(connection, BODY_SQL, [key, requestBody, replyBody, size])
    }
    for (const rollup of rollUp(written, this.#names)) await addRollup(connection, rollup)
  }

  async #insert(connection: Connection, rows: readonly NewRow[]): Promise<ReadonlySet<number>> {
    const records = rows.map((row) => {
      const values = valuesOf(row, this.#names, this.#options.instance)
      return Object.fromEntries(COLUMNS.map((column, index) => [column, values[index]]))
    })
    const inserted = await rowsOf(connection, INSERT_SQL, [JSON.stringify(records)])
    return new Set(inserted.map((row) => numberOf(row, 'key')))
  }

  /**
   * Rows whose key was taken, under the next one. What this instance itself wrote under that key is the same row: a
   * commit of which the answer was lost.
   */
  async #collided(connection: Connection, rows: readonly NewRow[]): Promise<NewRow[]> {
    if (rows.length === 0) return []
    const keys = wholes(rows.map(({ key }) => key))
    const taken = await rowsOf(
      connection,
      `SELECT key, id, instance FROM exchange WHERE key IN ${keys}`,
      [],
    )
    const instance = this.#names.idOf('instance', this.#options.instance)
    return rows
      .filter(
        ({ key, id }) =>
          !taken.some(
            (row) =>
              numberOf(row, 'key') === key &&
              row.id === id &&
              numberOf(row, 'instance') === instance,
          ),
      )
      .map((row) => ({ ...row, key: row.key + 1 }))
  }
}

async function addRollup(connection: Connection, rollup: Rollup): Promise<void> {
  const [added] = await rowsOf(connection, ROLLUP_SQL, rollupValues(rollup))
  if (numberOf(added, 'size') <= LONG_HISTOGRAMS) return
  const [found] = await rowsOf(connection, HISTOGRAMS_SQL, rollup.dimensions)
  const texts = [compacted(found?.duration), compacted(found?.first_byte)]
  await rowsOf(connection, COMPACT_SQL, [...texts, ...rollup.dimensions])
}

async function rowsOf(
  connection: Connection,
  sql: string,
  params: readonly Value[],
): Promise<readonly StoredRow[]> {
  const rows: unknown = await connection.unsafe(sql, [...params])
  return Array.isArray(rows) ? rows : []
}

async function migrate(sql: SQL, place: string, migrations: readonly Migration[]): Promise<void> {
  await sql.begin(async (connection) => {
    await rowsOf(connection, `SELECT pg_advisory_xact_lock(${LOCK})`, [])
    await rowsOf(
      connection,
      'CREATE TABLE IF NOT EXISTS ledger_version (version BIGINT NOT NULL)',
      [],
    )
    const [row] = await rowsOf(connection, 'SELECT version FROM ledger_version', [])
    const version = numberOf(row, 'version')
    if (version > migrations.length) throw tooNew(place, version, migrations.length)
    if (version === migrations.length) return
    for (const { postgres } of migrations.slice(version)) {
      for (const statement of postgres) await rowsOf(connection, statement, [])
    }
    await rowsOf(connection, 'DELETE FROM ledger_version', [])
    const insert = 'INSERT INTO ledger_version (version) VALUES ($1)'
    await rowsOf(connection, insert, [migrations.length])
  })
}

/** Deletes the oldest rows below a key, `most` at most. */
async function deleteRows(sql: Connection, below: number, most: number): Promise<number> {
  let gone = 0
  while (gone < most) {
    const step = Math.min(STEP, most - gone)
    const keys = `SELECT key FROM exchange WHERE key < ${whole(below)} ORDER BY key LIMIT ${step}`
    const deleted = await rowsOf(
      sql,
      `WITH gone AS (DELETE FROM exchange WHERE key IN (${keys}) RETURNING key),
        bodies AS (DELETE FROM body WHERE key IN (SELECT key FROM gone))
        SELECT count(*) AS count FROM gone`,
      [],
    )
    const count = numberOf(deleted[0], 'count')
    gone += count
    if (count < step) break
  }
  return gone
}

/** Bodies go before rows do. */
async function deleteBeyond(sql: Connection, bytes: number): Promise<number> {
  let size = await sizeOf(sql)
  if (size.bytes <= bytes) return 0
  while (size.bytes > bytes * ROOM) {
    const oldest = `SELECT key FROM body ORDER BY key LIMIT ${STEP}`
    const deleted = await rowsOf(sql, `DELETE FROM body WHERE key IN (${oldest}) RETURNING key`, [])
    if (deleted.length === 0) break
    size = await sizeOf(sql)
  }
  const tooMany = Math.ceil((size.bytes - bytes * ROOM) / ROW_BYTES)
  return tooMany <= 0 ? 0 : deleteRows(sql, Number.MAX_SAFE_INTEGER, tooMany)
}

async function sizeOf(sql: Connection): Promise<StoreSize> {
  const [row] = await rowsOf(
    sql,
    `SELECT count(*) AS rows, min(key) AS oldest, max(key) AS newest,
      (SELECT coalesce(sum(size), 0) FROM body) AS bodies FROM exchange`,
    [],
  )
  const rows = numberOf(row, 'rows')
  const time = (name: string) =>
    rows === 0 ? undefined : Math.floor(numberOf(row, name) / KEYS_PER_MS)
  return {
    rows,
    bytes: rows * ROW_BYTES + numberOf(row, 'bodies'),
    oldest: time('oldest'),
    newest: time('newest'),
  }
}

/** A server's address as it may be shown. */
function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
