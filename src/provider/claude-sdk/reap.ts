import { readdir, readFile } from 'node:fs/promises'

/** Looks in a row that must find nothing: a process can be born, or be between fork and exec, behind one look's back. */
const QUIET_LOOKS = 2
const MOST_LOOKS = 20
const BETWEEN_MS = 50

/**
 * Ends every process whose environment has exactly this entry, and what they start meanwhile; on Linux, where
 * environments can be read.
 */
export async function reap(entry: string): Promise<void> {
  if (process.platform !== 'linux') return
  let quiet = 0
  for (let look = 0; look < MOST_LOOKS && quiet < QUIET_LOOKS; look++) {
    if (look > 0) await Bun.sleep(BETWEEN_MS)
    quiet = (await endAll(entry)) ? 0 : quiet + 1
  }
}

/** Whether there was any to end. */
async function endAll(entry: string): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const ended = await Promise.all(
    pids.map(async (pid) => {
      try {
        const environment = await readFile(`/proc/${pid}/environ`, 'latin1')
        return environment.split('\0').includes(entry) && process.kill(Number(pid), 'SIGKILL')
      } catch {
        // Another user's, or gone meanwhile: either way nothing of ours to end.
        return false
      }
    }),
  )
  return ended.includes(true)
}
