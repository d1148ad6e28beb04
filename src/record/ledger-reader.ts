import { ProxyError } from '../kit/error.ts'
import { isPostgres } from './ledger.ts'
import type { Ledger } from './ledger-shape.ts'
import type { StoreReader } from './store/reader.ts'

/** A ledger that another process keeps. */
export type LedgerReader = Pick<Ledger, 'query' | 'entry' | 'analytics'> & {
  close(): Promise<void>
}

/** Opens a ledger to read it and change nothing; rejects with a ProxyError where there is none that can be read. */
export async function openLedgerReader(database: string): Promise<LedgerReader> {
  const store = await told(() => openStore(database))
  const [{ listRows, readEntry }, { analyse }] = await Promise.all([
    import('./store/list.ts'),
    import('./store/analytics.ts'),
  ])
  return {
    query: (query) => told(() => listRows(store, query)),
    entry: (keyOrId) => told(() => readEntry(store, keyOrId)),
    analytics: (query) => told(() => analyse(store, query)),
    close: () => store.close(),
  }
}

async function openStore(database: string): Promise<StoreReader> {
  if (isPostgres(database)) {
    return (await import('./store/postgres-reader.ts')).openPostgresReader(database)
  }
  return (await import('./store/sqlite-reader.ts')).openSqliteReader(database)
}

async function told<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ProxyError('unavailable', why, { cause })
  }
}
