/** Bounds of the buckets, seconds: a stream of ten minutes is no rarity. */
export const BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600] as const

/** Durations of one combination of labels: how many fell into each bucket, and above the last. */
export interface DurationSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly counts: number[]
  /** Seconds. */
  sum: number
}

/** Counts durations in buckets, by labels. */
export class Durations {
  readonly series = new Map<string, DurationSeries>()

  /** Adds one, in ms; `key` stands for the labels. */
  add(key: string, labels: Readonly<Record<string, string>>, milliseconds: number): void {
    let series = this.series.get(key)
    if (series === undefined) {
      series = { labels, counts: new Array(BOUNDS.length + 1).fill(0), sum: 0 }
      this.series.set(key, series)
    }
    const seconds = milliseconds / 1000
    let bucket = 0
    while (seconds > (BOUNDS[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.sum += seconds
  }
}
