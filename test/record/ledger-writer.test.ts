import { describe, expect, test } from 'bun:test'
import { newRow } from '../../src/record/ledger-row.ts'
import { LedgerWriter } from '../../src/record/ledger-writer.ts'
import { observers } from '../../src/record/observer.ts'
import { PRICES } from '../../src/record/price-table.ts'
import { type NewRow, type Store, StoreError } from '../../src/record/store/store.ts'
import { settled } from '../support/ledger-rows.ts'
import { memoryLog } from '../support/memory-log.ts'
import { until } from '../support/wait.ts'

/** A store that fails as long as it is told to. */
class FailingStore implements Store {
  readonly backend = 'sqlite'
  readonly place = 'nowhere'
  failure: Error | undefined
  readonly batches: (readonly NewRow[])[] = []
  tries = 0

  async write(rows: readonly NewRow[]): Promise<void> {
    this.tries += 1
    if (this.failure !== undefined) throw this.failure
    this.batches.push(rows)
  }

  async all() {
    return []
  }

  async retain() {
    return 0
  }

  async size() {
    return { rows: 0, bytes: 0, oldest: undefined, newest: undefined }
  }

  async reset() {
    return 0
  }

  async close() {}
}

function writerOn(store: Store, room = 50) {
  const logger = memoryLog()
  let number = 0
  const rowOf = (exchange: ReturnType<typeof settled>) =>
    newRow(exchange, number++, { prices: PRICES, bodyLength: 100 })
  const writer = new LedgerWriter({ store: async () => store, rowOf, place: 'x', logger, room })
  return { writer, logger, messages: () => logger.lines.map(({ message }) => message) }
}

