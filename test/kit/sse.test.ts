import { expect, test } from 'bun:test'
import { type SseFrame, SseParser } from '../../src/kit/sse.ts'

const encoder = new TextEncoder()

function parse(bytes: Uint8Array, cuts: readonly number[]): SseFrame[] {
  const parser = new SseParser()
  const frames: SseFrame[] = []
  let start = 0
  for (const cut of [...cuts, bytes.length]) {
    frames.push(...parser.push(bytes.subarray(start, cut)))
    start = cut
  }
  return [...frames, ...parser.end()]
}

const STREAM = [
  '\uFEFFevent: a\ndata: {"x":1}\n\n',
  ': OPENROUTER PROCESSING\n\n',
  'data:no space\r\n\r\n',
  'data: first\ndata: second\n\n',
  'event: cr\rdata: é 中 🎈\r\r',
  'id: 7\nretry: 10\nevent: empty\ndata\n\n',
  'event: nothing\n\n',
  'data: left open',
].join('')

const EXPECTED: SseFrame[] = [
  { event: 'a', data: '{"x":1}' },
  { event: '', data: 'no space' },
  { event: '', data: 'first\nsecond' },
  { event: 'cr', data: 'é 中 🎈' },
  { event: '', data: 'left open' },
]

test('Splits a stream by the rules of the standard', () => {
  expect(parse(encoder.encode(STREAM), [])).toEqual(EXPECTED)
})

test('Gives the same events wherever the bytes are cut', () => {
  const bytes = encoder.encode(STREAM)
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    expect(parse(bytes, [cut])).toEqual(EXPECTED)
  }
  expect(
    parse(
      bytes,
      Array.from({ length: bytes.length }, (_, index) => index),
    ),
  ).toEqual(EXPECTED)
})

test('Says whether an event is open', () => {
  const parser = new SseParser()
  parser.push(encoder.encode('data: a'))
  expect(parser.midEvent).toBe(true)
  parser.push(encoder.encode('\n\n'))
  expect(parser.midEvent).toBe(false)
})
