import { join } from 'node:path'
import { ledgerOptions } from '../config/ledger-options.ts'
import { dataFolder } from '../config/paths.ts'
import type { Settings } from '../config/schema.ts'
import { createLedger } from '../record/ledger.ts'
import type { Ledger } from '../record/ledger-shape.ts'
import { Live } from '../record/live.ts'
import type { Logger } from '../record/log.ts'
import { Metrics } from '../record/metrics.ts'
import { logObserver, type Observer, observers, type Settled } from '../record/observer.ts'
import type { Panels } from '../record/panels.ts'
import { PRICES } from '../record/price-table.ts'
import type { PriceUpdates } from '../record/price-updates.ts'
import { costOf, type PriceList } from '../record/prices.ts'
import { Running } from '../record/running.ts'

/** What a server keeps of its work. */
export interface Records {
  readonly observer: Observer
  /** How much of each stream is kept for the ledger; undefined where no bodies are. */
  readonly keptBytes: number | undefined
  /** Undefined where the settings have none. */
  readonly ledger: Ledger | undefined
  readonly metrics: Metrics | undefined
  /** What runs and what settled last. */
  readonly live: Live | undefined
  /** What an exchange costs by the prices of now, USD. */
  readonly cost: (exchange: Settled) => number | undefined
  /** Writes what waits and lets go of everything; may be called again. */
  close(): Promise<void>
}

/** What the records are made with. */
export interface RecordsOptions {
  readonly settings: Settings
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly version: string
  /** Stand in for the log's line for each request. */
  readonly panels?: Panels | undefined
}

const HOUR_MS = 3_600_000
/** A stream's events are so many times as long as the text that they carry. */
const STREAM_OVERHEAD = 32

/** The log, the ledger and the prices of one server; nothing of a database is loaded here. */
export function createRecords(options: RecordsOptions, logger: Logger): Records {
  const { settings, env, home, panels } = options
  const { record } = settings
  const updates = createUpdates(options, logger)
  const prices = updates.prices
  const ledger = record.ledger
    ? createLedger(ledgerOptions(settings, { env, home, logger, prices }))
    : undefined
  const running = new Running()
  const metrics = record.metrics ? createMetrics(options, { prices, running, ledger }) : undefined
  const live = record.logs ? new Live(running) : undefined
  const lists = metrics !== undefined || live !== undefined
  const kept = [lists ? running : undefined, ledger, metrics, live].flatMap((one) =>
    one === undefined ? [] : [one.observer],
  )
  const cost = ({ usage, upstreamModel, model, kind }: Settled) =>
    costOf(usage, upstreamModel ?? model, { kind }, prices())
  const shown = panels?.observer({ logger, cost }) ?? logObserver(logger)
  return {
    observer: observers([shown, ...kept], (error) =>
      logger.log('error', 'observer failed', { error: String(error) }),
    ),
    keptBytes: keptBytes(settings, panels),
    ledger,
    metrics,
    live,
    cost,
    async close() {
      panels?.close()
      updates.end()
      await ledger?.close()
    },
  }
}

/** As much as whoever wants most of it. */
function keptBytes({ record }: Settings, panels: Panels | undefined): number | undefined {
  const keeps = record.ledger && record.bodies !== 'off'
  const forLedger = keeps ? record.body_max_chars * STREAM_OVERHEAD : 0
  const most = Math.max(forLedger, panels?.keptBytes ?? 0)
  return most === 0 ? undefined : most
}

function createMetrics(
  { settings, version }: RecordsOptions,
  {
    prices,
    running,
    ledger,
  }: {
    readonly prices: () => PriceList
    readonly running: Running
    readonly ledger: Ledger | undefined
  },
): Metrics {
  const models = Object.values(settings.providers).flatMap(({ models, default_model: usual }) => [
    ...Object.values(models),
    ...(usual === undefined ? [] : [usual]),
  ])
  return new Metrics({
    ledgerLosses: () => ledger?.lost() ?? 0,
    ...{ models, prices, running, version },
  })
}

/** The prices of now; what looks them up is loaded only where the settings want it. */
function createUpdates({ settings, env, home, version }: RecordsOptions, logger: Logger) {
  const { enabled, pricing_update_interval_hours: hours, pricing_url: url } = settings.scheduler
  let updates: PriceUpdates | undefined
  let ended = false
  const load = async () => {
    const { priceUpdates } = await import('../record/price-updates.ts')
    if (ended) return
    const file = join(dataFolder(env, home), 'prices.json')
    updates = priceUpdates({ url, everyMs: hours * HOUR_MS, file, logger, version })
    updates.begin()
  }
  if (enabled) void load()
  return {
    prices: () => updates?.prices() ?? PRICES,
    end() {
      ended = true
      updates?.end()
    },
  }
}
