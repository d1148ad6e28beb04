import type { Figure, Values } from './figure.ts'
import { LAST_CHUNK, STREAM_HEAD } from './payload.ts'
import {
  type Bench,
  closedLoop,
  prepareRequest,
  quantile,
  times,
  wholeStreamBehaviour,
  withConnections,
} from './traffic.ts'
import { answerWith, type Behaviour } from './upstream.ts'

const WINDOWS = ['before-headers', 'mid-stream', 'non-stream'] as const
const LEAVES = 5
const NEVER_MILLISECONDS = 3_000

async function latency(bench: Bench, requests: number): Promise<Values> {
  bench.upstream.behaviour = answerWith(bench.subject.upstream.jsonReply)
  const expected = bench.subject.expects.jsonReply
  const wire = prepareRequest(bench, false)
  return withConnections(bench, 1, async (connections) => {
    await closedLoop(bench, connections, wire, expected, times(requests / 4))
    const replies = await closedLoop(bench, connections, wire, expected, times(requests))
    const micros = replies.map(({ sent, end }) => (end - sent) * 1000)
    return { p50: quantile(micros, 0.5), p99: quantile(micros, 0.99) }
  })
}

async function firstEvent(bench: Bench, requests: number): Promise<Values> {
  bench.upstream.behaviour = wholeStreamBehaviour(bench.subject.upstream.stream(2))
  const expected = bench.subject.expects.stream(2)
  const wire = prepareRequest(bench, true)
  return withConnections(bench, 1, async (connections) => {
    await closedLoop(bench, connections, wire, expected, times(requests / 4))
    const replies = await closedLoop(bench, connections, wire, expected, times(requests))
    const micros = replies.map(({ sent, firstByte }) => (firstByte - sent) * 1000)
    return { 'ttfe-p50': quantile(micros, 0.5), 'ttfe-p99': quantile(micros, 0.99) }
  })
}

/** What the upstream does before the client leaves: nothing, one event and silence, half a reply. */
function silence(bench: Bench, window: (typeof WINDOWS)[number]): Behaviour {
  const stream = bench.subject.upstream.stream(2)
  const reply = bench.subject.upstream.jsonReply
  return (exchange) => {
    if (window === 'mid-stream') exchange.write(Buffer.concat([STREAM_HEAD, stream.chunks[0]!]))
    if (window === 'non-stream') {
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${reply.length}\r\n\r\n`
      exchange.write(Buffer.concat([Buffer.from(head), reply.subarray(0, reply.length / 2)]))
    }
  }
}

/** Leaves once in the window; tells milliseconds until the upstream's connection is closed. */
async function leaveOnce(bench: Bench, window: (typeof WINDOWS)[number]): Promise<number> {
  const arrived = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<number>()
  const behave = silence(bench, window)
  bench.upstream.behaviour = (exchange) => {
    exchange.onClose = () => closed.resolve(performance.now())
    behave(exchange)
    arrived.resolve()
  }
  const wire = prepareRequest(bench, window !== 'non-stream')
  return withConnections(bench, 1, async ([connection]) => {
    void connection?.request(wire, LAST_CHUNK)
    await arrived.promise
    // Long enough for what the upstream wrote to be on its way through the subject.
    await Bun.sleep(40)
    const left = performance.now()
    connection?.leave()
    const never = Bun.sleep(NEVER_MILLISECONDS).then(() => Number.POSITIVE_INFINITY)
    return Math.max(0, (await Promise.race([closed.promise, never])) - left)
  })
}

async function leave(bench: Bench): Promise<Values> {
  const values: Values = {}
  for (const window of WINDOWS) {
    let worst = 0
    for (let i = 0; i < LEAVES; i++) worst = Math.max(worst, await leaveOnce(bench, window))
    values[`leave-${window}`] = worst
  }
  return values
}

/** The figures that are time on the clock. */
export const latencyFigures: Figure[] = [
  {
    name: 'latency',
    fresh: false,
    needsProcess: false,
    rounds: { quick: 3, full: 7 },
    rows: [
      {
        id: 'p50',
        title: 'JSON request, one at a time, p50 added to direct',
        unit: 'µs',
        comparison: 'difference',
        added: true,
        target: { on: 'comparison', most: 80 },
      },
      {
        id: 'p99',
        title: 'the same, p99',
        unit: 'µs',
        comparison: 'difference',
        added: true,
      },
    ],
    measure: (bench) => latency(bench, bench.quick ? 1000 : 3000),
  },
  {
    name: 'ttfe',
    fresh: false,
    needsProcess: false,
    rounds: { quick: 3, full: 7 },
    rows: [
      {
        id: 'ttfe-p50',
        title: 'time to first event, p50',
        unit: 'µs',
        comparison: 'ratio',
        target: { on: 'comparison', most: 1.5 },
      },
      { id: 'ttfe-p99', title: 'the same, p99', unit: 'µs', comparison: 'ratio' },
    ],
    measure: (bench) => firstEvent(bench, bench.quick ? 1000 : 3000),
  },
  {
    name: 'leave',
    fresh: false,
    needsProcess: true,
    rounds: { quick: 1, full: 3 },
    rows: WINDOWS.map((window) => ({
      id: `leave-${window}`,
      title: `client leaves (${window}) → upstream closed, worst of ${LEAVES}`,
      unit: 'ms',
      comparison: 'none',
      target: { on: 'value', most: 5 },
    })),
    measure: leave,
  },
  {
    name: 'start',
    fresh: true,
    needsProcess: true,
    rounds: { quick: 5, full: 15 },
    rows: [
      {
        id: 'start',
        title: 'start → 200 on /health, median',
        unit: 'ms',
        comparison: 'none',
        target: { on: 'value', most: 40 },
      },
    ],
    measure: async (bench) => ({ start: bench.running.startMilliseconds }),
  },
]
