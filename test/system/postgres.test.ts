import { afterAll, beforeAll, expect } from 'bun:test'
import { SQL } from 'bun'
import { createLedger } from '../../src/record/ledger.ts'
import { PostgresStore } from '../../src/record/store/postgres.ts'
import { startCcproxy } from '../support/ccproxy.ts'
import { startFakeAnthropic } from '../support/fake-anthropic.ts'
import { rowMaker, settled } from '../support/ledger-rows.ts'
import { memoryLog } from '../support/memory-log.ts'
import { findProgram, needs } from '../support/needs.ts'
import { PASSWORD, type Postgres, startPostgres } from '../support/postgres.ts'
import { messageBody } from '../support/raw-client.ts'
import { storeContract } from '../support/store-contract.ts'
import { until } from '../support/wait.ts'

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

function ledgerOn(url: string) {
  const logger = memoryLog()
  const ledger = createLedger({
    ...{ database: url, instance: 'one', retentionDays: 30, retentionMegabytes: 0, bodies: 'off' },
    ...{ bodyLength: 1000, logger },
  })
  return { ledger, logger }
}

test('A server that goes and comes back costs no row and no word too many', async () => {
  const { ledger, logger } = ledgerOn(await database())
  const written = async () => (await ledger.status()).written
  ledger.observer.settled(settled({ id: 'before' }))
  await until('the first row', async () => (await written()) === 1, 10_000)
  server?.stop()
  for (let at = 0; at < 30; at++) ledger.observer.settled(settled({ id: `during-${at}` }))
  await until('the trouble', () => logger.lines.length > 0, 15_000)
  const failing = await ledger.status()
  expect(failing).toMatchObject({ state: 'failing', waiting: 30, lost: 0, rows: undefined })
  await expect(ledger.query({})).rejects.toThrow('Ledger cannot be read')
  server?.start()
  await until('the rows', async () => (await written()) === 31, 40_000)
  ledger.observer.settled(settled({ id: 'behind' }))
  await until('the last row', async () => (await written()) === 32, 10_000)
  const { rows } = await ledger.query({})
  expect(rows).toHaveLength(32)
  expect((await ledger.analytics({ by: 'hour' })).total.requests).toBe(32)
  expect(logger.lines.map(({ message }) => message)).toEqual([
    'ledger cannot be written: requests go on and rows wait',
    'ledger is written again',
  ])
  expect(JSON.stringify([logger.lines, failing, await ledger.status()])).not.toContain(PASSWORD)
  await ledger.close()
}, 90_000)

test('A server that says nothing any more holds nobody up for long', async () => {
  const { ledger } = ledgerOn(await database())
  ledger.observer.settled(settled({ id: 'before' }))
  expect((await ledger.query({})).rows).toHaveLength(1)
  server?.signal('SIGSTOP')
  try {
    ledger.observer.settled(settled({ id: 'during' }))
    const began = performance.now()
    const [state, asked] = await Promise.all([ledger.status(), ledger.query({}).catch(String)])
    expect(performance.now() - began).toBeLessThan(15_000)
    expect(state).toMatchObject({ state: 'failing', waiting: 1, rows: undefined })
    expect(state.problem).toContain('did not answer in 10 seconds')
    expect(asked).toContain('did not answer in 10 seconds')
  } finally {
    server?.signal('SIGCONT')
  }
  await until('the row', async () => (await ledger.status()).written === 2, 20_000)
  expect(await ledger.status()).toMatchObject({ state: 'ok', rows: 2 })
  await ledger.close()
}, 60_000)

test('A value that the server cannot hold costs its own row only', async () => {
  const store = new PostgresStore({ url: await database(), instance: 'one' })
  const row = rowMaker(1)(Date.now(), 1)
  const writing = store.write([{ ...row, input: 1e300 }])
  await expect(writing).rejects.toMatchObject({ trouble: 'data' })
  await store.write([row])
  expect(await store.size()).toMatchObject({ rows: 1 })
  await store.close()
})

test('Two ccproxies share a ledger, and the password of it is said nowhere', async () => {
  const url = await database()
  const fake = await startFakeAnthropic()
  const start = () =>
    startCcproxy({
      upstream: fake.url,
      env: { RECORD__DATABASE: url, LOG_LEVEL: 'trace' },
    })
  const proxies = await Promise.all([start(), start()])
  try {
    const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
    const ask = async (at: number) => {
      const init = { method: 'POST', headers, body: messageBody(at % 3 === 0) }
      const reply = await fetch(`${proxies[at % 2]?.url}/v1/messages`, init)
      await reply.text()
      return reply.status
    }
    const statuses = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(at)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    for (const proxy of proxies) proxy.signal('SIGTERM')
    for (const proxy of proxies) expect(await proxy.exited).toBe(0)
    const { ledger } = ledgerOn(url)
    expect((await ledger.query({})).rows).toHaveLength(40)
    expect((await ledger.analytics({ by: 'model' })).total).toMatchObject({
      requests: 40,
      errors: 0,
    })
    await ledger.close()
    for (const proxy of proxies) expect(proxy.stderr()).not.toContain(PASSWORD)
  } finally {
    for (const proxy of proxies) await proxy.stop()
    await fake.close()
  }
}, 60_000)

test('A server that refuses is told of without its password', async () => {
  const url = (await database()).replace(/ledger_\d+$/, 'nowhere')
  const { ledger, logger } = ledgerOn(url)
  ledger.observer.settled(settled())
  await until('the trouble', () => logger.lines.length > 0, 15_000)
  expect(logger.lines[0]?.problem).toContain('nowhere')
  await ledger.close(50)
  expect(JSON.stringify([logger.lines, await ledger.status().catch(String)])).not.toContain(
    PASSWORD,
  )
}, 30_000)
