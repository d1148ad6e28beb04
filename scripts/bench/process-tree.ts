import { readdirSync, readFileSync } from 'node:fs'

const MILLISECONDS_PER_TICK = 10

interface Stat {
  parent: number
  ticks: number
}

function readStat(pid: number): Stat | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The command name may hold spaces and parentheses: fields count from its last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
}

/** Reads a file of /proc; undefined when the process or thread has just ended. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function listProc(path: string): number[] {
  try {
    return readdirSync(path).map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** The process and all its descendants. */
function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const pid of listProc('/proc')) {
    const stat = readStat(pid)
    if (stat === undefined) continue
    const siblings = children.get(stat.parent)
    if (siblings === undefined) children.set(stat.parent, [pid])
    else siblings.push(pid)
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** User + system CPU of one moment, by two clocks: the kernel's ticks, and nanoseconds per thread. */
export interface CpuReading {
  ticks: number
  threads: Map<number, number>
}

/** Reads the CPU clocks of a process tree. */
export function readCpu(root: number): CpuReading {
  let ticks = 0
  const threads = new Map<number, number>()
  for (const pid of processTree(root)) {
    ticks += readStat(pid)?.ticks ?? 0
    for (const thread of listProc(`/proc/${pid}/task`)) {
      const schedstat = readProc(`/proc/${pid}/task/${thread}/schedstat`)
      if (schedstat !== undefined) threads.set(thread, Number(schedstat.split(' ')[0]))
    }
  }
  return { ticks, threads }
}

/**
 * Milliseconds of user + system CPU between two readings. The scheduler's nanoseconds are finer than
 * ticks, but they vanish with a thread that ends: then the ticks, which keep it, decide.
 */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  const byTicks = (after.ticks - before.ticks) * MILLISECONDS_PER_TICK
  let nanoseconds = 0
  for (const [thread, value] of after.threads) {
    nanoseconds += value - (before.threads.get(thread) ?? 0)
  }
  for (const thread of before.threads.keys()) if (!after.threads.has(thread)) return byTicks
  return after.threads.size === 0 ? byTicks : nanoseconds / 1e6
}

/** Resident memory of a process tree, in KB. */
export function readRss(root: number): number {
  let total = 0
  for (const pid of processTree(root)) {
    const status = readProc(`/proc/${pid}/status`) ?? ''
    total += Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  }
  return total
}
