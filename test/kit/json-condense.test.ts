import { expect, test } from 'bun:test'
import { condense } from '../../src/kit/json-condense.ts'
import { type Span, scanTopLevel } from '../../src/kit/json-splice.ts'

const LONG = 'A text that is long, "quoted" and ünïcödé.\n'.repeat(40)

function condensed(json: string | Buffer) {
  const bytes = Buffer.from(json)
  const strings: Span[] = []
  scanTopLevel(bytes, strings)
  return condense(bytes, bytes.toString('latin1'), strings)
}

function restored(json: string, change: (value: { a: string[] }) => unknown = (value) => value) {
  const short = condensed(json)
  const bytes = short?.restore(JSON.stringify(change(JSON.parse(short.text))))
  return bytes && Buffer.from(bytes).toString()
}

test('What is parsed is short, and comes back to the byte', () => {
  const json = JSON.stringify({ a: [LONG, 'short', `${LONG}!`], b: 1 })
  const short = condensed(json)
  expect(short?.text.length).toBeLessThan(500)
  const { a } = JSON.parse(short?.text ?? '')
  expect(a[0].slice(0, 20)).toBe(LONG.slice(0, 20))
  expect(a[0].slice(-20)).toBe(LONG.slice(-20))
  expect(a[0]).toContain('"')
  expect(short?.whole(a[0])).toBe(LONG)
  expect(short?.whole('another')).toBe('another')
  expect(short?.showsIn(a[0])).toBe(true)
  expect(short?.showsIn(LONG)).toBe(false)
  expect(restored(json)).toBe(json)
})

test('Spellings that JSON.stringify would not choose stay', () => {
  const json = `{"a":["${'\\u00e9\\/ and more, '.repeat(60)}"]}`
  const back = restored(json) ?? ''
  expect(back).toContain('\\u00e9\\/ and more, '.repeat(50))
  expect(JSON.parse(back)).toEqual(JSON.parse(json))
})

test('A text comes back in another place, and in JSON within JSON', () => {
  const json = JSON.stringify({ a: [LONG] })
  expect(restored(json, ({ a }) => ({ b: { c: `before ${a[0]} after` } }))).toBe(
    JSON.stringify({ b: { c: `before ${LONG} after` } }),
  )
  expect(restored(json, (value) => [JSON.stringify(value)])).toBe(
    JSON.stringify([JSON.stringify({ a: [LONG] })]),
  )
})

const CHANGES: Readonly<Record<string, (value: { a: string[] }) => unknown>> = {
  lost: () => ({}),
  doubled: ({ a }) => [a, a],
  cut: ({ a }) => a[0]?.slice(0, 60),
  'three levels deep': (value) => [JSON.stringify([JSON.stringify(value)])],
  encoded: ({ a }) => Buffer.from(a[0] ?? '').toString('base64'),
}

for (const [name, change] of Object.entries(CHANGES)) {
  test(`A text that is ${name} does not come back`, () => {
    expect(restored(JSON.stringify({ a: [LONG] }), change)).toBeUndefined()
  })
}

const LEFT_WHOLE: Readonly<Record<string, string | Buffer>> = {
  'an escape that JSON does not have': `{"a":["${LONG.replaceAll(/["\n]/g, '')}\\x"]}`,
  'an escape of too few digits': `{"a":["\\u12 ${LONG.replaceAll(/["\n]/g, '')}"]}`,
  'a control character': `{"a":["${LONG.replaceAll('"', '')}"]}`,
  'a broken character': Buffer.concat([
    Buffer.from('{"a":["'),
    Buffer.alloc(2000, 'a'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"]}'),
  ]),
  'a blank beginning': JSON.stringify({ a: ['\u2003 '.repeat(100) + LONG] }),
  'a blank end': JSON.stringify({ a: [`${LONG}\u00a0${' \t'.repeat(100)}`] }),
  'nothing long': '{"a":["b"]}',
}

for (const [name, json] of Object.entries(LEFT_WHOLE)) {
  test(`A body with ${name} is left whole`, () => {
    expect(condensed(json)).toBeUndefined()
  })
}
