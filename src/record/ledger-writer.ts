import type { Logger } from './log.ts'
import type { Settled } from './observer.ts'
import { type NewRow, type Store, StoreError } from './store/store.ts'

/** What the writer works with. */
export interface WriterOptions {
  /** Gives the store, opened when it is first needed. */
  readonly store: () => Promise<Store>
  readonly rowOf: (exchange: Settled) => NewRow
  readonly place: string
  readonly logger: Logger
  /** Rows that wait at most; what comes beyond is lost. */
  readonly room?: number
}

/** How long rows wait for more: a transaction costs a millisecond, a row of a large one 6 µs. Who reads does not wait. */
const FLUSH_MS = 2000
/** Rows of one transaction; so many do not wait. */
const BATCH = 2000
/** Rows made ready without a pause, and bytes of bodies, whose secrets take time to find. */
const SLICE = 200
const SLICE_BYTES = 256 * 1024
const ROOM = 10_000
/** Bodies that wait at most, bytes; rows beyond come without theirs. */
const BODY_ROOM = 64 * 1024 * 1024
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 30_000
const CLOSE_RETRY_MS = 20
/** So long another process may hold the database before that counts as trouble. */
const BUSY_MS = 10_000

/** `working` while all is well, `failing` while rows wait for a store that fails, `refused` where it never will. */
type State = 'working' | 'failing' | 'refused'

/** Rows on their way to the store: gathered, written in batches, kept while the store fails, counted where lost. */
export class LedgerWriter {
  readonly #options: WriterOptions
  readonly #room: number
  #waiting: Settled[] = []
  #waitingBodies = 0
  /** Rows that are being made ready. */
  #taken = 0
  /** What is being written; it keeps its keys when it is tried again. */
  #batch: readonly NewRow[] = []
  /** Rows that are written at once: fewer behind a batch that the store refused for one of them. */
  #most = BATCH
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: Promise<void> | undefined
  #state: State = 'working'
  #problem: string | undefined
  #failedSince: number | undefined
  #retryMs = FIRST_RETRY_MS
  #lostUnsaid = 0
  written = 0
  lost = 0

  constructor(options: WriterOptions) {
    this.#options = options
    this.#room = options.room ?? ROOM
  }

  get state(): State {
    return this.#state
  }

  get problem(): string | undefined {
    return this.#problem
  }

  get waiting(): number {
    return this.#waiting.length + this.#taken + this.#batch.length
  }

