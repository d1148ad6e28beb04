import { json, paced } from './cpu-figures.ts'
import type { Figure, Values } from './figure.ts'
import { type Running, start } from './subjects.ts'
import type { Bench } from './traffic.ts'

/** The ledger writes what it gathered within this time: what a request costs afterwards is counted as well. */
const SETTLE_MILLISECONDS = 1300
const TICKS = 200
/** Whoever is measured first alternates, so that a machine that gets slower favours neither. */
const TURNS = ['on', 'off', 'off', 'on'] as const

const settle = () => Bun.sleep(SETTLE_MILLISECONDS)

interface Cost {
  event: number
  request: number
}

async function costOf(bench: Bench, milliseconds: number): Promise<Cost | undefined> {
  const event = await paced(bench, TICKS, settle)
  const { 'json-cpu': request } = await json(bench, milliseconds, settle)
  return event === undefined || request === undefined ? undefined : { event, request }
}

async function inTurns(on: Bench, off: Bench): Promise<Values> {
  const sums = { on: { event: 0, request: 0 }, off: { event: 0, request: 0 } }
  for (const turn of on.quick ? TURNS.slice(0, 2) : TURNS) {
    const cost = await costOf(turn === 'on' ? on : off, on.quick ? 800 : 1500)
    if (cost === undefined) return {}
    sums[turn].event += cost.event
    sums[turn].request += cost.request
  }
  const turns = on.quick ? 1 : TURNS.length / 2
  const { event, request } = sums.on
  return {
    'record-event': (event - sums.off.event) / turns,
    'record-event-share': (event / sums.off.event - 1) * 100,
    'record-request': (request - sums.off.request) / turns,
    'record-request-share': (request / sums.off.request - 1) * 100,
    'record-request-off': sums.off.request / turns,
  }
}

/** Of two processes that both served before. */
async function against(bench: Bench, unrecorded: Running): Promise<Values> {
  const off = { ...bench, running: unrecorded }
  for (const one of [bench, off]) {
    await paced(one, 20)
    await json(one, 400)
  }
  return inTurns(bench, off)
}

/** What recording everything costs beside recording nothing, measured in turns. */
export const recordFigures: Figure[] = [
  {
    name: 'record',
    fresh: false,
    needsProcess: true,
    rounds: { quick: 3, full: 3 },
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
        return await against(bench, off)
      } finally {
        await off.stop()
      }
    },
  },
]
