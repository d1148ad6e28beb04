// What the ledger takes and gives: plain values; how they are stored is the business of `store/`.

import type { Observer } from './observer.ts'

/** What a row says in the same words wherever it is. Sizes are bytes. */
export interface LedgerFacts {
  readonly client: string | undefined
  readonly address: string | undefined
  readonly session: string | undefined
  readonly mode: string
  readonly method: string
  readonly path: string
  readonly protocol: string | undefined
  readonly wire: string | undefined
  readonly provider: string | undefined
  readonly kind: string | undefined
  readonly model: string | undefined
  readonly upstreamModel: string | undefined
  readonly stream: boolean
  readonly status: number
  readonly ended: string
  readonly stopReason: string | undefined
  readonly attempts: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** One exchange as the ledger keeps it. Times are ms since the epoch, durations ms, sizes bytes, money USD. */
export interface LedgerRow extends LedgerFacts {
  /** The row's own key: grows with `time`, is unique, and is what cursors and single look-ups go by. */
  readonly key: number
  readonly time: number
  /** The request id; clients choose theirs, so it may repeat. */
  readonly id: string
  readonly upstreamRequestId: string | undefined
  /** Which ccproxy wrote it, where several share a ledger. */
  readonly instance: string | undefined
  readonly tokens: Tokens
  /** What the tokens cost by the price list; undefined where the price is not known. */
  readonly cost: number | undefined
  /** The cost is a list price: a plan login was used and no money spent. */
  readonly listPrice: boolean
  readonly firstByteMs: number | undefined
  readonly durationMs: number
  readonly notes: readonly string[]
  readonly error: string | undefined
}

/** Token counts; what the upstream never said is undefined. */
export interface Tokens {
  /** Of the prompt, neither read from the cache nor written to it. */
  readonly input: number | undefined
  readonly output: number | undefined
  readonly cacheRead: number | undefined
  /** All that was written to the cache; the two below are parts of it. */
  readonly cacheWrite: number | undefined
  readonly cacheWrite5m: number | undefined
  readonly cacheWrite1h: number | undefined
  /** The part of `output` that was thought. */
  readonly thinking: number | undefined
}

/** One row with its bodies, where they were kept: redacted, capped, images left out. */
export interface LedgerEntry extends LedgerRow {
  readonly requestBody: string | undefined
  readonly replyBody: string | undefined
}

/** Which rows are meant; all that is given must hold. Several values of one filter are alternatives. */
export interface LedgerFilter {
  /** From this time on, ms since the epoch. */
  readonly since?: number | undefined
  /** Before this time. */
  readonly until?: number | undefined
  /** The client's model name or the upstream's. */
  readonly model?: readonly string[] | undefined
  readonly provider?: readonly string[] | undefined
  readonly client?: readonly string[] | undefined
  /** Codes, or classes such as `4xx`. */
  readonly status?: readonly string[] | undefined
  readonly ended?: readonly string[] | undefined
  readonly session?: string | undefined
}

/** One page of rows. */
export interface LedgerQuery extends LedgerFilter {
  /** Part of a path, an error or a model's name in any case, or a whole request id. */
  readonly text?: string | undefined
  /** Newest first unless `asc`. */
  readonly order?: 'asc' | 'desc' | undefined
  /** 1 to 1000; 100 where not given. */
  readonly limit?: number | undefined
  /** What an earlier page gave as `next`. */
  readonly cursor?: number | undefined
}

/** Rows in order, and where the next page begins; undefined where there is none. */
export interface LedgerPage {
  readonly rows: readonly LedgerRow[]
  readonly next: number | undefined
}

/** By what figures are grouped. */
export const GROUPINGS = ['hour', 'day', 'model', 'client', 'provider', 'status', 'ended'] as const
/** The name of a grouping. */
export type Grouping = (typeof GROUPINGS)[number]

/** Which figures are asked for; times are widened to whole hours, in which the figures are kept. */
export interface AnalyticsQuery extends LedgerFilter {
  readonly by: Grouping
  /** For days: how far the caller's clock is ahead of UTC, minutes; counted in whole hours. */
  readonly offsetMinutes?: number | undefined
}

/** Percentiles of a duration, ms; each is at most 4.5 % off. */
export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** The figures of many exchanges. */
export interface Figures {
  readonly requests: number
  /** Those with a status of 400 or more, or that broke after a good one; a client's leaving is none. */
  readonly errors: number
  readonly clientLeft: number
  readonly attempts: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly tokens: { readonly [Kind in keyof Tokens]: number }
  /** Money spent by the price list, USD, without plan logins. */
  readonly cost: number
  /** What the exchanges of plan logins would have cost. */
  readonly listCost: number
  /** Exchanges that used tokens of a model without a known price. */
  readonly unpriced: number
  /** The part of all prompt tokens that came from the cache, 0 to 1; undefined without a prompt. */
  readonly cacheHitShare: number | undefined
  /** Undefined where nothing was measured. */
  readonly duration: Percentiles | undefined
  readonly firstByte: Percentiles | undefined
}

/** The figures of one group. */
export interface Group extends Figures {
  /** A name, undefined for exchanges that have none; of hours and days their begin as ISO time. */
  readonly name: string | undefined
  /** When an hour or day begins, ms since the epoch. */
  readonly time: number | undefined
}

/** All figures of a query; groups of time in order, others by requests, most first. */
export interface Analytics {
  /** The widened bounds. */
  readonly since: number | undefined
  readonly until: number | undefined
  readonly total: Figures
  readonly groups: readonly Group[]
}

/** How the ledger is doing. */
export interface LedgerStatus {
  readonly backend: 'sqlite' | 'postgres'
  /** The file or the server, without any secret. */
  readonly place: string
  readonly state: 'idle' | 'ok' | 'failing' | 'refused'
  /** What is wrong, where something is. */
  readonly problem: string | undefined
  readonly written: number
  readonly waiting: number
  /** Rows that could not be kept since the start. */
  readonly lost: number
  /** Of the store, where it can be asked. */
  readonly rows: number | undefined
  readonly bytes: number | undefined
  readonly oldest: number | undefined
  readonly newest: number | undefined
}

/** Names that occur, for those who choose a filter: each list sorted, the most recently used 500 at most. */
export interface LedgerNames {
  readonly models: readonly string[]
  readonly providers: readonly string[]
  readonly clients: readonly string[]
  readonly ended: readonly string[]
}

/** The ledger: each settled exchange as one row, and the figures of many. */
export interface Ledger {
  /** Takes what settles; never throws and never waits for the store. */
  readonly observer: Observer
  /** Rejects with a ProxyError `unavailable` where the store cannot be asked. */
  query(query: LedgerQuery): Promise<LedgerPage>
  /** One row with its bodies, by its key or its request id (then the newest); undefined where there is none. */
  entry(keyOrId: number | string): Promise<LedgerEntry | undefined>
  analytics(query: AnalyticsQuery): Promise<Analytics>
  names(): Promise<LedgerNames>
  status(): Promise<LedgerStatus>
  /** Rows that could not be kept since the start; asks no store. */
  lost(): number
  /** Forgets all rows and figures; gives how many rows there were. */
  reset(): Promise<number>
  /** Writes what waits, as far as that goes within `ms`, and lets go of the store. */
  close(ms?: number): Promise<void>
}
