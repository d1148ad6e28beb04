import type { LogFigures } from '../../logs/schema.ts'

/** The figures of one step of time. */
export interface Step extends LogFigures {
  /** Its beginning, ms since the epoch. */
  readonly at: number
}

/** How wide the steps of a chart are. */
export type StepKind = 'minute' | 'hour' | 'day'

const STEP_MS = { minute: 60_000, hour: 3_600_000 }
/** A chart of more steps than this would be drawn finer than its pixels. */
const MOST_STEPS = 1000

/** The beginnings of all steps from one time to another; days begin at local midnight. */
export function stepTimes(kind: StepKind, from: number, to: number): number[] {
  const times: number[] = []
  if (kind === 'day') {
    const day = new Date(from)
    day.setHours(0, 0, 0, 0)
    for (; day.getTime() <= to && times.length < MOST_STEPS; day.setDate(day.getDate() + 1)) {
      times.push(day.getTime())
    }
    return times
  }
  const ms = STEP_MS[kind]
  for (let at = Math.floor(from / ms) * ms; at <= to && times.length < MOST_STEPS; at += ms) {
    times.push(at)
  }
  return times
}

/** What a chart shows of the steps, each time with its value; where there is no step, `gap`. */
export function valuesAt(
  times: readonly number[],
  steps: readonly Step[],
  value: (step: Step) => number | undefined,
  gap: 0 | null,
): (number | null)[] {
  // A day of the ledger begins at a fixed offset, here it may be an hour off where the clocks were changed.
  const slack = times.length > 1 ? ((times[1] ?? 0) - (times[0] ?? 0)) / 8 : 0
  const found = new Map<number, number | null>()
  for (const step of steps) {
    const index = times.findLastIndex((time) => time <= step.at + slack)
    if (index >= 0) found.set(index, value(step) ?? gap)
  }
  return times.map((_, index) => found.get(index) ?? gap)
}

/** Running sums from the last series to the first: drawn in order, each stands on those after it. */
export function stacked(series: readonly (readonly (number | null)[])[]): number[][] {
  const sums: number[][] = []
  let below: number[] | undefined
  for (const values of series.toReversed()) {
    const base: number[] | undefined = below
    below = values.map((value, index) => (value ?? 0) + (base?.[index] ?? 0))
    sums.unshift(below)
  }
  return sums
}
