import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { messageOf } from '../../kit/error.ts'
import { MIGRATIONS } from '../migrations.ts'
import type { StoreReader } from './reader.ts'
import { type StoredRow, StoreError, type Value } from './store.ts'
import { checkVersion } from './too-new.ts'

/** Opens the ledger in a file of SQLite's to read it, beside a ccproxy that may write it; changes nothing of it. */
export function openSqliteReader(path: string): StoreReader {
  if (!existsSync(path)) throw new StoreError('refused', `No ledger is at "${path}" yet`)
  const database = open(path)
  return {
    async all(sql, params) {
      const statement = database.prepare<StoredRow, Value[]>(sql)
      try {
        return statement.all(...params)
      } finally {
        statement.finalize()
      }
    },
    async close() {
      database.close()
    },
  }
}

function open(path: string): Database {
  let database: Database | undefined
  try {
    database = new Database(path, { readonly: true })
    database.run('PRAGMA busy_timeout = 1000')
    const row = database.query<StoredRow, []>('SELECT version FROM ledger_version').get()
    checkVersion(path, Number(row?.version), MIGRATIONS.length)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof StoreError) throw error
    throw new StoreError('failed', `Ledger "${path}" cannot be read: ${messageOf(error)}`, error)
  }
}
