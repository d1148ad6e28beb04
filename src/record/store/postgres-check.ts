import { SQL } from 'bun'
import { MIGRATIONS } from '../migrations.ts'
import { rowsOf } from './postgres-retention.ts'

const CONNECT_SECONDS = 5
const STATE = `SELECT pg_is_in_recovery() AS standby,
  to_regclass('ledger_version') IS NOT NULL AS made,
  has_schema_privilege(current_schema(), 'CREATE') AS makes`
const RIGHTS = `SELECT version, has_table_privilege('exchange', 'INSERT')
  AND has_table_privilege('exchange', 'DELETE') AS writes FROM ledger_version`

/** What keeps a PostgreSQL server from keeping the ledger; it is only asked, and refuses any change. */
export async function postgresProblem(url: string): Promise<string | undefined> {
  const sql = new SQL({
    url,
    max: 1,
    connectionTimeout: CONNECT_SECONDS,
    connection: { default_transaction_read_only: 'on' },
  })
  try {
    return await problemOf(sql)
  } finally {
    await sql.close({ timeout: 0 })
  }
}

async function problemOf(sql: SQL): Promise<string | undefined> {
  const [state] = await rowsOf(sql, STATE, [])
  if (state?.standby === true) return 'it is a standby, which takes no rows'
  if (state?.made !== true) {
    return state?.makes === true ? undefined : 'its user may make no tables there'
  }
  const [ledger] = await rowsOf(sql, RIGHTS, [])
  const version = Number(ledger?.version)
  const known = MIGRATIONS.length
  if (version > known) return `it has version ${version} and this ccproxy knows ${known}`
  return ledger?.writes === true ? undefined : 'its user may not write to its tables'
}
