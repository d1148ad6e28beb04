import { expect, test } from 'bun:test'
import { FrameHolder } from '../../src/kit/frames.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

const STREAM = 'event: a\ndata: é1\n\nevent: b\r\ndata: 2\r\n\r\ndata: 3\r\rdata: 4\n\n'
const ENDS = ['event: a\ndata: é1\n\n', 'event: b\r\ndata: 2\r\n\r\n', 'data: 3\r\r', 'data: 4\n\n']
const BORDERS = ENDS.map((_, index) => encode(ENDS.slice(0, index + 1).join('')).length)

function outputs(bytes: Uint8Array, cuts: readonly number[]): { pieces: string[]; rest: string } {
  const holder = new FrameHolder()
  const pieces: string[] = []
  let start = 0
  for (const cut of [...cuts, bytes.length]) {
    pieces.push(decode(holder.push(bytes.subarray(start, cut))))
    start = cut
  }
  return { pieces, rest: decode(holder.rest()) }
}

test('Gives only whole events, wherever the bytes are cut', () => {
  const bytes = encode(STREAM)
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      const { pieces, rest } = outputs(bytes, [first, second])
      expect(pieces.join('')).toBe(STREAM)
      expect(rest).toBe('')
      let sent = 0
      for (const piece of pieces) {
        sent += encode(piece).length
        expect(sent === 0 || BORDERS.includes(sent)).toBe(true)
      }
    }
  }
})

test('Gives an event as soon as it is whole, byte by byte', () => {
  const bytes = encode(STREAM)
  const cuts = Array.from({ length: bytes.length }, (_, index) => index + 1)
  expect(outputs(bytes, cuts).pieces.filter((piece) => piece !== '')).toEqual(ENDS)
})

test('Keeps the beginning of an event that never ends', () => {
  expect(outputs(encode('data: 1\n\ndata: {"x'), [3, 12])).toEqual({
    pieces: ['', 'data: 1\n\n', ''],
    rest: 'data: {"x',
  })
})
