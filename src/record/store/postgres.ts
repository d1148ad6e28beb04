import { SQL } from 'bun'
import { messageOf } from '../../kit/error.ts'
import { MIGRATIONS, type Migration } from '../migrations.ts'
import { COLUMNS, valuesOf } from './columns.ts'
import { wholes } from './filter.ts'
import { ID_BLOCK_SQL, idBlocks, idBlockValues } from './id-blocks.ts'
import { dayOf, NAME_SQL, Names, RETIRE_NAMES_SQL } from './names.ts'
import { type Connection, retainPostgres, rowsOf, sizeOfPostgres } from './postgres-retention.ts'
import { numberOf } from './read.ts'
import {
  COMPACT_SQL,
  compacted,
  DIMENSIONS,
  HISTOGRAMS_SQL,
  LONG_HISTOGRAMS,
  type Rollup,
  rollUp,
  rollupSql,
  rollupValues,
} from './rollup.ts'
import {
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
/** Figures that go into one statement. */
const ROLLUPS = 100

const INSERT_SQL = `INSERT INTO exchange (${COLUMNS.join(', ')})
  SELECT ${COLUMNS.join(', ')} FROM json_populate_recordset(NULL::exchange, $1::text::json)
  ON CONFLICT (key) DO NOTHING RETURNING key`
const BODY_SQL = `INSERT INTO body (key, request, reply, size) VALUES ($1, $2, $3, $4)
  ON CONFLICT (key) DO NOTHING`

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

  retain(retention: Retention): Promise<number> {
    return this.#do((sql) => retainPostgres(sql, retention))
  }

  size(): Promise<StoreSize> {
    return this.#do(sizeOfPostgres)
  }

  reset(): Promise<number> {
    return this.#do(async (sql) => {
      const { rows } = await sizeOfPostgres(sql)
      await sql.begin(async (connection) => {
        await rowsOf(connection, 'TRUNCATE exchange, body, hourly, id_block', [])
        await rowsOf(connection, RETIRE_NAMES_SQL, [])
      })
      this.#names.forgetNext()
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
      throw new StoreError(isAboutData(error) ? 'data' : 'failed', messageOf(error), error)
    }
  }

  /** Outside of the transaction: a name that is noted twice does no harm, and no two writers wait for each other. */
  async #learnNames(sql: SQL, rows: readonly NewRow[]): Promise<void> {
    const now = Date.now()
    this.#names.begin(now)
    for (const name of this.#names.missing(rows, this.#options.instance)) {
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
    for (const block of idBlocks(written)) {
      await rowsOf(connection, ID_BLOCK_SQL, idBlockValues(block))
    }
    const rollups = rollUp(written, this.#names)
    for (let at = 0; at < rollups.length; at += ROLLUPS) {
      await addRollups(connection, rollups.slice(at, at + ROLLUPS))
    }
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

/** SQLSTATE classes 22 and 23: the values are at fault, and will be the next time. */
function isAboutData(error: unknown): boolean {
  return error instanceof SQL.PostgresError && /^2[23]/.test(error.errno ?? '')
}

async function addRollups(connection: Connection, rollups: readonly Rollup[]): Promise<void> {
  const added = await rowsOf(
    connection,
    rollupSql(rollups.length),
    rollups.flatMap((rollup) => rollupValues(rollup)),
  )
  for (const row of added) {
    if (numberOf(row, 'size') <= LONG_HISTOGRAMS) continue
    const dimensions = DIMENSIONS.map((name) => numberOf(row, name))
    const [found] = await rowsOf(connection, HISTOGRAMS_SQL, dimensions)
    const texts = [compacted(found?.duration), compacted(found?.first_byte)]
    await rowsOf(connection, COMPACT_SQL, [...texts, ...dimensions])
  }
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

/** A server's address as it may be shown. */
function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
