import { describe, expect, test } from 'bun:test'
import { figuresOf, groupsOf } from '../../src/http/dashboard/page/figures.ts'
import { type Step, stacked, stepTimes, valuesAt } from '../../src/http/dashboard/page/series.ts'
import type { Row } from '../../src/http/dashboard/page/view.ts'
import { analyticsOut, rowOut } from '../../src/http/logs/wire.ts'
import { analyse } from '../../src/record/store/analytics.ts'
import { listRows } from '../../src/record/store/list.ts'
import { SqliteStore } from '../../src/record/store/sqlite.ts'
import { rowMaker } from '../support/ledger-rows.ts'

const HOUR_MS = 3_600_000

function step(at: number, requests: number): Step {
  return { ...figuresOf([]), at, requests }
}

describe('figures counted by the page', () => {
  test('are those that the ledger counts', async () => {
    const store = new SqliteStore({ path: ':memory:', instance: 'test', said: () => undefined })
    const make = rowMaker(3)
    const from = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS
    await store.write(Array.from({ length: 500 }, (_, index) => make(from + index * 1000, index)))
    const { rows } = await listRows(store, { limit: 1000 })
    const own: readonly Row[] = rows.map(rowOut)
    const ledger = analyticsOut('provider', await analyse(store, { by: 'provider' }))
    const compare = ({ duration_ms: d, first_byte_ms: f, ...exact }: typeof ledger.total) => ({
      ...exact,
      cost_usd: exact.cost_usd.toFixed(6),
      list_cost_usd: exact.list_cost_usd.toFixed(6),
      cache_hit_share: exact.cache_hit_share?.toFixed(9),
      // The ledger's percentiles are those of a histogram.
      known: [d !== undefined, f !== undefined],
    })
    const total = figuresOf(own)
    expect(total.requests).toBe(500)
    expect(total.errors).toBeGreaterThan(3)
    expect(compare(total)).toEqual(compare(ledger.total))
    for (const key of ['p50', 'p95', 'p99'] as const) {
      const [mine = 0, theirs = 1] = [total.duration_ms?.[key], ledger.total.duration_ms?.[key]]
      expect([key, Math.abs(mine / theirs - 1) < 0.1]).toEqual([key, true])
    }
    const groups = groupsOf(own, ({ provider }) => provider)
    expect(groups.map(({ name, requests }) => [name, requests])).toEqual(
      ledger.groups.map(({ name, requests }) => [name, requests]),
    )
    await store.close()
  })

  test('of nothing are nothing, and no percentile', () => {
    const none = figuresOf([])
    expect(none.requests).toBe(0)
    expect(none.duration_ms).toBeUndefined()
    expect(none.cache_hit_share).toBeUndefined()
  })
})

describe('steps of a chart', () => {
  test('leave none out, and a gap is nought or nothing', () => {
    const from = Date.UTC(2026, 10, 21, 10, 20)
    const times = stepTimes('hour', from, from + 3 * HOUR_MS)
    expect(times.map((time) => new Date(time).getUTCHours())).toEqual([10, 11, 12, 13])
    const steps = [step(times[0] ?? 0, 3), step(times[2] ?? 0, 5)]
    expect(valuesAt(times, steps, ({ requests }) => requests, 0)).toEqual([3, 0, 5, 0])
    expect(valuesAt(times, steps, ({ requests }) => requests, null)).toEqual([3, null, 5, null])
    expect(valuesAt(times, steps, () => undefined, null)).toEqual([null, null, null, null])
  })

  test('of days begin at midnight here, also where the clocks change between', () => {
    const from = new Date(2026, 9, 20, 15).getTime()
    const times = stepTimes('day', from, from + 10 * 24 * HOUR_MS)
    expect(times.length).toBe(11)
    expect(times.every((time) => new Date(time).getHours() === 0)).toBe(true)
    // The ledger's days are an hour off after the change.
    const steps = times.map((time, index) => step(time + (index > 5 ? -HOUR_MS : 0), index + 1))
    expect(valuesAt(times, steps, ({ requests }) => requests, 0)).toEqual(
      times.map((_, index) => index + 1),
    )
  })

  test('stand on each other', () => {
    expect(
      stacked([
        [1, 2],
        [10, null],
        [100, 200],
      ]),
    ).toEqual([
      [111, 202],
      [110, 200],
      [100, 200],
    ])
  })
})
