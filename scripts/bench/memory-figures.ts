import type { Figure, Values } from './figure.ts'
import { chunked, type EventStream, LAST_CHUNK, STREAM_HEAD, type WireDialect } from './payload.ts'
import { readRss } from './process-tree.ts'
import {
  type Bench,
  checkReply,
  closedLoop,
  prepareRequest,
  repeatedBehaviour,
  times,
  wholeStreamBehaviour,
  withConnections,
} from './traffic.ts'
import { answerWith, type Behaviour, type Exchange } from './upstream.ts'

const SLOW_STREAMS = 1000
const STALLED_READERS = 4
const STALLED_BYTES = 56 * 1024 * 1024
const STALLED_CHUNK = 64 * 1024
const TWENTY_MEGABYTES = 20_000_000

function megabytes(bench: Bench): number {
  return bench.running.pid === undefined ? Number.NaN : readRss(bench.running.pid) / 1024
}

/** Waits until a condition holds, at most so long; tells whether it does. */
async function until(holds: () => boolean, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds
  while (!holds() && performance.now() < end) await Bun.sleep(20)
  return holds()
}

/** Lets every stream advance by one event, in turn, over about a second. */
async function advance(exchanges: Exchange[], stream: EventStream, at: number): Promise<void> {
  for (const [index, exchange] of exchanges.entries()) {
    exchange.write(stream.chunks[at]!)
    if (index % 50 === 49) await Bun.sleep(50)
  }
}

async function slowStreams(bench: Bench): Promise<Values> {
  const idle = megabytes(bench)
  const seconds = bench.quick ? 2 : 5
  const stream = bench.subject.upstream.stream(seconds)
  const expected = bench.subject.expects.stream(seconds)
  const exchanges: Exchange[] = []
  bench.upstream.behaviour = (exchange) => {
    exchanges.push(exchange)
    exchange.write(Buffer.concat([STREAM_HEAD, stream.chunks[0]!]))
  }
  const wire = prepareRequest(bench, true)
  return withConnections(bench, SLOW_STREAMS, async (connections) => {
    const replies = connections.map((connection) => connection.request(wire, expected))
    const up = () => connections.filter(({ reply }) => reply.length > 0).length
    await until(() => up() === SLOW_STREAMS, 10_000)
    for (let at = 1; at <= seconds; at++) await advance(exchanges, stream, at)
    const count = up()
    const full = megabytes(bench)
    const rest = Buffer.concat([...stream.chunks.slice(seconds + 1), LAST_CHUNK])
    for (const exchange of exchanges) exchange.write(rest)
    if (count === SLOW_STREAMS)
      for (const reply of await Promise.all(replies)) checkReply(bench, reply)
    return {
      'rss-idle': idle,
      'streams-up': count,
      'stream-kilobytes': ((full - idle) * 1024) / count,
      'rss-streams': full,
    }
  })
}

async function hugeBody(bench: Bench): Promise<Values> {
  bench.upstream.behaviour = answerWith(bench.subject.upstream.jsonReply)
  const wire = prepareRequest(bench, false, TWENTY_MEGABYTES)
  return withConnections(bench, 1, async (connections) => {
    await closedLoop(bench, connections, wire, bench.subject.expects.jsonReply, times(1))
    await Bun.sleep(300)
    return { 'rss-huge': megabytes(bench) }
  })
}

/** A long stream of the dialect: how the upstream writes it, and the body it makes. */
function longStream(dialect: WireDialect): { behaviour: Behaviour; body: Buffer } {
  const { chunks, opening } = dialect.stream(1)
  const delta = unchunked(chunks[opening]!)
  const deltas = Buffer.alloc(Math.floor(STALLED_CHUNK / delta.length) * delta.length, delta)
  const count = Math.ceil(STALLED_BYTES / deltas.length)
  const before = chunks.slice(0, opening)
  const after = chunks.slice(opening + 1)
  return {
    behaviour: repeatedBehaviour(
      Buffer.concat(before),
      chunked(deltas),
      count,
      Buffer.concat([...after, LAST_CHUNK]),
    ),
    body: Buffer.concat([
      ...before.map(unchunked),
      ...Array.from({ length: count }, () => deltas),
      ...after.map(unchunked),
    ]),
  }
}

