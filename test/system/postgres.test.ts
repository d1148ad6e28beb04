import { afterAll, beforeAll } from 'bun:test'
import { SQL } from 'bun'
import { PostgresStore } from '../../src/record/store/postgres.ts'
import { findProgram, needs } from '../support/needs.ts'
import { type Postgres, startPostgres } from '../support/postgres.ts'
import { storeContract } from '../support/store-contract.ts'

const test = needs('pg_ctl')
const present = findProgram('pg_ctl') !== undefined
let server: Postgres | undefined
let databases = 0

beforeAll(async () => {
  if (present) server = await startPostgres()
}, 60_000)

afterAll(() => server?.remove())

/** A fresh database of the server. */
async function database(): Promise<string> {
  if (server === undefined) throw new Error('PostgreSQL does not run')
  const name = `ledger_${++databases}`
  const sql = new SQL(server.url('postgres'), { max: 1 })
  await sql.unsafe(`CREATE DATABASE ${name}`)
  await sql.close()
  return server.url(name)
}

storeContract('PostgreSQL', test, async () => {
  const url = await database()
  return {
    open: (migrations, instance = 'one') =>
      new PostgresStore({ url, instance, ...(migrations && { migrations }) }),
    remove: async () => undefined,
  }
})
