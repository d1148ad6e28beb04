import { afterAll, beforeAll, expect } from 'bun:test'
import { SQL } from 'bun'
import { createLedger } from '../../src/record/ledger.ts'
import { checkLedger } from '../../src/record/ledger-check.ts'
import { openLedgerReader } from '../../src/record/ledger-reader.ts'
import { createLogger } from '../../src/record/log.ts'
import { openPostgresReader } from '../../src/record/store/postgres-reader.ts'
import { settled } from '../support/ledger-rows.ts'
import { findProgram, needs } from '../support/needs.ts'
import { PASSWORD, type Postgres, startPostgres } from '../support/postgres.ts'

const test = needs('pg_ctl')
let server: Postgres | undefined

beforeAll(async () => {
  if (findProgram('pg_ctl') !== undefined) server = await startPostgres()
}, 60_000)
afterAll(() => server?.remove())

test('a ledger on a PostgreSQL server is read, and the server refuses any change', async () => {
  if (server === undefined) throw new Error('PostgreSQL does not run')
  const admin = new SQL(server.url('postgres'), { max: 1 })
  await admin.unsafe('CREATE DATABASE reading')
  await admin.close()
  const database = server.url('reading')
  const none = await openLedgerReader(database).then(String, (error) => error.message)
  expect(none).toContain('cannot be read')
  expect(none).not.toContain(PASSWORD)
  const ledger = createLedger({
    ...{ database, instance: 'one', retentionDays: 0, retentionMegabytes: 0 },
    ...{ bodies: 'off', bodyLength: 1000, logger: createLogger('silent', 'plain') },
  })
  ledger.observer.settled(settled({ id: 'req_first' }))
  await ledger.close(3000)
  const reader = await openLedgerReader(database)
  expect((await reader.query({})).rows.map(({ id }) => id)).toEqual(['req_first'])
  expect((await reader.analytics({ by: 'model' })).total.requests).toBe(1)
  await reader.close()
  const store = await openPostgresReader(database)
  const refused = await store.all('DELETE FROM exchange', []).then(String, (error) => error.message)
  expect(refused).toContain('read-only transaction')
  await store.close()
})

test('a server is looked at, and asked what it lets its user do', async () => {
  if (server === undefined) throw new Error('PostgreSQL does not run')
  const admin = new SQL(server.url('postgres'), { max: 1 })
  for (const sql of ['CREATE DATABASE looked', "CREATE ROLE reader LOGIN PASSWORD 'r'"]) {
    await admin.unsafe(sql)
  }
  await admin.close()
  const database = server.url('looked')
  const place = database.replace(/\/\/.*@/, '//')
  const reader = database.replace(/\/\/.*@/, '//reader:r@')
  expect(await checkLedger(database)).toEqual({ place, problem: undefined })
  expect(await checkLedger(reader)).toEqual({
    place,
    problem: 'its user may make no tables there',
  })
  const { problem: missing = '' } = await checkLedger(server.url('nowhere'))
  expect(missing).toContain('database "nowhere" does not exist')
  const ledger = createLedger({
    ...{ database, instance: 'one', retentionDays: 0, retentionMegabytes: 0 },
    ...{ bodies: 'off', bodyLength: 1000, logger: createLogger('silent', 'plain') },
  })
  ledger.observer.settled(settled({ id: 'req_first' }))
  await ledger.close(3000)
  expect(await checkLedger(database)).toEqual({ place, problem: undefined })
  const owner = new SQL(database, { max: 1 })
  await owner.unsafe('GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader')
  expect((await checkLedger(reader)).problem).toBe('its user may not write to its tables')
  await owner.unsafe('UPDATE ledger_version SET version = 99')
  expect((await checkLedger(database)).problem).toMatch(/^it has version 99 and this ccproxy knows/)
  await owner.close()
})
