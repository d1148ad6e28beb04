import { afterEach, beforeEach, describe, expect, type test } from 'bun:test'
import type { AnalyticsQuery, LedgerQuery } from '../../src/record/ledger-shape.ts'
import { MIGRATIONS, type Migration } from '../../src/record/migrations.ts'
import { analyse } from '../../src/record/store/analytics.ts'
import { listRows, readEntry } from '../../src/record/store/list.ts'
import { isError } from '../../src/record/store/rollup.ts'
import type { NewRow, Store } from '../../src/record/store/store.ts'
import { rowMaker } from './ledger-rows.ts'

/** How one backend is opened for a test: a place of its own, and the same place again. */
export interface Bench {
  open(migrations?: readonly Migration[], instance?: string): Store
  remove(): Promise<void>
}

const HOUR = 3_600_000
/** Ten on a whole hour, so that the tests do not depend on the time of day. */
const NOW = Date.UTC(2026, 10, 20, 10)
const base = rowMaker(7)(NOW, 0)

function row(more: Partial<NewRow> & { time?: number }, number = 0): NewRow {
  const { time = NOW, ...rest } = more
  const plain = { client: 'ada', model: 'm', upstreamModel: 'm', provider: 'p', error: undefined }
  const good = { status: 200, ended: 'complete', path: '/v1/messages', session: undefined }
  return { ...base, ...plain, ...good, id: `id-${number}`, ...rest, key: time * 1024 + number }
}

/** `count` rows of the last `hours` hours, oldest first. */
function busy(count: number, hours: number, seed = 3): NewRow[] {
  const make = rowMaker(seed, 4)
  return Array.from({ length: count }, (_, index) =>
    make(Math.floor(NOW - hours * HOUR + (index * hours * HOUR) / count), index),
  )
}

