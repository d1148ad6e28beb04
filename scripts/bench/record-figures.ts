import { json, paced } from './cpu-figures.ts'
import type { Figure, Values } from './figure.ts'
import { cpuBetween, readCpu } from './process-tree.ts'
import { type Running, start } from './subjects.ts'
import type { Bench } from './traffic.ts'

/** The ledger writes what it gathered within this time: what a request costs afterwards is counted as well. */
const SETTLE_MILLISECONDS = 2500
/**
 * Turns, since a shared machine is now faster and now slower; long ones, since a process that has just been idle is
 * slower for some hundred milliseconds, the more so the more it has to do.
 */
const TURN_MILLISECONDS = 1200
const TURNS = 4
const TURN_TICKS = 50
const PACED_STREAMS = 50
const WARM_MILLISECONDS = 3000

/** One of the two processes, and how much of the load it had. */
interface Side {
  readonly bench: Bench
  readonly pid: number
  load: number
}

/** Puts turns of load on both, either one first; tells the CPU microseconds of each per unit of load. */
async function inTurns(
  sides: readonly Side[],
  turns: number,
  turn: (bench: Bench) => Promise<number>,
): Promise<number[]> {
  await Bun.sleep(SETTLE_MILLISECONDS)
  const before = sides.map(({ pid }) => readCpu(pid))
  for (const side of sides) side.load = 0
  for (let number = 0; number < turns; number++) {
    for (const side of number % 2 === 0 ? sides : sides.toReversed()) {
      side.load += await turn(side.bench)
    }
  }
  await Bun.sleep(SETTLE_MILLISECONDS)
  return sides.map(({ pid, load }, index) => {
    const began = before[index]
    return began === undefined ? Number.NaN : (cpuBetween(began, readCpu(pid)) * 1000) / load
  })
}

async function requests(bench: Bench): Promise<number> {
  const { 'json-count': count = 0 } = await json(bench, TURN_MILLISECONDS)
  return count
}

async function events(bench: Bench): Promise<number> {
  await paced(bench, TURN_TICKS)
  return PACED_STREAMS * bench.subject.upstream.stream(TURN_TICKS).events
}

/** Of two processes: the first records, the other does not. */
async function compare(on: Bench, unrecorded: Running): Promise<Values> {
  const benches = [on, { ...on, running: unrecorded }]
  const sides = benches.flatMap((bench) => {
    const { pid } = bench.running
    return pid === undefined ? [] : [{ bench, pid, load: 0 }]
  })
  for (const bench of benches) await json(bench, WARM_MILLISECONDS)
  const [request = Number.NaN, plainRequest = Number.NaN] = await inTurns(sides, TURNS, requests)
  for (const bench of benches) await paced(bench, TURN_TICKS)
  const [event = Number.NaN, plainEvent = Number.NaN] = await inTurns(sides, 2 * TURNS, events)
  return {
    'record-event': event - plainEvent,
    'record-event-share': (event / plainEvent - 1) * 100,
    'record-request': request - plainRequest,
    'record-request-share': (request / plainRequest - 1) * 100,
    'record-request-off': plainRequest,
  }
}

/** What recording everything costs beside recording nothing, measured in turns. */
export const recordFigures: Figure[] = [
  {
    name: 'record',
    fresh: true,
    needsProcess: true,
    rounds: { quick: 1, full: 3 },
    rows: [
      { id: 'record-event', title: 'recording, CPU per event', unit: 'µs', comparison: 'none' },
      {
        id: 'record-event-share',
        title: 'recording, CPU per event beside none',
        unit: '%',
        comparison: 'none',
        target: { on: 'value', most: 5 },
      },
      {
        id: 'record-request',
        title: 'recording, CPU per JSON request',
        unit: 'µs',
        comparison: 'none',
        target: { on: 'value', most: 10 },
      },
      {
        id: 'record-request-share',
        title: 'recording, CPU per JSON request beside none',
        unit: '%',
        comparison: 'none',
      },
      {
        id: 'record-request-off',
        title: 'CPU per JSON request with nothing recorded',
        unit: 'µs',
        comparison: 'none',
      },
    ],
    async measure(bench) {
      const { unrecorded, ...subject } = bench.subject
      if (unrecorded === undefined) return {}
      const off = await start({ ...subject, command: unrecorded }, bench.upstream.port)
      try {
        return await compare(bench, off)
      } finally {
        await off.stop()
      }
    },
  },
]