  append(exchange: Settled): void {
    if (this.#state === 'refused' || this.waiting >= this.#room) {
      this.#lose(1)
      return
    }
    const waiting = this.#waiting.push(this.#bounded(exchange))
    if (waiting === BATCH && this.#state === 'working') setImmediate(() => this.#start())
    this.#timer ??= setTimeout(() => this.#start(), FLUSH_MS)
  }

  /** Writes what waits; resolves when all is written or the store fails. */
  async flush(): Promise<void> {
    await this.#running
    if (this.waiting > 0) await this.#start()
  }

  /** The same within `ms`; what is not written then is lost. */
  async close(ms: number): Promise<void> {
    const end = performance.now() + ms
    await Promise.race([this.flush(), Bun.sleep(ms)])
    // Another process may hold the database, or a server be away, for a moment only.
    while (this.waiting > 0 && performance.now() + CLOSE_RETRY_MS < end) {
      await Bun.sleep(CLOSE_RETRY_MS)
      await Promise.race([this.flush(), Bun.sleep(end - performance.now())])
    }
    clearTimeout(this.#timer)
    const { waiting } = this
    if (waiting === 0) return
    this.#waiting = []
    this.#batch = []
    this.lost += waiting
    this.#log('warn', 'ledger closed with rows unwritten', { lost: this.lost })
  }

  #bounded(exchange: Settled): Settled {
    const { bodies } = exchange
    if (bodies === undefined) return exchange
    const size = bodySize(exchange)
    if (this.#waitingBodies + size > BODY_ROOM) return { ...exchange, bodies: undefined }
    this.#waitingBodies += size
    return exchange
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined
      if (this.waiting === 0 || this.#state === 'refused') return
      const wait = this.#failedSince === undefined ? FLUSH_MS : this.#retryMs
      this.#timer ??= setTimeout(() => this.#start(), wait)
    })
    return this.#running
  }

  /** Writes what waits now: what comes meanwhile is a batch of its own later, not many small ones at once. */
  async #writeAll(): Promise<void> {
    const all = this.written + this.waiting
    while (this.written < all && this.waiting > 0) {
      if (this.#batch.length === 0) await this.#takeBatch()
      const rows = this.#batch.slice(0, this.#most)
      try {
        const store = await this.#options.store()
        await store.write(rows)
      } catch (error) {
        if (this.#narrowed(rows, error)) continue
        this.#failed(error)
        return
      }
      this.written += rows.length
      this.#batch = this.#batch.slice(rows.length)
      this.#most = Math.min(BATCH, this.#most * 2)
      this.#worked()
      await pause()
    }
  }

  async #takeBatch(): Promise<void> {
    const batch: NewRow[] = []
    this.#batch = batch
    const taken = this.#waiting.splice(0, BATCH)
    let bytes = 0
    for (const exchange of taken) {
      batch.push(this.#options.rowOf(exchange))
      this.#taken = taken.length - batch.length
      const size = bodySize(exchange)
      this.#waitingBodies -= size
      bytes += size
      if (batch.length % SLICE !== 0 && bytes < SLICE_BYTES) continue
      bytes = 0
      await pause()
    }
  }

  /** A row that the store never takes must not hold the others up: it is found by halves, and lost alone. */
  #narrowed([first, ...more]: readonly NewRow[], error: unknown): boolean {
    if (!(error instanceof StoreError) || error.trouble !== 'data') return false
    this.#most = Math.max(1, (more.length + 1) >> 1)
    if (more.length > 0) return true
    this.#batch = this.#batch.slice(1)
    this.lost += 1
    const { id } = first ?? {}
    this.#log('warn', 'ledger row refused', { id, problem: error.message, lost: this.lost })
    return true
  }

  #failed(error: unknown): void {
    const trouble = error instanceof StoreError ? error.trouble : 'failed'
    this.#problem = error instanceof Error ? error.message : String(error)
    this.#failedSince ??= performance.now()
    if (trouble === 'refused') {
      this.#state = 'refused'
      this.#log('error', 'ledger refused: requests go on without it', { problem: this.#problem })
      this.lost += this.waiting
      this.#waiting = []
      this.#batch = []
      return
    }
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2)
    if (trouble === 'busy' && performance.now() - this.#failedSince < BUSY_MS) {
      this.#retryMs = Math.min(this.#retryMs, 1000)
      return
    }
    if (this.#state === 'failing') return
    this.#state = 'failing'
    this.#log('warn', 'ledger cannot be written: requests go on and rows wait', {
      problem: this.#problem,
    })
  }

  #worked(): void {
    this.#retryMs = FIRST_RETRY_MS
    this.#failedSince = undefined
    this.#problem = undefined
    if (this.#state === 'working') return
    this.#state = 'working'
    this.#log('info', 'ledger is written again', { lost: this.#lostUnsaid })
    this.#lostUnsaid = 0
  }

  #lose(rows: number): void {
    this.lost += rows
    this.#lostUnsaid += rows
    if (this.#lostUnsaid !== rows || this.#state === 'refused') return
    this.#log('warn', 'ledger rows are lost: too many wait', { problem: this.#problem })
  }

  #log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void {
    this.#options.logger.log(level, message, { place: this.#options.place, ...fields })
  }
}

function bodySize({ bodies }: Settled): number {
  if (bodies === undefined) return 0
  let size = bodies.request?.length ?? 0
  for (const part of bodies.reply) size += part.length
  return size
}

/** Streams are served before what comes next. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
