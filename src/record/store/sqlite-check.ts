import { Database } from 'bun:sqlite'
import { messageOf } from '../../kit/error.ts'
import { MIGRATIONS } from '../migrations.ts'
import { refuseForeign } from './refuse-foreign.ts'
import type { StoredRow } from './store.ts'

const OURS = `SELECT 1 AS there FROM sqlite_schema WHERE type = 'table' AND name = 'ledger_version'`

/** What is wrong with a file that a ledger is, or is to be; it is only read. */
export function sqliteProblem(path: string): string | undefined {
  let database: Database | undefined
  try {
    refuseForeign(path)
    database = new Database(path, { readonly: true })
    database.run('PRAGMA busy_timeout = 1000')
    if (database.query<StoredRow, []>(OURS).get() === null) return undefined
    const row = database.query<StoredRow, []>('SELECT version FROM ledger_version').get()
    const version = Number(row?.version)
    const known = MIGRATIONS.length
    return version > known ? `it has version ${version} and this ccproxy knows ${known}` : undefined
  } catch (error) {
    return messageOf(error)
  } finally {
    database?.close()
  }
}
