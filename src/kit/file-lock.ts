import { errorCode } from './error.ts'

const LOCK_POLL_MS = 20

/** How long a lock is waited for, and how long it counts; ms. */
export interface LockTimes {
  readonly waitMs: number
  /** How long a lock that nobody refreshes still counts; a living holder refreshes it twice as often. */
  readonly staleMs: number
}

/**
 * Locks a file or folder between processes and gives what releases it; undefined where another process held it all the
 * time. The lock is a folder `<path>.lock` whose mtime is kept fresh, the scheme that Claude Code uses for its own files.
 * @throws an error of the file system
 */
export async function takeLock(
  path: string,
  { waitMs, staleMs }: LockTimes,
): Promise<(() => Promise<void>) | undefined> {
  // Loaded when first needed: most starts lock nothing.
  const { lock } = await import('proper-lockfile')
  const deadline = performance.now() + waitMs
  for (;;) {
    try {
      const release = await lock(path, {
        realpath: false, // What is locked need not exist, yet or any more.
        stale: staleMs,
        update: staleMs / 2,
        // After a long sleep of the machine another process may have taken the lock over: both must cope.
        onCompromised: () => undefined,
      })
      return () => releaseQuietly(release)
    } catch (error) {
      if (errorCode(error) !== 'ELOCKED') throw error
    }
    if (performance.now() > deadline) return undefined
    await Bun.sleep(LOCK_POLL_MS * (0.5 + Math.random()))
  }
}

/** A lock that was taken over or removed meanwhile needs no release. */
async function releaseQuietly(release: () => Promise<void>): Promise<void> {
  try {
    await release()
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'ERELEASED' && code !== 'ENOTACQUIRED' && code !== 'ENOENT') throw error
  }
}
