import { expect, test } from 'bun:test'
import { RateLimit } from '../../src/http/rate-limit.ts'

const NOW = 1_700_000_000_000
const MINUTE = 60_000

function take(limit: RateLimit, count: number, now = NOW, address = 'a'): boolean[] {
  return Array.from({ length: count }, () => limit.take(address, now).allowed)
}

test('A new address has a minute’s requests and the burst, then none', () => {
  expect(take(new RateLimit(3, 2), 6)).toEqual([true, true, true, true, true, false])
})

test('Requests come back at the steady rate, never more than all', () => {
  const limit = new RateLimit(2, 0)
  take(limit, 2)
  expect(take(limit, 1, NOW + MINUTE / 2 - 1)).toEqual([false])
  expect(take(limit, 2, NOW + MINUTE / 2)).toEqual([true, false])
  expect(take(limit, 3, NOW + 10 * MINUTE)).toEqual([true, true, false])
})

test('The headers tell the rate, what is left of it, when it is whole and how long to wait', () => {
  const limit = new RateLimit(2, 1)
  const seconds = NOW / 1000
  expect(limit.take('a', NOW)).toEqual({
    allowed: true,
    headers: {
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '1',
      'x-ratelimit-reset': String(seconds + 30),
    },
  })
  take(limit, 2)
  expect(limit.take('a', NOW)).toEqual({
    allowed: false,
    headers: {
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(seconds + 90),
      'retry-after': '30',
    },
  })
})

test('Of ten thousand addresses the one silent longest is forgotten first', () => {
  const limit = new RateLimit(1, 0)
  for (let count = 0; count < 10_000; count++) limit.take(`a${count}`, NOW)
  expect(take(limit, 1, NOW, 'a0')).toEqual([false])
  limit.take('one more', NOW)
  expect(take(limit, 1, NOW, 'a0')).toEqual([false])
  expect(take(limit, 1, NOW, 'a1')).toEqual([true])
})
