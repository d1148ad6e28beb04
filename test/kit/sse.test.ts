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

/** The plain way: the whole text, line by line. A line without a colon says nothing here. */
function plainly(text: string): SseFrame[] {
  const frames: SseFrame[] = []
  let event = ''
  let data: string[] = []
  const dispatch = () => {
    if (data.length > 0) frames.push({ event, data: data.join('\n') })
    event = ''
    data = []
  }
  for (const line of text.split(/\r\n|\n|\r/)) {
    const [, field, value = ''] = /^([^:]*): ?([\s\S]*)$/.exec(line) ?? []
    if (line === '') dispatch()
    else if (field === 'data') data.push(value)
    else if (field === 'event') event = value
  }
  dispatch()
  return frames
}

const NAMES = ['a', 'content_block_delta', ' spaced', '']
const VALUES = ['', ' ', '{"x":1}', 'é中🎈', ': ', 'event: a', 'data: x', 'long '.repeat(40)]

/** A stream of random lines, mostly events as models send them. */
function randomStream(pick: <Item>(items: readonly Item[]) => Item): string {
  const end = pick(['\n', '\n', '\n', '\r\n', '\r', 'mixed'])
  const ending = () => (end === 'mixed' ? pick(['\n', '\r\n', '\r']) : end)
  const lines = Array.from({ length: 30 }, () => {
    const whole = `event: ${pick(NAMES)}${ending()}data: ${pick(VALUES)}${ending()}`
    const bare = `data: ${pick(VALUES)}${ending()}`
    const odd = pick(['data:', 'event:', ': note', 'id: 1', 'datas: 1', `data:${pick(VALUES)}`, ''])
    return pick([whole, whole, bare, `event: ${pick(NAMES)}`, odd])
  })
  return lines.map((line) => line + ending()).join('')
}

test('Gives what the standard says for any lines, line ends and cuts', () => {
  let seed = 7
  const below = (count: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((seed / 2 ** 31) * count)
  }
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  for (let round = 0; round < 2000; round += 1) {
    const text = randomStream(pick)
    const bytes = encoder.encode(text)
    const size = pick([1, 7, 50, 200, bytes.length])
    const cuts: number[] = []
    for (let at = below(size); at < bytes.length; at += 1 + below(2 * size)) cuts.push(at)
    expect(parse(bytes, cuts), JSON.stringify({ round, cuts })).toEqual(plainly(text))
  }
})

test('Takes a line of many chunks without reading it again at each', () => {
  const line = encoder.encode('x'.repeat(64))
  const started = process.cpuUsage()
  const parser = new SseParser()
  parser.push(encoder.encode('data: '))
  for (let index = 0; index < 100_000; index += 1) parser.push(line)
  const [frame] = parser.push(encoder.encode('\n\n'))
  const { user, system } = process.cpuUsage(started)
  expect(frame?.data.length).toBe(6_400_000)
  // Reading it again at each chunk takes minutes.
  expect((user + system) / 1000).toBeLessThan(5000)
})

test('an event without end is given up, whatever of it has none', () => {
  const most = Buffer.alloc(8 * 1024 * 1024, 'a')
  for (const start of ['data: ', ': ', 'event: ', 'x', 'data: a\ndata: ']) {
    const parser = new SseParser()
    parser.push(encoder.encode(start))
    const endless = () => {
      for (let count = 0; count < 20; count++) parser.push(most)
    }
    expect(endless).toThrow('Upstream sent an event of more than 64 MiB')
  }
  const lines = new SseParser()
  const many = encoder.encode(`data: ${'a'.repeat(8 * 1024 * 1024)}\n`)
  expect(() => {
    for (let count = 0; count < 20; count++) lines.push(many)
  }).toThrow('Upstream sent an event of more than 64 MiB')
})
