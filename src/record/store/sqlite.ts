import { Database, SQLiteError, type Statement } from 'bun:sqlite'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '../../kit/error.ts'
import { MIGRATIONS, type Migration } from '../migrations.ts'
import { COLUMNS, valuesOf } from './columns.ts'
import { ID_BLOCK_SQL, idBlocks, idBlockValues } from './id-blocks.ts'
import { NAME_SQL, type Name, Names } from './names.ts'
import { numberOf } from './read.ts'
import { refuseForeign } from './refuse-foreign.ts'
import {
  COMPACT_SQL,
  compacted,
  HISTOGRAMS_SQL,
  LONG_HISTOGRAMS,
  rollUp,
  rollupSql,
  rollupValues,
} from './rollup.ts'
import { resetSqlite, retainSqlite, sizeOfSqlite } from './sqlite-retention.ts'
import {
  type NewRow,
  type Retention,
  type Store,
  type StoredRow,
  StoreError,
  type StoreSize,
  type StoreTrouble,
  type Value,
} from './store.ts'
import { tooNew } from './too-new.ts'

/** How a SQLite store is opened. */
export interface SqliteOptions {
  /** The file; `:memory:` keeps all in memory. */
  readonly path: string
  readonly instance: string
  /** Told of what was done about a file that is gone or broken. */
  readonly said: (message: string) => void
  readonly migrations?: readonly Migration[]
}

const MEMORY = ':memory:'
/** How often the file is looked for: somebody may have deleted it under us. */
const LOOK_EVERY_MS = 1000

const INSERT_SQL = `INSERT INTO exchange (${COLUMNS.join(', ')})
  VALUES (${COLUMNS.map((_, index) => `$${index + 1}`).join(', ')}) ON CONFLICT (key) DO NOTHING`
const BODY_SQL = 'INSERT INTO body (key, request, reply, size) VALUES ($1, $2, $3, $4)'

/** Rows that are written without a pause, about a millisecond. */
const SLICE = 100

/** An open database with the statements that each write needs. */
interface Open {
  readonly database: Database
  /** The file's number on its disk. */
  readonly inode: number
  readonly name: Statement
  readonly insert: Statement
  readonly ids: Statement
  readonly rollup: Statement
}

/** A ledger in a file of SQLite's; several processes may share it. */
export class SqliteStore implements Store {
  readonly backend = 'sqlite'
  readonly place: string
  readonly #options: SqliteOptions
  readonly #names = new Names((name, day) => this.#learn(name, day))
  #writing = false
  #open: Open | undefined
  #looked = 0

  constructor(options: SqliteOptions) {
    this.#options = options
    this.place = options.path
  }

  async write(rows: readonly NewRow[]): Promise<void> {
    // Looked for before it is written to: from then on it stays the one that it is.
    const open = this.#do((ready) => ready)
    this.#writing = true
    try {
      await this.#writeAll(open, rows)
    } catch (error) {
      throw this.#failure(error)
    } finally {
      this.#writing = false
    }
  }

