import { SQL } from 'bun'
import { messageOf } from '../../kit/error.ts'
import { MIGRATIONS } from '../migrations.ts'
import { rowsOf } from './postgres-retention.ts'
import type { StoreReader } from './reader.ts'
import { StoreError } from './store.ts'
import { checkVersion } from './too-new.ts'

const CONNECT_SECONDS = 5

/** Opens the ledger on a PostgreSQL server to read it; the server itself refuses any change. */
export async function openPostgresReader(url: string): Promise<StoreReader> {
  const { protocol, host, pathname } = new URL(url)
  const place = `${protocol}//${host}${pathname}`
  const sql = new SQL({
    url,
    max: 1,
    connectionTimeout: CONNECT_SECONDS,
    connection: { default_transaction_read_only: 'on' },
  })
  try {
    const [row] = await rowsOf(sql, 'SELECT version FROM ledger_version', [])
    checkVersion(place, Number(row?.version), MIGRATIONS.length)
  } catch (error) {
    await sql.close({ timeout: 0 })
    if (error instanceof StoreError) throw error
    throw new StoreError('failed', `Ledger "${place}" cannot be read: ${messageOf(error)}`, error)
  }
  return {
    all: (text, params) => rowsOf(sql, text, params),
    close: () => sql.close({ timeout: 1 }),
  }
}
