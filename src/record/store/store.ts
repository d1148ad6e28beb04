import type { LedgerFacts, Tokens } from '../ledger-shape.ts'

/** What one exchange is when it comes to be stored: texts as they are, money in nano-USD, durations in microseconds. */
export interface NewRow extends LedgerFacts, Tokens {
  /** Milliseconds since the epoch × 1024, and a number that tells those of one millisecond apart. */
  readonly key: number
  readonly id: string
  readonly upstreamId: string | undefined
  readonly cost: number | undefined
  readonly listPrice: boolean
  readonly firstByte: number | undefined
  readonly duration: number
  readonly notes: string | undefined
  readonly error: string | undefined
  readonly requestBody: string | undefined
  readonly replyBody: string | undefined
}

/** Of the key, what tells the rows of one millisecond apart. */
export const KEYS_PER_MS = 1024
const HOUR_MS = 3_600_000
/** Keys of one hour. */
export const KEYS_PER_HOUR = HOUR_MS * KEYS_PER_MS

/** A value of a database row or parameter. */
export type Value = string | number | null
/** A database row by column. */
export type StoredRow = Readonly<Record<string, unknown>>

/** How much is kept. */
export interface Retention {
  /** Rows that came before this time go, ms since the epoch; undefined keeps all. */
  readonly before: number | undefined
  /** The oldest rows go until the store is below this; undefined knows no bound. */
  readonly bytes: number | undefined
}

/** What a store holds. */
export interface StoreSize {
  readonly rows: number
  readonly bytes: number
  readonly oldest: number | undefined
  readonly newest: number | undefined
}

/** One place where rows are kept: SQLite's file or a PostgreSQL server. Everything may throw a `StoreError`. */
export interface Store {
  readonly backend: 'sqlite' | 'postgres'
  readonly place: string
  /** Writes all of the rows or none. */
  write(rows: readonly NewRow[]): Promise<void>
  /** Reads by a statement that both dialects know, parameters as `$1`, first used in their order. */
  all(sql: string, params: readonly Value[]): Promise<readonly StoredRow[]>
  /** Deletes what is to go, in small steps; gives how many rows went. */
  retain(retention: Retention): Promise<number>
  size(): Promise<StoreSize>
  reset(): Promise<number>
  close(): Promise<void>
}

/**
 * Why a store failed. `refused`: a newer ccproxy's, or no store at all, and trying again is no use. `busy`: another
 * process writes just now. `broken`: what is stored cannot be read any more. `data`: one of the rows has a value that
 * the store never takes.
 */
export type StoreTrouble = 'refused' | 'busy' | 'broken' | 'data' | 'failed'

/** A store's failure, in words for the log. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly trouble: StoreTrouble

  constructor(trouble: StoreTrouble, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.trouble = trouble
  }
}
