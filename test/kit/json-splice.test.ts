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

test('Reads the same values as JSON.parse, whatever the object holds', () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const value = randomObject(seed)
    const text = JSON.stringify(value, null, seed % 3)
    const bytes = encode(text)
    const read = [...scanTopLevel(bytes)].map(([key, span]) => [key, parseSpan(bytes, span)])
    expect({ seed, read }).toEqual({ seed, read: Object.entries(value) })
  }
})

function randomObject(seed: number): Record<string, unknown> {
  let state = seed
  const pick = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % below
  }
  const word = () => ['"', '\\', '\\"', '}', ']', '{', 'é', '中', '🎉', '\n', 'a', ''][pick(12)]
  const text = () => Array.from({ length: pick(6) }, word).join('')
  const any = (depth: number): unknown => {
    const kind = pick(depth === 0 ? 4 : 6)
    if (kind === 4) return Array.from({ length: pick(4) }, () => any(depth - 1))
    if (kind === 5) return object(depth - 1)
    return [text(), pick(1000) / 8 - 50, null, pick(2) === 0][kind]
  }
  const object = (depth: number): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length: pick(5) }, () => [`k${text()}`, any(depth)]))
  return object(4)
}
