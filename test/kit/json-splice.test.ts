import { expect, test } from 'bun:test'
import { parseSpan, scanTopLevel, splice } from '../../src/kit/json-splice.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

const BODY =
  '\uFEFF { "model" : "a\\"b", "n": 12345678901234567890, "x":[{"model":"inner]}"},1.0],\n"é\\u0041":null, "model":"last", "e": -1.5E+3, "o":{} } '

test('Finds every top-level value and only those', () => {
  const bytes = encode(BODY)
  const spans = scanTopLevel(bytes)
  expect([...spans.keys()]).toEqual(['model', 'n', 'x', 'éA', 'e', 'o'])
  expect(parseSpan(bytes, spans.get('model')!)).toBe('last')
  expect(decode(bytes.subarray(spans.get('n')!.start, spans.get('n')!.end))).toBe(
    '12345678901234567890',
  )
  expect(parseSpan(bytes, spans.get('x')!)).toEqual([{ model: 'inner]}' }, 1])
})

test('Replaces one value and leaves every other byte', () => {
  const bytes = encode(BODY)
  const span = scanTopLevel(bytes).get('model')!
  expect(decode(splice(bytes, span, '"中"'))).toBe(decode(bytes).replace('"last"', '"中"'))
})

for (const broken of [
  '',
  '[]',
  '{',
  '{"a"',
  '{"a":}',
  '{"a":1',
  '{"a":"x}',
  '{"a":1,}',
  '{"a" 1}',
  '{"a":1} x',
  'null',
  '{"a":\\"}',
]) {
  test(`Refuses ${JSON.stringify(broken)}`, () => {
    expect(() => scanTopLevel(encode(broken))).toThrow(SyntaxError)
  })
}

test('Agrees with JSON.parse on every prefix of a body', () => {
  const text = '{"a":"x\\\\","b":[1,{"c":"]"}],"d":true}'
  for (let length = 0; length < text.length; length += 1) {
    expect(() => scanTopLevel(encode(text.slice(0, length)))).toThrow(SyntaxError)
  }
})
