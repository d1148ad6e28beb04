import { expect, test } from 'bun:test'
import {
  humanBytes,
  humanCount,
  humanDuration,
  humanMoney,
  humanShare,
} from '../../src/kit/human.ts'

test('durations have one or two units', () => {
  const shown = [0.4, 949, 950, 9949, 9951, 59_499, 60_000, 125_000, 3_599_000].map(humanDuration)
  expect(shown).toEqual([
    '0 ms',
    '949 ms',
    '0.9 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1 min',
    '2 min 5 s',
    '59 min 59 s',
  ])
  expect(humanDuration(3_900_000)).toBe('1 h 5 min')
  expect(humanDuration(100 * 3_600_000)).toBe('4 d 4 h')
})

test('counts and sizes are short', () => {
  expect([0, 999, 1000, 12_345, 123_456, 999_499, 999_500, 1_500_000, 2e9].map(humanCount)).toEqual(
    ['0', '999', '1.0k', '12.3k', '123k', '999k', '1.0M', '1.5M', '2.0G'],
  )
  expect([12, 12_345, 2_000_000].map(humanBytes)).toEqual(['12 B', '12.3 KB', '2.0 MB'])
})

test('money has as many digits as it needs', () => {
  expect([0, 0.00001, 0.00042, 0.0423, 0.4, 12.345].map(humanMoney)).toEqual([
    '$0',
    '<$0.0001',
    '$0.0004',
    '$0.042',
    '$0.40',
    '$12.35',
  ])
  expect(humanShare(0.814)).toBe('81 %')
})
