import type { Bench } from './traffic.ts'

/** How a value is compared with nginx's of the same round. */
export type Comparison = 'ratio' | 'difference' | 'none'

/** One line of the table. */
export interface Row {
  id: string
  title: string
  unit: string
  comparison: Comparison
  /** The target for ccproxy: at most this, on the value or on its comparison. */
  target?: { on: 'value' | 'comparison'; most?: number; exactly?: number }
  /** Shown as what the subject adds to direct. */
  added?: boolean
}

/** The values of one measurement, by row id; undefined where a subject has none (no process). */
export type Values = Record<string, number | undefined>

/** A measurement, and the rows it fills. */
export interface Figure {
  name: string
  rows: Row[]
  /** True when each measurement needs a process that has served nothing yet. */
  fresh: boolean
  /** True when direct has nothing to tell. */
  needsProcess: boolean
  rounds: { quick: number; full: number }
  measure(bench: Bench): Promise<Values>
}
