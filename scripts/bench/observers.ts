// What the observers cost beside an exchange: `bun scripts/bench/observers.ts`, µs of CPU per settled exchange.

import { Live } from '../../src/record/live.ts'
import { Metrics } from '../../src/record/metrics.ts'
import type { Observer } from '../../src/record/observer.ts'
import { PRICES } from '../../src/record/price-table.ts'
import { Running } from '../../src/record/running.ts'
import { settled } from '../../test/support/ledger-rows.ts'

const EXCHANGES = 200_000
const ROUNDS = 5

const made = Array.from({ length: 1000 }, (_, at) =>
  settled({
    upstreamModel: ['claude-sonnet-5', 'claude-haiku-5-5', 'claude-opus-5-5'][at % 3],
    durationMs: (at * 7919) % 60_000,
    usage: { input: at, output: at * 2, cacheRead: at * 10, cacheWrite: at, thinking: at % 7 },
  }),
)

function cpuOf({ started, firstByte, settled: end }: Observer): number {
  const before = process.cpuUsage()
  for (let at = 0; at < EXCHANGES; at += 1) {
    const exchange = made[at % made.length]
    if (exchange === undefined) continue
    started?.(exchange)
    firstByte?.(exchange)
    end(exchange)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / EXCHANGES
}

function best(observer: Observer): string {
  const rounds = Array.from({ length: ROUNDS }, () => cpuOf(observer))
  return `${Math.min(...rounds).toFixed(2)} µs (worst round ${Math.max(...rounds).toFixed(2)})`
}

const metrics = new Metrics({
  ledgerLosses: () => 0,
  models: [],
  prices: () => PRICES,
  running: new Running(),
  version: '0',
})
const listened = new Live(new Running())
listened.subscribe(() => undefined)
console.log(`nothing: ${best({ settled: () => undefined })}`)
console.log(`what runs: ${best(new Running().observer)}`)
console.log(`metrics: ${best(metrics.observer)}`)
console.log(`live, nobody listens: ${best(new Live(new Running()).observer)}`)
console.log(`live, one listens: ${best(listened.observer)}`)
const begun = performance.now()
await metrics.read()
console.log(`first read of the page: ${(performance.now() - begun).toFixed(1)} ms`)
