import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { isPostgres, type LedgerOptions } from '../record/ledger.ts'
import type { Logger } from '../record/log.ts'
import type { PriceList } from '../record/prices.ts'
import { dataFolder } from './paths.ts'
import type { Settings } from './schema.ts'

/** The world that the ledger is made in. */
export interface LedgerWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly logger: Logger
  readonly prices: () => PriceList
}

const FILE = 'ledger.sqlite'

/** What the ledger is made from, the same for the server and for commands that read it. */
export function ledgerOptions(settings: Settings, world: LedgerWorld): LedgerOptions {
  const { record, server } = settings
  return {
    database: ledgerDatabase(settings, world),
    instance: `${hostname()}:${server.port}`,
    retentionDays: record.retention_days,
    retentionMegabytes: record.retention_mb,
    bodies: record.bodies,
    bodyLength: record.body_max_chars,
    logger: world.logger,
    prices: world.prices,
  }
}

/** Where the ledger is: a file, `:memory:`, or `postgres://…`. */
export function ledgerDatabase(
  { record }: Settings,
  { env, home }: Pick<LedgerWorld, 'env' | 'home'>,
): string {
  const setting = record.database?.reveal()
  if (setting === undefined) return join(dataFolder(env, home), FILE)
  if (setting === ':memory:' || isPostgres(setting)) return setting
  return resolve(setting.replace(/^~(?=$|[/\\])/, home))
}
