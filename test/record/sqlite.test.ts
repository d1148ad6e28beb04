import { expect, test } from 'bun:test'
import { join } from 'node:path'
import type { LedgerQuery } from '../../src/record/ledger-shape.ts'
import { listRows, readEntry } from '../../src/record/store/list.ts'
import { SqliteStore } from '../../src/record/store/sqlite.ts'
import type { Value } from '../../src/record/store/store.ts'
import { tempDir } from '../support/child.ts'
import { rowMaker } from '../support/ledger-rows.ts'
import { storeContract } from '../support/store-contract.ts'

storeContract('SQLite', test, async () => {
  const folder = tempDir()
  const path = join(folder.path, 'data', 'ledger.sqlite')
  return {
    open: (migrations, instance = 'one') =>
      new SqliteStore({
        path,
        instance,
        said: (message) => {
          throw new Error(message)
        },
        ...(migrations && { migrations }),
      }),
    remove: async () => folder.remove(),
  }
})

test('SQLite goes through all rows for no question', async () => {
  const store = new SqliteStore({ path: ':memory:', instance: 'one', said: () => undefined })
  const make = rowMaker(5, 4)
  const begin = Date.UTC(2026, 10, 1)
  await store.write(Array.from({ length: 3000 }, (_, at) => make(begin + at * 60_000, at)))
  const plans: string[] = []
  const explained = {
    async all(sql: string, params: readonly Value[]) {
      const plan = await store.all(`EXPLAIN QUERY PLAN ${sql}`, params)
      plans.push(...plan.map(({ detail }) => String(detail)))
      return store.all(sql, params)
    },
  }
  const [row] = (await listRows(store, { limit: 1 })).rows
  const questions: LedgerQuery[] = [
    ...[{}, { order: 'asc' as const }, { since: begin }, { cursor: row?.key ?? 0 }],
    ...[{ model: ['gpt-5'] }, { client: ['client-1'], status: ['5xx'] }, { ended: ['refused'] }],
    ...[{ session: row?.session ?? '' }, { text: 'count_' }, { text: 'case 7' }, { text: 'rare' }],
    ...[{ text: row?.id ?? '' }, { text: row?.upstreamRequestId ?? '' }],
  ]
  for (const question of questions) await listRows(explained, question)
  expect(await readEntry(explained, row?.id ?? '')).toBeDefined()
  expect(plans.length).toBeGreaterThan(questions.length)
  expect(plans.filter((detail) => /^SCAN (?:e|exchange)\b/.test(detail))).toEqual([])
  expect(plans).toContain('SEARCH exchange USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)')
  await store.close()
})
