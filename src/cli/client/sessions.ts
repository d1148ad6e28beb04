import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode, ProxyError } from '../../kit/error.ts'
import { takeLock } from '../../kit/file-lock.ts'
import { isRunning, startOf } from './process-life.ts'

/** How often a proxy looks whether its sessions live, ms. */
const LOOK_MS = 500
/** How long none may live before it ends: a script that calls one client after another keeps it, ms. */
const LINGER_MS = 2000
/** Beyond Linux a look at a process's start costs a process, ms. */
const START_LOOK_MS = 60_000
/** How long a lock of a process that was killed still counts, ms; a living holder keeps it fresh. */
const STALE_MS = 5000
/** Longer than a proxy takes to start, ms. */
const LOCK_WAIT_MS = 45_000

/**
 * The clients that share a proxy in the background, as a folder with one file for each process (2026-11). A file tells
 * the process and when it started, so that a client that is killed counts no longer, and a later process with its
 * number does not count for it. The proxy watches the folder and ends after the last; whoever starts a proxy, and the
 * proxy that is about to end, hold the folder's lock meanwhile, so that no client is left with a proxy that has gone.
 */
export class Sessions {
  readonly folder: string
  readonly #startSeenAt = new Map<number, number>()

  constructor(folder: string) {
    this.folder = folder
  }

  /** Counts this process until it ends, whatever program it becomes. */
  register(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    const { pid } = process
    const path = join(this.folder, String(pid))
    writeFileSync(path, startOf(pid) ?? '', { mode: 0o600, flush: true })
  }

  /** The processes that live; the files of others are removed. */
  living(): number[] {
    return this.#listed().filter((pid) => {
      const path = join(this.folder, String(pid))
      if (this.#lives(pid, path)) return true
      rmSync(path, { force: true })
      this.#startSeenAt.delete(pid)
      return false
    })
  }

  /** Waits until no session has lived for two seconds, then calls `close`, which must take no new client from then on. */
  async ended(close: () => void): Promise<void> {
    for (let emptySince: number | undefined; ; await Bun.sleep(LOOK_MS)) {
      const now = performance.now()
      emptySince = this.living().length > 0 ? undefined : (emptySince ?? now)
      if (emptySince === undefined || now - emptySince < LINGER_MS) continue
      const done = await this.locked(async () => {
        if (this.living().length > 0) return false
        close()
        return true
      })
      if (done) return
    }
  }

  /** Runs `work` while no other process starts or ends a proxy of this folder. */
  async locked<Result>(work: () => Promise<Result>): Promise<Result> {
    const release = await this.#lock()
    try {
      return await work()
    } finally {
      await release()
    }
  }

  /** Where another process takes the lock over, the health check decides. */
  async #lock(): Promise<() => Promise<void>> {
    const times = { waitMs: LOCK_WAIT_MS, staleMs: STALE_MS }
    const release = await takeLock(this.folder, times).catch((error: unknown) => {
      // The folder may have been removed with its whole home, where nobody can register then.
      if (errorCode(error) === 'ENOENT') return () => Promise.resolve()
      throw error
    })
    if (release !== undefined) return release
    const text = `Another ccproxy holds "${this.folder}.lock" for too long: end it, or remove that folder`
    throw new ProxyError('unavailable', text)
  }

  #listed(): number[] {
    try {
      return readdirSync(this.folder)
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
    } catch {
      // Removed with its sessions.
      return []
    }
  }

  #lives(pid: number, path: string): boolean {
    if (!isRunning(pid)) return false
    const seenAt = this.#startSeenAt.get(pid)
    const recent = seenAt !== undefined && performance.now() - seenAt < START_LOOK_MS
    if (recent && process.platform !== 'linux') return true
    this.#startSeenAt.set(pid, performance.now())
    const start = startOf(pid)
    const registered = textOf(path)
    return (
      registered === undefined || registered === '' || start === undefined || registered === start
    )
  }
}

/** A file's text, or nothing where it has just gone. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
