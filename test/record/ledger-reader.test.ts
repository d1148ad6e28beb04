import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLedger, type KeptBodies } from '../../src/record/ledger.ts'
import { openLedgerReader } from '../../src/record/ledger-reader.ts'
import { createLogger } from '../../src/record/log.ts'
import { type TempDir, tempDir } from '../support/child.ts'
import { settled } from '../support/ledger-rows.ts'

let folder: TempDir
beforeEach(() => {
  folder = tempDir()
})
afterEach(() => folder.remove())

const file = () => join(folder.path, 'ledger.sqlite')

function keeper(bodies: KeptBodies = 'off') {
  return createLedger({
    ...{ database: file(), instance: 'one', retentionDays: 0, retentionMegabytes: 0 },
    ...{ bodies, bodyLength: 1000, logger: createLogger('silent', 'plain') },
  })
}

describe('a ledger that another process keeps', () => {
  test('is read while it is written, and stays as it is', async () => {
    const ledger = keeper()
    ledger.observer.settled(settled({ id: 'req_first' }))
    await ledger.close(3000)
    const before = readFileSync(file())
    const reader = await openLedgerReader(file())
    expect((await reader.query({})).rows.map(({ id }) => id)).toEqual(['req_first'])
    expect((await reader.entry('req_first'))?.status).toBe(200)
    expect((await reader.analytics({ by: 'day' })).total.requests).toBe(1)
    expect(readFileSync(file()).equals(before)).toBe(true)
    const next = keeper()
    next.observer.settled(settled({ id: 'req_next' }))
    await next.close(3000)
    expect((await reader.query({})).rows).toHaveLength(2)
    await reader.close()
  })

  test('is refused where it is not there, not known or broken, and is not touched', async () => {
    const refusal = () => openLedgerReader(file()).then(String, (error) => error.message)
    expect(await refusal()).toBe(`No ledger is at "${file()}" yet`)
    expect(readdirSync(folder.path)).toEqual([])
    writeFileSync(file(), 'This is no database, and somebody may still want it'.repeat(100))
    expect(await refusal()).toContain('cannot be read: file is not a database')
    expect(readdirSync(folder.path)).toEqual(['ledger.sqlite'])
    writeFileSync(file(), '')
    const database = new Database(file())
    database.run('CREATE TABLE ledger_version (version BIGINT NOT NULL)')
    database.run('INSERT INTO ledger_version VALUES (0)')
    expect(await refusal()).toContain('is of an older ccproxy: start this one once')
    database.run('UPDATE ledger_version SET version = 999')
    expect(await refusal()).toContain('update ccproxy')
    database.close()
  })
})

test('a ledger keeps no bodies that only others want', async () => {
  const bodies = { request: Buffer.from('{"input":"asked"}'), reply: [Buffer.from('{"a":1}')] }
  const failed = { id: 'req_failed', status: 500, ending: 'upstream_error', bodies } as const
  for (const [kept, expected] of [
    ['off', undefined],
    ['errors', '{"input":"asked"}'],
  ] as const) {
    const ledger = keeper(kept)
    ledger.observer.settled(settled({ ...failed, id: `req_${kept}` }))
    await ledger.close(3000)
    const reader = await openLedgerReader(file())
    expect((await reader.entry(`req_${kept}`))?.requestBody).toBe(expected)
    await reader.close()
  }
})
