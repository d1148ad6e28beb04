import type { Figure, Values } from './figure.ts'
import { Pacer } from './pacer.ts'
import {
  type Bench,
  burstBehaviour,
  checkReply,
  closedLoop,
  cpuWhile,
  forMilliseconds,
  prepareRequest,
  times,
  withConnections,
} from './traffic.ts'
import { answerWith } from './upstream.ts'

const PACED_STREAMS = 50
const PACED_INTERVAL = 10
const BURST_STREAMS = 8
const BURST_EVENTS = 5_000
const JSON_CONNECTIONS = 16
const MEGABYTE = 1_000_000

function perMillionSeconds(milliseconds: number | undefined, events: number): number | undefined {
  // ms per event × 1M events ÷ 1000 ms = s per 1M events.
  return milliseconds === undefined ? undefined : (milliseconds / events) * 1000
}

/** Runs all paced streams once; tells CPU seconds per 1M events. */
export async function paced(bench: Bench, ticks: number): Promise<number | undefined> {
  const upstreamStream = bench.subject.upstream.stream(ticks)
  const expected = bench.subject.expects.stream(ticks)
  bench.upstream.behaviour = new Pacer(upstreamStream, PACED_INTERVAL).behaviour
  const wire = prepareRequest(bench, true)
  return withConnections(bench, PACED_STREAMS, async (connections) => {
    const cpu = await cpuWhile(bench.running, async () => {
      const replies = await Promise.all(
        connections.map((connection) => connection.request(wire, expected)),
      )
      for (const reply of replies) checkReply(bench, reply)
    })
    return perMillionSeconds(cpu, PACED_STREAMS * upstreamStream.events)
  })
}

async function burst(bench: Bench, milliseconds: number): Promise<Values> {
  const stream = bench.subject.upstream.stream(BURST_EVENTS)
  const expected = bench.subject.expects.stream(BURST_EVENTS)
  bench.upstream.behaviour = burstBehaviour(stream)
  const wire = prepareRequest(bench, true)
  return withConnections(bench, BURST_STREAMS, async (connections) => {
    await closedLoop(bench, connections, wire, expected, times(2 * BURST_STREAMS))
    let events = 0
    const began = performance.now()
    const cpu = await cpuWhile(bench.running, async () => {
      const more = forMilliseconds(milliseconds)
      const replies = await closedLoop(bench, connections, wire, expected, more)
      events = replies.length * stream.events
    })
    const seconds = (performance.now() - began) / 1000
    return { 'burst-cpu': perMillionSeconds(cpu, events), 'burst-rate': events / seconds / 1e6 }
  })
}

/** Sends JSON requests one behind another, after a quarter of the time for warmth. */
export async function json(bench: Bench, milliseconds: number): Promise<Values> {
  bench.upstream.behaviour = answerWith(bench.subject.upstream.jsonReply)
  const expected = bench.subject.expects.jsonReply
  const wire = prepareRequest(bench, false)
  return withConnections(bench, JSON_CONNECTIONS, async (connections) => {
    const warm = forMilliseconds(milliseconds / 4)
    const before = (await closedLoop(bench, connections, wire, expected, warm)).length
    let requests = 0
    const began = performance.now()
    const cpu = await cpuWhile(bench.running, async () => {
      const more = forMilliseconds(milliseconds)
      requests = (await closedLoop(bench, connections, wire, expected, more)).length
    })
    const seconds = (performance.now() - began) / 1000
    const each = cpu === undefined ? undefined : (cpu / requests) * 1000
    const count = before + requests
    return { 'json-cpu': each, 'json-rate': requests / seconds, 'json-count': count }
  })
}

async function largeBody(bench: Bench, requests: number): Promise<Values> {
  bench.upstream.behaviour = answerWith(bench.subject.upstream.jsonReply)
  const expected = bench.subject.expects.jsonReply
  const wire = prepareRequest(bench, false, MEGABYTE)
  return withConnections(bench, 2, async (connections) => {
    await closedLoop(bench, connections, wire, expected, times(10))
    const cpu = await cpuWhile(bench.running, async () => {
      await closedLoop(bench, connections, wire, expected, times(requests))
    })
    return { 'megabyte-cpu': cpu === undefined ? undefined : cpu / requests }
  })
}

const RATIO_TO_NGINX = 'comparison' as const

/** The figures that are CPU time, the ones to trust on a shared machine. */
export const cpuFigures: Figure[] = [
  {
    name: 'paced',
    fresh: false,
    needsProcess: true,
    rounds: { quick: 3, full: 5 },
    rows: [
      {
        id: 'paced-cpu',
        title: `CPU per 1M events, paced (${PACED_STREAMS} streams, one event a write)`,
        unit: 's',
        comparison: 'ratio',
        target: { on: RATIO_TO_NGINX, most: 1.6 },
        translated: { on: RATIO_TO_NGINX, most: 2 },
      },
    ],
    async measure(bench) {
      await paced(bench, 20)
      return { 'paced-cpu': await paced(bench, bench.quick ? 200 : 400) }
    },
  },
  {
    name: 'burst',
    fresh: false,
    needsProcess: false,
    rounds: { quick: 3, full: 5 },
    rows: [
      {
        id: 'burst-cpu',
        title: `CPU per 1M events, burst (${BURST_STREAMS} streams at full speed)`,
        unit: 's',
        comparison: 'ratio',
        target: { on: RATIO_TO_NGINX, most: 1.8 },
        translated: { on: RATIO_TO_NGINX, most: 6 },
      },
      { id: 'burst-rate', title: 'events in bursts', unit: 'M/s', comparison: 'none' },
    ],
    measure: (bench) => burst(bench, bench.quick ? 800 : 2000),
  },
  {
    name: 'json',
    fresh: false,
    needsProcess: false,
    rounds: { quick: 3, full: 5 },
    rows: [
      {
        id: 'json-cpu',
        title: 'CPU per JSON request',
        unit: 'µs',
        comparison: 'ratio',
        target: { on: RATIO_TO_NGINX, most: 3.5 },
        translated: { on: RATIO_TO_NGINX, most: 5 },
      },
      { id: 'json-rate', title: 'JSON requests', unit: '/s', comparison: 'none' },
    ],
    measure: (bench) => json(bench, bench.quick ? 800 : 2000),
  },
  {
    name: 'megabyte',
    fresh: false,
    needsProcess: true,
    rounds: { quick: 2, full: 5 },
    rows: [
      {
        id: 'megabyte-cpu',
        title: 'CPU of a request with a 1 MB body',
        unit: 'ms',
        comparison: 'ratio',
        target: { on: 'value', most: 2 },
        translated: { on: 'value', most: 6 },
      },
    ],
    measure: (bench) => largeBody(bench, bench.quick ? 60 : 200),
  },
]