  async all(sql: string, params: readonly Value[]): Promise<readonly StoredRow[]> {
    return this.#do(({ database }) => {
      const statement = database.prepare<StoredRow, Value[]>(sql)
      try {
        return statement.all(...params)
      } finally {
        statement.finalize()
      }
    })
  }

  async retain(retention: Retention): Promise<number> {
    // In steps with pauses: each asks anew whether the database is still the one that it was.
    return retainSqlite((step) => this.#do(({ database }) => step(database)), retention)
  }

  async size(): Promise<StoreSize> {
    return this.#do(({ database }) => sizeOfSqlite(database))
  }

  async reset(): Promise<number> {
    const rows = this.#do(({ database }) => resetSqlite(database))
    this.#names.forgetNext()
    return rows
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    this.#names.forget()
    open?.database.close()
  }

  #do<Result>(work: (open: Open) => Result): Result {
    try {
      return work(this.#ready())
    } catch (error) {
      throw this.#failure(error)
    }
  }

  #failure(error: unknown): StoreError {
    if (error instanceof StoreError) return error
    const trouble = troubleOf(error)
    if (trouble === 'broken') this.#setAside(messageOf(error))
    return new StoreError(trouble, messageOf(error), error)
  }

  #ready(): Open {
    if (this.#open !== undefined && this.#isGone(this.#open)) {
      this.#options.said(`Ledger "${this.place}" was removed: a new one is begun`)
      this.#open.database.close()
      this.#open = undefined
      this.#names.forget()
    }
    this.#open ??= openDatabase(this.#options)
    return this.#open
  }

  #isGone(open: Open): boolean {
    const now = Date.now()
    if (this.place === MEMORY || this.#writing || now - this.#looked < LOOK_EVERY_MS) return false
    this.#looked = now
    return statSync(this.place, { throwIfNoEntry: false })?.ino !== open.inode
  }

  /** A file that cannot be read is kept under another name, and the next write begins a new one. */
  #setAside(problem: string): void {
    this.#open?.database.close()
    this.#open = undefined
    this.#names.forget()
    if (this.place === MEMORY) return
    const name = `${this.place}.broken-${new Date().toISOString().replace(/[:.]/g, '-')}`
    for (const end of ['-wal', '-shm']) rmSync(this.place + end, { force: true })
    renameSync(this.place, name)
    this.#options.said(`Ledger "${this.place}" is broken (${problem}): kept as "${name}"`)
  }

  /** One transaction for all, which writes each page once; between slices of it streams are served. */
  async #writeAll(open: Open, rows: readonly NewRow[]): Promise<void> {
    const { database } = open
    database.run('BEGIN IMMEDIATE')
    try {
      this.#names.begin(Date.now())
      for (let at = 0; at < rows.length; at += SLICE) {
        if (at > 0) await pause()
        for (const row of rows.slice(at, at + SLICE)) this.#insert(open, row)
      }
      for (const block of idBlocks(rows)) open.ids.run(...idBlockValues(block))
      for (const rollup of rollUp(rows, this.#names)) addRollup(open, rollup)
      database.run('COMMIT')
    } catch (error) {
      this.#names.forget()
      // A full disk has rolled it back already, and one that was closed meanwhile too.
      if (this.#open === open && database.inTransaction) database.run('ROLLBACK')
      throw error
    }
  }

  #learn(name: Name, day: number): number {
    if (this.#open === undefined) throw new StoreError('failed', 'Ledger is closed')
    return numberOf(this.#open.name.get(name.kind, name.text, day), 'id')
  }

  #insert({ insert, database }: Open, row: NewRow): void {
    const values = valuesOf(row, this.#names, this.#options.instance)
    let key = row.key
    // Another process had the same number in the same millisecond: the next one is free soon.
    while (insert.run(...values).changes === 0) values[0] = ++key
    const { requestBody, replyBody } = row
    if (requestBody === undefined && replyBody === undefined) return
    const size = (requestBody?.length ?? 0) + (replyBody?.length ?? 0)
    database.query(BODY_SQL).run(key, requestBody ?? null, replyBody ?? null, size)
  }
}

function addRollup({ database, rollup }: Open, figures: ReturnType<typeof rollUp>[number]): void {
  const size = numberOf(rollup.get(...rollupValues(figures)), 'size')
  if (size <= LONG_HISTOGRAMS) return
  const found = database.query<StoredRow, Value[]>(HISTOGRAMS_SQL).get(...figures.dimensions)
  const texts = [compacted(found?.duration), compacted(found?.first_byte)]
  database.query(COMPACT_SQL).run(...texts, ...figures.dimensions)
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function openDatabase({ path, migrations = MIGRATIONS }: SqliteOptions): Open {
  if (path !== MEMORY) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    refuseForeign(path)
    // Made by us, since SQLite would let others read it; its journal files take its rights.
    closeSync(openSync(path, 'a', 0o600))
  }
  const database = new Database(path, { create: true, readwrite: true })
  try {
    // To wait for another process would hold every stream up: who finds it busy tries again later.
    database.run('PRAGMA busy_timeout = 0')
    database.run('PRAGMA auto_vacuum = INCREMENTAL')
    database.run('PRAGMA journal_mode = WAL')
    // Without a sync at each commit: a loss of power may cost the last rows, and never the file.
    database.run('PRAGMA synchronous = NORMAL')
    migrate(database, path, migrations)
    return {
      database,
      inode: path === MEMORY ? 0 : statSync(path).ino,
      name: database.prepare(NAME_SQL),
      insert: database.prepare(INSERT_SQL),
      ids: database.prepare(ID_BLOCK_SQL),
      rollup: database.prepare(rollupSql(1)),
    }
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: Database, path: string, migrations: readonly Migration[]): void {
  const version = versionOf(database)
  if (version === migrations.length) return
  if (version > migrations.length) throw tooNew(path, version, migrations.length)
  database
    .transaction(() => {
      database.run('CREATE TABLE IF NOT EXISTS ledger_version (version BIGINT NOT NULL)')
      // Another process may have been first.
      for (const { sqlite } of migrations.slice(versionOf(database))) {
        for (const statement of sqlite) database.run(statement)
      }
      database.run('DELETE FROM ledger_version')
      database.run('INSERT INTO ledger_version (version) VALUES (?)', [migrations.length])
    })
    .immediate()
}

function versionOf(database: Database): number {
  const table = database
    .query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'ledger_version'")
    .get()
  if (table === null) return 0
  return numberOf(database.query('SELECT version FROM ledger_version').get(), 'version')
}

function troubleOf(error: unknown): StoreTrouble {
  const code = error instanceof SQLiteError ? (error.code ?? '') : ''
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'busy'
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return 'broken'
  return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(code) ? 'data' : 'failed'
}
