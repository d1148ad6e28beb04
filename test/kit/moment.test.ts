import { expect, test } from 'bun:test'
import { readMoment } from '../../src/kit/moment.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const HOUR = 3_600_000

test.each([
  ['90s', NOW - 90_000],
  ['30m', NOW - 30 * 60_000],
  ['24h', NOW - 24 * HOUR],
  ['1.5h', NOW - 1.5 * HOUR],
  ['7d', NOW - 7 * 24 * HOUR],
  ['2W', NOW - 14 * 24 * HOUR],
  ['0', 0],
  ['1763726400000', 1_763_726_400_000],
  ['2026-11-21', Date.UTC(2026, 10, 21)],
  ['2026-11-21T10:00:00Z', NOW - 2 * HOUR],
  ['2026-11-21T10:00:00+02:00', NOW - 4 * HOUR],
])('%s is a moment', (text, moment) => {
  expect(readMoment(text, NOW)).toBe(moment)
})

test.each([
  '',
  'now',
  'yesterday',
  '1y',
  '-1h',
  '1h30m',
  '2026-13-01',
  '2026',
  'Nov 21 2026',
  '9'.repeat(16),
  '1e9',
])('"%s" is none', (text) => {
  expect(readMoment(text, NOW)).toBeUndefined()
})
