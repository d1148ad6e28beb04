import { readdirSync, readFileSync } from 'node:fs'

/** A process as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  /** The command line, by spaces. */
  readonly command: string
}

/** Every process whose environment has this entry, `NAME=value`; on Linux only. */
export function marked(entry: string): ProcessEntry[] {
  return all((pid) => textOf(pid, 'environ').split('\0').includes(entry))
}

/** The processes that a process has started itself. */
export function childrenOf(parent: number): ProcessEntry[] {
  return all(() => true).filter((entry) => entry.parent === parent)
}

/** Whether a process runs; one that waits for its parent to notice its end does not. */
export function runs(pid: number): boolean {
  const [state] = statOf(pid)
  return state !== undefined && state !== 'Z'
}

/** The process group, to which a terminal sends Ctrl-C. */
export function groupOf(pid: number): number {
  return Number(statOf(pid)[2])
}

/** State, parent, group and so on: what follows the name in parentheses. */
function statOf(pid: number): string[] {
  const stat = textOf(pid, 'stat')
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function all(wanted: (pid: number) => boolean): ProcessEntry[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && wanted(pid) && runs(pid))
    .map((pid) => ({
      pid,
      parent: Number(statOf(pid)[1]),
      command: textOf(pid, 'cmdline').replaceAll('\0', ' ').trim(),
    }))
}

function textOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    // It has ended meanwhile, or is another user's.
    return ''
  }
}