/** What every store must do alike. */
export function storeContract(name: string, run: typeof test, makeBench: () => Promise<Bench>) {
  describe(name, () => {
    let bench: Bench
    let store: Store
    beforeEach(async () => {
      bench = await makeBench()
      store = bench.open()
    })
    afterEach(async () => {
      await store.close()
      await bench.remove()
    })

    const ids = async (query: LedgerQuery) =>
      (await listRows(store, query)).rows.map(({ id }) => id)
    const figures = (query: AnalyticsQuery) => analyse(store, query)

    run('gives a row back as it was', async () => {
      const full = row({
        id: 'the id',
        upstreamId: 'req_1',
        session: 's-1',
        notes: '["lost a thing","and another"]',
        error: 'Bröken "quotes" 🙂',
        status: 502,
        ended: 'upstream_cut',
        cost: 1_950_000,
        cacheWrite1h: 5,
        thinking: 0,
        firstByte: 1500,
        duration: 2_000_001,
        requestBody: '{"a":1}',
        replyBody: '🙂',
      })
      await store.write([full])
      const [found] = (await listRows(store, {})).rows
      expect(found).toMatchObject({
        key: full.key,
        time: NOW,
        id: 'the id',
        upstreamRequestId: 'req_1',
        instance: 'one',
        client: 'ada',
        session: 's-1',
        mode: 'full',
        method: 'POST',
        path: '/v1/messages',
        provider: 'p',
        model: 'm',
        status: 502,
        ended: 'upstream_cut',
        notes: ['lost a thing', 'and another'],
        error: 'Bröken "quotes" 🙂',
        firstByteMs: 1.5,
        durationMs: 2000.001,
        listPrice: full.listPrice,
        stream: full.stream,
      })
      // Not 0.0019500000000000001, which --json would print.
      expect(found?.cost).toBe(0.00195)
      expect(found?.tokens).toMatchObject({ cacheWrite1h: 5, thinking: 0, cacheWrite5m: undefined })
      const entry = await readEntry(store, full.key)
      expect(entry).toMatchObject({ requestBody: '{"a":1}', replyBody: '🙂' })
      expect((await readEntry(store, 'req_1'))?.key).toBe(full.key)
      expect(await readEntry(store, 'nobody')).toBeUndefined()
      expect(await readEntry(store, full.key + 1)).toBeUndefined()
    })

    run('filters by each thing, and by all at once', async () => {
      await store.write([
        row({ time: NOW - 3 * HOUR, model: 'claude-a', upstreamModel: 'claude-b' }, 1),
        row(
          { time: NOW - 2 * HOUR, provider: 'other', client: 'bob', status: 429, ended: 'refused' },
          2,
        ),
        row({ time: NOW - HOUR, status: 500, error: 'Upstream said 100% no_thing' }, 3),
        row({ time: NOW, path: '/v1/files/file_7', session: 's', client: undefined }, 4),
      ])
      expect(await ids({})).toEqual(['id-4', 'id-3', 'id-2', 'id-1'])
      expect(await ids({ order: 'asc' })).toEqual(['id-1', 'id-2', 'id-3', 'id-4'])
      expect(await ids({ since: NOW - 2 * HOUR, until: NOW })).toEqual(['id-3', 'id-2'])
      expect(await ids({ model: ['claude-a'] })).toEqual(['id-1'])
      expect(await ids({ model: ['claude-b', 'm'] })).toEqual(['id-4', 'id-3', 'id-2', 'id-1'])
      expect(await ids({ provider: ['other'] })).toEqual(['id-2'])
      expect(await ids({ client: ['bob', 'nobody'] })).toEqual(['id-2'])
      expect(await ids({ client: ['nobody'] })).toEqual([])
      expect(await ids({ status: ['4xx'] })).toEqual(['id-2'])
      expect(await ids({ status: ['500', '429'] })).toEqual(['id-3', 'id-2'])
      expect(await ids({ status: ["1' OR 1=1"] })).toEqual([])
      expect(await ids({ ended: ['refused'] })).toEqual(['id-2'])
      expect(await ids({ session: 's' })).toEqual(['id-4'])
      expect(await ids({ session: 's', client: ['ada'] })).toEqual([])
      expect(await ids({ client: ['bob'], status: ['4xx'], until: NOW })).toEqual(['id-2'])
      expect(await ids({ client: ['bob'], status: ['4xx'], since: NOW })).toEqual([])
    })

    run('finds a part of a path, a model or an error, and a whole id', async () => {
      await store.write([
        row({ model: 'claude-a', upstreamModel: 'UP_stream', upstreamId: 'req_up' }, 1),
        row({ error: 'Upstream said 100% No_thing' }, 2),
        row({ path: '/v1/files/file_7' }, 3),
        row({ path: '/v1/messages/count_tokens' }, 4),
      ])
      expect(await ids({ text: 'UDE-A' })).toEqual(['id-1'])
      expect(await ids({ text: 'up_' })).toEqual(['id-1'])
      expect(await ids({ text: '100% no_' })).toEqual(['id-2'])
      expect(await ids({ text: 'file_' })).toEqual(['id-3'])
      expect(await ids({ text: '%' })).toEqual(['id-2'])
      expect(await ids({ text: 'count_' })).toEqual(['id-4'])
      expect(await ids({ text: 'v1/' })).toEqual(['id-4', 'id-3', 'id-2', 'id-1'])
      expect(await ids({ text: 'id-2' })).toEqual(['id-2'])
      expect(await ids({ text: 'req_up' })).toEqual(['id-1'])
      expect(await ids({ text: "'; DROP TABLE name; --" })).toEqual([])
      expect(await ids({ text: 'v1/', client: ['nobody'] })).toEqual([])
    })

    run(
      'finds a part of a text in any case, and letters beyond ASCII as they are written',
      async () => {
        await store.write([row({ id: 'one', error: 'Dienst ÜBERLASTET' })])
        expect(await ids({ text: 'dienst' })).toEqual(['one'])
        expect(await ids({ text: 'DIENST Ü' })).toEqual(['one'])
        expect(await ids({ text: 'ÜBER' })).toEqual(['one'])
      },
    )

    run('pages through all rows, each once, whatever the filter and the order', async () => {
      const rows = busy(700, 40)
      await store.write(rows)
      const filters: [LedgerQuery, (one: NewRow) => boolean][] = [
        [{}, () => true],
        [{ status: ['5xx'] }, ({ status }) => status >= 500],
        [{ client: ['client-1'] }, ({ client }) => client === 'client-1'],
        [{ text: 'count_' }, ({ path }) => path.includes('count_')],
        [{ text: 'CASE 1' }, ({ error }) => error?.includes('case 1') === true],
        [{ since: NOW - 20.5 * HOUR }, ({ key }) => key >= (NOW - 20.5 * HOUR) * 1024],
      ]
      for (const order of ['asc', 'desc'] as const) {
        for (const [filter, fits] of filters) {
          const expected = rows.filter(fits).map(({ key }) => key)
          const keys: number[] = []
          let cursor: number | undefined
          do {
            const page = await listRows(store, { ...filter, order, cursor, limit: 23 })
            keys.push(...page.rows.map(({ key }) => key))
            cursor = page.next
          } while (cursor !== undefined)
          expect(keys).toEqual(order === 'asc' ? expected : expected.reverse())
        }
      }
    })

    run('times and cursors beyond all keys are as good as none', async () => {
      await store.write([row({ id: 'one' }), row({ id: 'two' }, 1)])
      const far = 8.64e15
      expect(await ids({ until: far })).toEqual(['two', 'one'])
      expect(await ids({ since: -far, until: far, text: 'm' })).toEqual(['two', 'one'])
      expect(await ids({ since: far })).toEqual([])
      expect(await ids({ cursor: 1e16 })).toEqual(['two', 'one'])
      expect(await ids({ cursor: Number.MAX_SAFE_INTEGER, order: 'asc' })).toEqual([])
      const { total } = await figures({ by: 'day', since: -far, until: far })
      expect(total.requests).toBe(2)
    })

    run('sums up what the rows say, however they are grouped', async () => {
      const rows = busy(900, 50)
      for (let at = 0; at < rows.length; at += 37) await store.write(rows.slice(at, at + 37))
      const sum = (some: readonly NewRow[], of: (one: NewRow) => number) =>
        some.reduce((all, one) => all + of(one), 0)
      const groupings = {
        hour: (one: NewRow) => String(Math.floor(one.key / 1024 / HOUR)),
        client: (one: NewRow) => String(one.client),
        model: (one: NewRow) => String(one.upstreamModel),
        provider: (one: NewRow) => String(one.provider),
        status: (one: NewRow) => String(one.status),
        ended: (one: NewRow) => one.ended,
        day: (one: NewRow) => String(Math.floor((one.key / 1024 + 2 * HOUR) / (24 * HOUR))),
      }
      for (const [by, keyOf] of Object.entries(groupings)) {
        const all = await figures({ by: by as keyof typeof groupings, offsetMinutes: 120 })
        const expected = Map.groupBy(rows, keyOf)
        expect(all.groups.length).toBe(expected.size)
        expect(all.total.requests).toBe(rows.length)
        for (const group of all.groups) {
          const key =
            by === 'hour'
              ? String((group.time ?? 0) / HOUR)
              : by === 'day'
                ? String(((group.time ?? 0) + 2 * HOUR) / (24 * HOUR))
                : String(group.name)
          const own = expected.get(key) ?? []
          expect(group.requests).toBe(own.length)
          expect(group.errors).toBe(sum(own, (one) => (isError(one) ? 1 : 0)))
          expect(group.clientLeft).toBe(own.filter(({ ended }) => ended === 'client_left').length)
          expect(group.tokens.input).toBe(sum(own, ({ input = 0 }) => input))
          expect(group.tokens.cacheRead).toBe(sum(own, ({ cacheRead = 0 }) => cacheRead))
          expect(group.bytesOut).toBe(sum(own, ({ bytesOut }) => bytesOut))
          const paid = own.filter(({ listPrice }) => !listPrice)
          expect(group.cost * 1e9).toBeCloseTo(
            sum(paid, ({ cost = 0 }) => cost),
            0,
          )
          const listed = own.filter(({ listPrice }) => listPrice)
          expect(group.listCost * 1e9).toBeCloseTo(
            sum(listed, ({ cost = 0 }) => cost),
            0,
          )
          const durations = own.map(({ duration }) => duration).sort((a, b) => a - b)
          for (const [name, share] of [
            ['p50', 0.5],
            ['p95', 0.95],
            ['p99', 0.99],
          ] as const) {
            const exact = (durations[Math.ceil(durations.length * share) - 1] ?? 0) / 1000
            expect(Math.abs((group.duration?.[name] ?? 0) / exact - 1)).toBeLessThan(0.045)
          }
        }
      }
      const one = await figures({ by: 'client', client: ['client-0'], status: ['5xx'] })
      const fit = rows.filter(({ client, status }) => client === 'client-0' && status >= 500)
      expect(one.total.requests).toBe(fit.length)
      const session = rows.find((some) => some.session !== undefined)?.session ?? ''
      const own = rows.filter((some) => some.session === session)
      const ofSession = await figures({ by: 'model', session })
      expect(ofSession.total.requests).toBe(own.length)
      expect(ofSession.total.tokens.output).toBe(sum(own, ({ output = 0 }) => output))
      expect(ofSession.total.errors).toBe(own.filter(isError).length)
      expect(ofSession.total.unpriced).toBe(
        own.filter(({ cost, input }) => cost === undefined && input !== undefined).length,
      )
    })

    run('adds up the largest counts that a tap takes, at the dearest price', async () => {
      const most = 1e9
      const counts = { input: most, output: most, cacheRead: most, cacheWrite: most }
      const cost = 4 * most * 1e6
      const rows = Array.from({ length: 200 }, (_, index) => row({ ...counts, cost }, index))
      await store.write(rows)
      const { total } = await figures({ by: 'model' })
      expect(total).toMatchObject({ requests: 200, tokens: { input: 200 * most } })
    })

    run('a distribution that many writes made is still whole', async () => {
      for (let at = 0; at < 40; at++) {
        const rows = Array.from({ length: 200 }, (_, index) =>
          row({ duration: 1000 + index * 5000 + at, firstByte: undefined }, at * 200 + index),
        )
        await store.write(rows.map((one, index) => ({ ...one, key: (NOW + at) * 1024 + index })))
      }
      const { total } = await figures({ by: 'hour' })
      expect(total.requests).toBe(8000)
      expect(total.firstByte).toBeUndefined()
      expect(Math.abs((total.duration?.p50 ?? 0) / 496 - 1)).toBeLessThan(0.045)
      const [longest] = await store.all('SELECT max(length(duration)) AS length FROM hourly', [])
      expect(Number(longest?.length)).toBeLessThan(8000)
    })

    run('a key that is taken is moved to the next, and no row is lost', async () => {
      await store.write([row({ id: 'first' }, 5)])
      const other = bench.open(undefined, 'two')
      await other.write([row({ id: 'second' }, 5), row({ id: 'third' }, 6)])
      await other.close()
      expect((await ids({})).sort()).toEqual(['first', 'second', 'third'])
      expect((await figures({ by: 'hour' })).total.requests).toBe(3)
    })

    run('several writers at once lose nothing', async () => {
      const others = ['two', 'three'].map((instance) => bench.open(undefined, instance))
      const writers = [store, ...others]
      const parts = writers.map((_, index) => busy(400, 5, index + 20))
      await Promise.all(
        writers.map(async (writer, index) => {
          const rows = parts[index] ?? []
          for (let at = 0; at < rows.length; at += 40) {
            await writer.write(
              rows.slice(at, at + 40).map((one) => ({ ...one, key: one.key + index })),
            )
          }
        }),
      )
      await Promise.all(others.map((other) => other.close()))
      expect((await store.size()).rows).toBe(1200)
      expect((await figures({ by: 'hour' })).total.requests).toBe(1200)
    })

    run('what is too old goes, with its figures and bodies, and the sums still agree', async () => {
      const rows = busy(1200, 48).map((one) => ({ ...one, requestBody: 'body' }))
      await store.write(rows)
      const before = NOW - 10 * HOUR
      const left = rows.filter(({ key }) => key >= before * 1024)
      expect(await store.retain({ before, bytes: undefined })).toBe(rows.length - left.length)
      const size = await store.size()
      expect(size.rows).toBe(left.length)
      expect(size.oldest).toBe(Math.floor((left[0]?.key ?? 0) / 1024))
      expect((await figures({ by: 'hour' })).total.requests).toBe(left.length)
      const [bodies] = await store.all('SELECT count(*) AS count FROM body', [])
      expect(Number(bodies?.count)).toBe(left.length)
      // A name that rows still need is still there.
      expect(await ids({ limit: 1000 })).toHaveLength(left.length)
      expect((await listRows(store, {})).rows.every(({ path }) => path !== '')).toBe(true)
    })

    run('nothing is too old where rows are kept for longer than there has been time', async () => {
      await store.write([row({ id: 'one' })])
      expect(await store.retain({ before: -8.64e15, bytes: 1e9 })).toBe(0)
      expect(await ids({})).toEqual(['one'])
    })

    run('what is too much goes, bodies first, then the oldest rows', async () => {
      const rows = busy(1500, 20).map((one) => ({ ...one, replyBody: 'b'.repeat(3000) }))
      await store.write(rows)
      const { bytes } = await store.size()
      expect(bytes).toBeGreaterThan(4_000_000)
      await store.retain({ before: undefined, bytes: 2_000_000 })
      const first = await store.size()
      expect(first.bytes).toBeLessThan(2_000_000)
      expect(first.rows).toBe(1500)
      await store.retain({ before: undefined, bytes: 400_000 })
      const second = await store.size()
      expect(second.bytes).toBeLessThan(400_000)
      expect(second.rows).toBeGreaterThan(0)
      expect(second.rows).toBeLessThan(1500)
      expect(second.newest).toBe(first.newest)
      // Of the oldest hour some rows are gone; before it nothing is left, and no later one misses any.
      const { groups } = await figures({ by: 'hour' })
      const later = groups.slice(1).reduce((sum, { requests }) => sum + requests, 0)
      expect(later).toBeLessThanOrEqual(second.rows)
      expect(later + (groups[0]?.requests ?? 0)).toBeGreaterThanOrEqual(second.rows)
    })

    run('of large bodies no more go than must', async () => {
      const large = { replyBody: 'b'.repeat(30_000) }
      await store.write(Array.from({ length: 100 }, (_, index) => row(large, index)))
      const { bytes } = await store.size()
      await store.retain({ before: undefined, bytes: Math.floor(bytes * 0.7) })
      const [left] = await store.all('SELECT count(*) AS count, min(key) AS key FROM body', [])
      expect(Number(left?.count)).toBeWithin(50, 70)
      expect(Number(left?.key)).toBeGreaterThan(NOW * 1024)
      expect((await store.size()).rows).toBe(100)
    })

    run('what is too much takes the names along that only it used', async () => {
      const time = NOW - 9 * 24 * HOUR
      const noise = (index: number) => ({ time, error: `failure ${index} ${'x'.repeat(500)}` })
      await store.write(Array.from({ length: 600 }, (_, index) => row(noise(index), index)))
      // As if it had been written on the day that its rows are of.
      const day = Math.floor(time / (24 * HOUR))
      await store.all(`UPDATE name SET used = ${day} WHERE kind = 'error' RETURNING id`, [])
      await store.write(Array.from({ length: 600 }, (_, index) => row({}, index)))
      const { bytes } = await store.size()
      await store.retain({ before: undefined, bytes: Math.floor(bytes * 0.5) })
      const [names] = await store.all("SELECT count(*) AS count FROM name WHERE kind = 'error'", [])
      expect(Number(names?.count)).toBe(0)
      expect(await ids({ limit: 1000 })).not.toEqual([])
    })

    run('forgets everything, and goes on', async () => {
      await store.write(busy(50, 2))
      expect(await store.reset()).toBe(50)
      expect(await ids({})).toEqual([])
      expect((await figures({ by: 'hour' })).total.requests).toBe(0)
      const names = () => store.all('SELECT text FROM name WHERE used > 0', [])
      expect(await names()).toEqual([])
      await store.write([row({ id: 'after' })])
      expect(await ids({})).toEqual(['after'])
      expect((await names()).map(({ text }) => text)).toContain('ada')
    })

    run('a writer that knows of no reset goes on with the names that it knows', async () => {
      const other = bench.open(MIGRATIONS, 'other')
      await other.write([row({ id: 'before' })])
      await store.reset()
      await other.write([row({ id: 'after' }, 1)])
      expect((await listRows(store, {})).rows).toMatchObject([{ id: 'after', client: 'ada' }])
      await other.close()
    })

    run('comes from each older version to the newest, with what it held', async () => {
      await store.close()
      for (let version = 1; version < MIGRATIONS.length; version++) {
        const old = await makeBench()
        try {
          const before = old.open(MIGRATIONS.slice(0, version))
          await before.write([row({ id: 'old' })])
          await before.close()
          const after = old.open()
          await after.write([row({ id: 'new', requestBody: 'kept' }, 1)])
          const found = (await listRows(after, {})).rows.map(({ id }) => id)
          expect(found).toEqual(['new', 'old'])
          expect((await readEntry(after, 'new'))?.requestBody).toBe('kept')
          await after.close()
        } finally {
          await old.remove()
        }
      }
    })

    run('a step that fails leaves the version before it', async () => {
      await store.write([row({ id: 'kept' })])
      await store.close()
      const broken = { sqlite: ['CREATE nonsense'], postgres: ['CREATE nonsense'] }
      const newer = bench.open([...MIGRATIONS, broken])
      await expect(newer.write([row({})])).rejects.toThrow('nonsense')
      await newer.close()
      store = bench.open()
      expect(await ids({})).toEqual(['kept'])
    })

    run('a newer version is refused in words, and nothing of it is touched', async () => {
      await store.close()
      const step = {
        sqlite: ['CREATE TABLE more (a BIGINT)'],
        postgres: ['CREATE TABLE more (a BIGINT)'],
      }
      const newer = bench.open([...MIGRATIONS, step])
      await newer.write([row({ id: 'newer' })])
      await newer.close()
      store = bench.open()
      const failure = store.write([row({})])
      await expect(failure).rejects.toThrow(
        `has version ${MIGRATIONS.length + 1} and this ccproxy knows ${MIGRATIONS.length}: update ccproxy`,
      )
      await expect(failure).rejects.toMatchObject({ trouble: 'refused' })
      await expect(listRows(store, {})).rejects.toThrow('update ccproxy')
      const again = bench.open([...MIGRATIONS, step])
      expect((await listRows(again, {})).rows.map(({ id }) => id)).toEqual(['newer'])
      await again.close()
    })
  })
}
