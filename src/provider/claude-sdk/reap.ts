import { readdir, readFile } from 'node:fs/promises'

/** Ends every process whose environment has exactly this entry; on Linux, where environments can be read. */
export async function reap(entry: string): Promise<void> {
  if (process.platform !== 'linux') return
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  await Promise.all(
    pids.map(async (pid) => {
      try {
        const environment = await readFile(`/proc/${pid}/environ`, 'latin1')
        if (environment.split('\0').includes(entry)) process.kill(Number(pid), 'SIGKILL')
      } catch {
        // Another user's, or gone meanwhile: either way nothing of ours to end.
      }
    }),
  )
}