describe('the way to the store', () => {
  test('rows are gathered, and written in batches in their order', async () => {
    const store = new FailingStore()
    const { writer } = writerOn(store, 10_000)
    for (let at = 0; at < 4500; at++) writer.append(settled({ id: `r${at}` }))
    expect(store.tries).toBe(0)
    await writer.flush()
    expect(store.batches.map((batch) => batch.length)).toEqual([2000, 2000, 500])
    expect(store.batches.flat().map(({ id }) => id)).toEqual(
      Array.from({ length: 4500 }, (_, at) => `r${at}`),
    )
    expect(writer).toMatchObject({ written: 4500, waiting: 0, lost: 0, state: 'working' })
  })

  test('what comes while it writes is left for a batch of its own', async () => {
    const store = new FailingStore()
    const { writer } = writerOn(store)
    const write = store.write.bind(store)
    store.write = (rows) => {
      writer.append(settled())
      return write(rows)
    }
    for (let at = 0; at < 3; at++) writer.append(settled())
    await writer.flush()
    expect(store.batches.map((batch) => batch.length)).toEqual([3])
    expect(writer).toMatchObject({ written: 3, waiting: 1 })
  })

  test('so many that they fill a batch do not wait for more', async () => {
    const store = new FailingStore()
    const { writer } = writerOn(store, 10_000)
    const begun = performance.now()
    for (let at = 0; at < 2000; at++) writer.append(settled())
    await until('the rows', () => writer.written === 2000, 5000)
    expect(performance.now() - begun).toBeLessThan(1500)
  })

  test('a row is written soon without being asked for', async () => {
    const store = new FailingStore()
    const { writer } = writerOn(store)
    writer.append(settled())
    await until('the row', () => writer.written === 1, 5000)
  })

  test('what a failing store did not take waits, and is told once, as is what is lost', async () => {
    const store = new FailingStore()
    const { writer, logger, messages } = writerOn(store, 50)
    store.failure = new StoreError('failed', 'disk is full')
    for (let at = 0; at < 30; at++) writer.append(settled({ id: `r${at}` }))
    await writer.flush()
    await writer.flush()
    for (let at = 30; at < 80; at++) writer.append(settled({ id: `r${at}` }))
    await writer.flush()
    expect(writer).toMatchObject({ written: 0, waiting: 50, lost: 30, state: 'failing' })
    expect(writer.problem).toBe('disk is full')
    const before = store.tries
    store.failure = undefined
    await until('a try without being asked', () => writer.written === 50, 5000)
    expect(store.tries).toBeGreaterThan(before)
    expect(store.batches.flat().map(({ id }) => id)).toEqual(
      Array.from({ length: 50 }, (_, at) => `r${at}`),
    )
    expect(messages()).toEqual([
      'ledger cannot be written: requests go on and rows wait',
      'ledger rows are lost: too many wait',
      'ledger is written again',
    ])
    expect(logger.lines[0]).toMatchObject({ level: 'warn', place: 'x', problem: 'disk is full' })
    expect(logger.lines[2]).toMatchObject({ level: 'info', lost: 30 })
    // The next trouble is told again.
    store.failure = new StoreError('failed', 'gone')
    writer.append(settled())
    await writer.flush()
    expect(messages().filter((message) => message.startsWith('ledger cannot'))).toHaveLength(2)
    await writer.close(10)
    expect(logger.lines.at(-1)).toMatchObject({ message: 'ledger closed with rows unwritten' })
    expect(writer.lost).toBe(31)
  })

  test('a busy database is nothing to tell of', async () => {
    const store = new FailingStore()
    const { writer, messages } = writerOn(store)
    store.failure = new StoreError('busy', 'database is locked')
    writer.append(settled())
    await writer.flush()
    await writer.flush()
    store.failure = undefined
    await until('the row', () => writer.written === 1, 5000)
    expect(messages()).toEqual([])
  })

  test('a refused ledger is told once, and every row counts as lost', async () => {
    const store = new FailingStore()
    const { writer, messages } = writerOn(store)
    store.failure = new StoreError('refused', 'version 9')
    writer.append(settled())
    await writer.flush()
    for (let at = 0; at < 5; at++) writer.append(settled())
    await Bun.sleep(300)
    expect(messages()).toEqual(['ledger refused: requests go on without it'])
    expect(writer).toMatchObject({ lost: 6, waiting: 0, state: 'refused' })
    expect(store.tries).toBe(1)
  })

  test('a row that the store never takes is lost alone, and told', async () => {
    const store = new FailingStore()
    const written: string[] = []
    store.write = async (rows) => {
      if (rows.some(({ id }) => id === 'bad' || id === 'worse')) {
        throw new StoreError('data', 'value "1e99" is out of range')
      }
      written.push(...rows.map(({ id }) => id))
    }
    const { writer, logger } = writerOn(store, 5000)
    const ids = Array.from({ length: 2100 }, (_, at) => `r${at}`)
    ids[7] = 'bad'
    ids[1999] = 'worse'
    for (const id of ids) writer.append(settled({ id }))
    expect(writer.waiting).toBe(2100)
    await writer.flush()
    expect(written).toEqual(ids.filter((id) => id.startsWith('r')))
    expect(writer).toMatchObject({ written: 2098, waiting: 0, lost: 2, state: 'working' })
    expect(logger.lines.map(({ message, id }) => [message, id])).toEqual([
      ['ledger row refused', 'bad'],
      ['ledger row refused', 'worse'],
    ])
  })

  test('a row that is tried again keeps its key', async () => {
    const store = new FailingStore()
    const keys: number[][] = []
    store.write = async (rows) => {
      keys.push(rows.map(({ key }) => key))
      if (keys.length === 1) throw new StoreError('failed', 'answer lost')
    }
    const { writer } = writerOn(store)
    writer.append(settled())
    writer.append(settled())
    await writer.flush()
    await writer.flush()
    expect(keys).toHaveLength(2)
    expect(keys[1]).toEqual(keys[0] ?? [])
  })
})

test('an observer that throws harms neither the others nor the exchange', () => {
  const heard: string[] = []
  const failures: unknown[] = []
  const broken = {
    started: () => {
      throw new Error('started')
    },
    settled: () => {
      throw new Error('settled')
    },
  }
  const whole = {
    started: () => heard.push('started'),
    firstByte: () => heard.push('firstByte'),
    settled: () => heard.push('settled'),
  }
  const all = observers([broken, whole], (error) => failures.push(error))
  all.started?.(settled())
  all.firstByte?.(settled())
  all.settled(settled())
  expect(heard).toEqual(['started', 'firstByte', 'settled'])
  expect(failures.map(String)).toEqual(['Error: started', 'Error: settled'])
  // What nobody wants to hear is not even made.
  expect(observers([{ settled: () => undefined }]).started).toBeUndefined()
})
