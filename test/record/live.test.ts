import { describe, expect, test } from 'bun:test'
import { Live, type LiveEvent } from '../../src/record/live.ts'
import { observers } from '../../src/record/observer.ts'
import { Running } from '../../src/record/running.ts'
import { settled } from '../support/ledger-rows.ts'

describe('what is remembered', () => {
  test('what runs, until it settles', () => {
    const running = new Running()
    const live = new Live(running)
    const { started, settled: end } = observers([running.observer, live.observer])
    const [first, second] = [settled(), settled()]
    started?.(first)
    started?.(second)
    expect(live.running().map(({ id }) => id)).toEqual([first.id, second.id])
    end({ ...first })
    expect(live.running().map(({ id }) => id)).toEqual([second.id])
    // One that never started takes none of the others off.
    running.observer.settled(settled({ place: 0 }))
    expect(live.running().map(({ id }) => id)).toEqual([second.id])
    expect(live.recent().map(({ id, number }) => [id, number])).toEqual([[first.id, 1]])
  })

  test('the last 500, in order', () => {
    const live = new Live(new Running())
    for (let at = 0; at < 1234; at += 1) live.observer.settled(settled({ bytesIn: at }))
    const recent = live.recent()
    expect(recent.length).toBe(500)
    expect(recent.map(({ bytesIn }) => bytesIn)).toEqual(
      Array.from({ length: 500 }, (_, at) => 734 + at),
    )
    expect(live.recent(1232).map(({ number }) => number)).toEqual([1233, 1234])
    expect([734, 1000, 1234].map((number) => live.remembers(number))).toEqual([true, true, true])
    expect([0, 733, 1235].map((number) => live.remembers(number))).toEqual([false, false, false])
  })

  test('no bodies, and nothing that a client made long', () => {
    const live = new Live(new Running())
    const long = 'x'.repeat(10_000)
    live.observer.settled(
      settled({
        ...{ path: long, model: long, upstreamModel: long, session: long, error: long },
        notes: Array.from({ length: 100 }, () => long),
        bodies: { request: new Uint8Array(9), reply: [] },
      }),
    )
    expect(live.recent()[0]?.bodies).toBeUndefined()
    expect(JSON.stringify(live.recent()).length).toBeLessThan(20_000)
  })

  test('nothing after a reset but what runs', () => {
    const running = new Running()
    const live = new Live(running)
    const heard: string[] = []
    live.subscribe(({ type }) => heard.push(type))
    live.observer.settled(settled())
    const started = settled()
    running.observer.started?.(started)
    live.observer.started?.(started)
    live.reset()
    expect([live.recent(), live.upstreams(), live.running().length]).toEqual([[], [], 1])
    expect(heard).toEqual(['settled', 'started', 'reset'])
    live.observer.settled(settled())
    expect(live.recent().map(({ number }) => number)).toEqual([2])
  })
})

test('who listens is told of each thing until it leaves', () => {
  const live = new Live(new Running())
  const heard: LiveEvent[] = []
  const leave = live.subscribe((event) => heard.push(event))
  const one = settled({ time: Date.now() - 250 })
  live.observer.started?.(one)
  live.observer.firstByte?.(one)
  live.observer.settled(one)
  leave()
  live.observer.settled(settled())
  expect(heard).toMatchObject([
    { type: 'started', exchange: { id: one.id } },
    { type: 'first_byte', exchange: { id: one.id } },
    { type: 'settled', exchange: { id: one.id, number: 1 } },
  ])
  const [, first] = heard
  expect(first?.type === 'first_byte' && first.firstByteMs).toBeGreaterThanOrEqual(250)
  expect(live.listeners).toBe(0)
})

describe('how upstreams are doing', () => {
  const after = (...list: Parameters<typeof settled>[0][]) => {
    const live = new Live(new Running())
    for (const one of list) live.observer.settled(settled(one))
    return live.upstreams()
  }
  const failed = { status: 503, ending: 'upstream_error', error: 'Busy' } as const

  test('failures count until a success', () => {
    expect(after(failed, failed)).toMatchObject([
      {
        provider: 'anthropic',
        failures: 2,
        lastSuccess: undefined,
        lastFailure: { error: 'Busy' },
      },
    ])
    expect(after(failed, {}, {})).toMatchObject([{ failures: 0, lastFailure: { status: 503 } }])
  })

  test("a client's own mistakes and its leaving say nothing", () => {
    const mistakes = [400, 404, 413, 422].map((status) => ({ ...failed, status }))
    const gone = { status: 499, ending: 'client_left' } as const
    expect(after(...mistakes, gone, { upstream: undefined })).toMatchObject([
      { failures: 0, lastFailure: undefined, lastSuccess: undefined },
    ])
  })

  test('what counts is when it was over, not when it began', () => {
    const begun = Date.UTC(2026, 10, 21, 12)
    const long = { time: begun, durationMs: 600_000 }
    expect(after(long)).toMatchObject([{ lastSuccess: begun + 600_000 }])
  })

  test('limits that a long stream told when it began do not replace newer ones', () => {
    const begun = Date.UTC(2026, 10, 21, 12)
    const long = { time: begun, firstByteMs: 900, durationMs: 600_000, limits: { '5h': 'old' } }
    const brief = { time: begun + 60_000, firstByteMs: 500, limits: { '5h': 'new' } }
    expect(after(brief, long)).toMatchObject([{ limits: { limits: { '5h': 'new' } } }])
    expect(after(long, brief)).toMatchObject([{ limits: { limits: { '5h': 'new' } } }])
    const refused = { ...brief, time: begun, firstByteMs: undefined, durationMs: 1000 }
    expect(after(long, refused)).toMatchObject([{ limits: { limits: { '5h': 'new' } } }])
  })

  test('the newest limits stay', () => {
    const limits = { status: 'allowed', '5h-utilization': '0.5' }
    expect(after({ limits, client: 'ada' }, {})).toMatchObject([
      { limits: { client: 'ada', limits } },
    ])
  })
})
