import { expect, test } from 'bun:test'
import { fittedLine, plainText, wrapped, wrappedWords } from '../../src/kit/plain-text.ts'

test('a line fits into its columns, and says where it is cut', () => {
  expect(fittedLine('short', 10)).toBe('short')
  expect(fittedLine('a longer one', 8)).toBe('a longe…')
  expect(fittedLine('中文中文', 6)).toBe('中文…')
  expect(fittedLine('a\nb\x1b', 20)).toBe('a b\\u{1b}')
  for (const columns of [1, 2, 7, 40]) {
    const width = Bun.stringWidth(fittedLine(`é中\u0301${'x'.repeat(500)}`, columns))
    expect(width).toBeLessThanOrEqual(Math.max(columns, 2))
  }
})

test('what hides is spelled out, and emojis stay as they are', () => {
  expect(plainText('⚠️ and ❤️')).toBe('⚠️ and ❤️')
  expect(plainText('a\u{fe0f}b⚠️\u{fe0f}')).toBe('a\\u{fe0f}b⚠️\\u{fe0f}')
  expect(plainText('\u{202e}\u{200d}\u{fe00}\u{e0041}\u{9b}\ud800')).toBe(
    '\\u{202e}\\u{200d}\\u{fe00}\\u{e0041}\\u{9b}\\u{d800}',
  )
})

test('lines break between words where there are any, and lose none', () => {
  expect(wrappedWords('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrappedWords('  indented is kept', 12)).toEqual(['  indented', 'is kept'])
  expect(wrappedWords('x'.repeat(25), 10)).toEqual(wrapped('x'.repeat(25), 10))
  const text = 'Worte 中文字 und mehr davon '.repeat(50).trim()
  const lines = wrappedWords(text, 20)
  for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(20)
  expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
  expect(wrappedWords(`a${'\u0301'.repeat(500)}`, 20).join('')).toHaveLength(501)
})
