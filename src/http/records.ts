import { join } from 'node:path'
import { ledgerOptions } from '../config/ledger-options.ts'
import { dataFolder } from '../config/paths.ts'
import type { Settings } from '../config/schema.ts'
import { createLedger } from '../record/ledger.ts'
import type { Ledger } from '../record/ledger-shape.ts'
import type { Logger } from '../record/log.ts'
import { logObserver, type Observer, observers } from '../record/observer.ts'
import { PRICES } from '../record/price-table.ts'
import type { PriceUpdates } from '../record/price-updates.ts'

/** What a server keeps of its work. */
export interface Records {
  readonly observer: Observer
  /** How much of each stream is kept for the ledger; undefined where no bodies are. */
  readonly keptBytes: number | undefined
  /** Undefined where the settings have none. */
  readonly ledger: Ledger | undefined
  /** Writes what waits and lets go of everything; may be called again. */
  close(): Promise<void>
}

/** What the records are made with. */
export interface RecordsOptions {
  readonly settings: Settings
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

const HOUR_MS = 3_600_000
/** A stream's events are so many times as long as the text that they carry. */
const STREAM_OVERHEAD = 32

/** The log, the ledger and the prices of one server; nothing of a database is loaded here. */
export function createRecords(options: RecordsOptions, logger: Logger): Records {
  const { settings, env, home } = options
  const { record } = settings
  const updates = createUpdates(options, logger)
  const prices = updates.prices
  const ledger = record.ledger
    ? createLedger(ledgerOptions(settings, { env, home, logger, prices }))
    : undefined
  const list = [logObserver(logger), ...(ledger === undefined ? [] : [ledger.observer])]
  const keeps = ledger !== undefined && record.bodies !== 'off'
  return {
    observer: observers(list, (error) =>
      logger.log('error', 'observer failed', { error: String(error) }),
    ),
    keptBytes: keeps ? record.body_max_chars * STREAM_OVERHEAD : undefined,
    ledger,
    async close() {
      updates.end()
      await ledger?.close()
    },
  }
}

/** The prices of now; what looks them up is loaded only where the settings want it. */
function createUpdates({ settings, env, home }: RecordsOptions, logger: Logger) {
  const { enabled, pricing_update_interval_hours: hours, pricing_url: url } = settings.scheduler
  let updates: PriceUpdates | undefined
  let ended = false
  const load = async () => {
    const { priceUpdates } = await import('../record/price-updates.ts')
    if (ended) return
    const file = join(dataFolder(env, home), 'prices.json')
    updates = priceUpdates({ url, everyMs: hours * HOUR_MS, file, logger })
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
