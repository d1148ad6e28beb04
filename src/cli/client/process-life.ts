import { readFileSync } from 'node:fs'
import { errorCode } from '../../kit/error.ts'

/** When a process started, in the system's own words: a later process with the same number differs in it. */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return statOf(pid)?.start
  if (process.platform === 'win32') return undefined
  try {
    const { stdout } = Bun.spawnSync(['ps', '-o', 'lstart=', '-p', String(pid)])
    return stdout.toString().trim() || undefined
  } catch {
    // No such process, or no `ps`: either way nothing is known.
    return undefined
  }
}

/** Whether a process of this number runs; one that only waits to be buried does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // It is there, but another user's.
    return errorCode(error) === 'EPERM'
  }
  return process.platform !== 'linux' || !/^[ZX]/.test(statOf(pid)?.state ?? '')
}

/** `pid (name) state …`, where the name may hold anything; the 22nd field is the start. */
function statOf(pid: number): { readonly state: string; readonly start: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', start: fields[19] ?? '' }
  } catch {
    // Gone since it was asked for, or /proc is not there.
    return undefined
  }
}
