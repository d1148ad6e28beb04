import { describe, expect, test } from 'bun:test'
import {
  bytesText,
  countText,
  durationText,
  moneyText,
  shareText,
} from '../../src/http/dashboard/page/format.ts'
import {
  matchesRow,
  matchesRunning,
  queryOf,
  type Row,
  readView,
  writeView,
} from '../../src/http/dashboard/page/view.ts'
import { ledgerQuery } from '../../src/http/logs/filter.ts'

const ROW: Row = {
  time: '2026-11-21T10:00:00.000Z',
  id: 'req_Abc',
  mode: 'full',
  method: 'POST',
  path: '/v1/messages',
  provider: 'anthropic',
  client: 'laptop',
  model: 'claude-sonnet-5',
  upstream_model: 'sonnet@eu',
  stream: true,
  status: 529,
  ended: 'upstream_error',
  attempts: 2,
  bytes_in: 1,
  bytes_out: 2,
  tokens: {},
  list_price: false,
  duration_ms: 3,
  notes: [],
  error: 'Overloaded: try later',
  session: 's-1',
}

describe('a view', () => {
  test('survives the address, and what the address makes up is left out', () => {
    const view = readView('#range=7d&model=a%26b&status=5xx&text=%20x%20y%20&nonsense=1&ended=')
    expect(view).toEqual({ range: '7d', filter: { model: 'a&b', status: '5xx', text: 'x y' } })
    expect(readView(writeView(view))).toEqual(view)
    expect(readView('#range=century')).toEqual({ range: '24h', filter: {} })
  })

  test.each(['1h', '24h', '7d', '30d', 'all'])('of %s is a query that /logs takes', (range) => {
    const filter = 'model=m&provider=p&client=c&status=4xx&ended=refused&session=s&text=t'
    const query = ledgerQuery(queryOf(readView(`#range=${range}&${filter}`)).toString())
    expect(query).toMatchObject({ model: ['m'], status: ['4xx'], ended: ['refused'], text: 't' })
    expect(query.since === undefined).toBe(range === 'all')
  })
})

test('a name with a comma is one name', () => {
  const name = 'Ada, the laptop'
  const query = ledgerQuery(queryOf({ range: 'all', filter: { client: name } }).toString())
  expect(query.client).toEqual([name])
  expect(ledgerQuery('client=a,b\\,c, d').client).toEqual(['a', 'b,c', 'd'])
})

describe('a row of the live feed', () => {
  test.each([
    ['model', 'claude-sonnet-5', 'claude'],
    ['model', 'sonnet@eu', 'sonnet'],
    ['provider', 'anthropic', 'bedrock'],
    ['client', 'laptop', 'phone'],
    ['status', '529', '500'],
    ['status', '5xx', '4xx'],
    ['ended', 'upstream_error', 'complete'],
    ['session', 's-1', 's'],
    ['text', 'OVERLOADED', 'underloaded'],
    ['text', 'req_Abc', 'req_Ab'],
    ['text', 'v1/mess', 'v2'],
  ])('%s %s is meant, %s is not', (name, same, other) => {
    expect(matchesRow(ROW, { [name]: same })).toBe(true)
    expect(matchesRow(ROW, { [name]: other })).toBe(false)
  })

  test('that runs is left out where its end is asked for', () => {
    const running = { ...ROW, serial: 1 }
    expect(matchesRunning(running, { model: 'sonnet@eu' })).toBe(true)
    expect(matchesRunning(running, { model: 'opus' })).toBe(false)
    for (const name of ['status', 'ended', 'session', 'text']) {
      expect(matchesRunning(running, { [name]: 'x' })).toBe(false)
    }
  })
})

describe('texts', () => {
  test('of numbers are short and exact where it counts', () => {
    expect([0, 999, 99_999, 123_456, 12_345_678].map(countText)).toEqual([
      ...['0', '999', '99,999', '123.5K', '12.3M'],
    ])
    expect([undefined, 0, 0.000095, 0.0123, 4.5, 1234.5, 250_000].map(moneyText)).toEqual([
      ...['–', '$0', '$0.000095', '$0.0123', '$4.50', '$1,234.50', '$250.0K'],
    ])
    expect([undefined, 2.5, 843, 1234, 61_000, 150_000, 7_800_000].map(durationText)).toEqual([
      ...['–', '2.5 ms', '843 ms', '1.23 s', '61.0 s', '2 m 30 s', '2 h 10 m'],
    ])
    expect([undefined, 0, 0.012, 0.5, 1].map(shareText)).toEqual([
      '–',
      '0 %',
      '1.2 %',
      '50 %',
      '100 %',
    ])
    expect([undefined, 0, 999, 1000, 53_248, 2_500_000].map(bytesText)).toEqual([
      ...['–', '0 B', '999 B', '1.0 kB', '53.2 kB', '2.5 MB'],
    ])
  })
})