function unchunked(chunk: Buffer): Buffer {
  return chunk.subarray(chunk.indexOf('\r\n') + 2, chunk.length - 2)
}

async function stalledReaders(bench: Bench): Promise<Values> {
  bench.upstream.behaviour = longStream(bench.subject.upstream).behaviour
  const { body } = longStream(bench.subject.client)
  const wire = prepareRequest(bench, true)
  return withConnections(bench, STALLED_READERS, async (connections) => {
    const before = megabytes(bench)
    const replies = connections.map((connection) => connection.request(wire, body))
    for (const connection of connections) connection.pause()
    let most = before
    for (let i = 0; i < (bench.quick ? 15 : 40); i++) {
      await Bun.sleep(100)
      most = Math.max(most, megabytes(bench))
    }
    for (const connection of connections) connection.resume()
    for (const reply of await Promise.all(replies)) checkReply(bench, reply)
    return { 'stalled-growth': most - before }
  })
}

async function drift(bench: Bench): Promise<Values> {
  bench.upstream.behaviour = wholeStreamBehaviour(bench.subject.upstream.stream(4))
  const expected = bench.subject.expects.stream(4)
  const wire = prepareRequest(bench, true)
  const settle = async () => {
    await Bun.sleep(1000)
    return megabytes(bench)
  }
  return withConnections(bench, 32, async (connections) => {
    await closedLoop(bench, connections, wire, expected, times(8_000))
    const before = await settle()
    await closedLoop(bench, connections, wire, expected, times(32_000))
    return { drift: (await settle()) - before }
  })
}

const once = { quick: 1, full: 3 }
const process = { fresh: true, needsProcess: true }

/** The figures that are memory, each on a process that has served nothing yet. */
export const memoryFigures: Figure[] = [
  {
    name: 'streams',
    ...process,
    rounds: once,
    rows: [
      {
        id: 'rss-idle',
        title: 'RSS idle',
        unit: 'MB',
        comparison: 'none',
        target: { on: 'value', most: 60 },
      },
      {
        id: 'streams-up',
        title: 'slow streams that are up at once',
        unit: '',
        comparison: 'none',
        target: { on: 'value', exactly: SLOW_STREAMS },
      },
      {
        id: 'stream-kilobytes',
        title: 'RSS per slow stream',
        unit: 'KB',
        comparison: 'none',
        target: { on: 'value', most: 50 },
      },
      {
        id: 'rss-streams',
        title: `RSS at ${SLOW_STREAMS} slow streams`,
        unit: 'MB',
        comparison: 'none',
        target: { on: 'value', most: 110 },
      },
    ],
    measure: slowStreams,
  },
  {
    name: 'huge',
    ...process,
    rounds: once,
    rows: [{ id: 'rss-huge', title: 'RSS after a 20 MB body', unit: 'MB', comparison: 'none' }],
    measure: hugeBody,
  },
  {
    name: 'stalled',
    ...process,
    rounds: once,
    rows: [
      {
        id: 'stalled-growth',
        title: `RSS growth, ${STALLED_READERS} stalled readers of 56 MB`,
        unit: 'MB',
        comparison: 'none',
        target: { on: 'value', most: 30 },
      },
    ],
    measure: stalledReaders,
  },
  {
    name: 'drift',
    ...process,
    rounds: { quick: 1, full: 1 },
    rows: [
      {
        id: 'drift',
        title: 'RSS drift over 32,000 streams',
        unit: 'MB',
        comparison: 'none',
        target: { on: 'value', most: 8 },
      },
    ],
    measure: drift,
  },
]
