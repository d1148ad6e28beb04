// A duration's distribution as `bucket:count,…`. Buckets grow by 2^(1/8), so a percentile is at most 4.5 % off; texts of
// several hours put behind each other with commas are the distribution of all of them, which any database can do.

const STEPS = 8
/** 2^31 microseconds are 35 minutes; what lasts longer counts as that. */
const LAST = 31 * STEPS

/** The bucket of a duration in microseconds. */
export function bucketOf(microseconds: number): number {
  if (microseconds <= 1) return 0
  return Math.min(LAST, Math.ceil(Math.log2(microseconds) * STEPS))
}

/** Adds what a text tells to counts by bucket. */
export function addHistogram(counts: number[], text: string): void {
  let bucket = 0
  let value = 0
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : COMMA
    if (code === COLON) {
      bucket = value
      value = 0
    } else if (code === COMMA) {
      if (value > 0) counts[bucket] = (counts[bucket] ?? 0) + value
      value = 0
    } else {
      value = value * 10 + code - ZERO
    }
  }
}

const COLON = 0x3a
const COMMA = 0x2c
const ZERO = 0x30

/** Counts by bucket as a text. */
export function histogramText(counts: readonly number[]): string {
  const parts: string[] = []
  counts.forEach((count, bucket) => {
    if (count > 0) parts.push(`${bucket}:${count}`)
  })
  return parts.join(',')
}

/** The percentiles of a distribution, ms, or undefined where it is empty. */
export function percentilesOf(counts: readonly number[]) {
  let total = 0
  for (const count of counts) total += count ?? 0
  if (total === 0) return undefined
  return { p50: at(counts, total, 0.5), p95: at(counts, total, 0.95), p99: at(counts, total, 0.99) }
}

/** By nearest rank; the bucket's middle stands for all that is in it. */
function at(counts: readonly number[], total: number, share: number): number {
  const rank = Math.max(1, Math.ceil(total * share))
  let seen = 0
  let bucket = 0
  for (; bucket < counts.length; bucket++) {
    seen += counts[bucket] ?? 0
    if (seen >= rank) break
  }
  return 2 ** ((bucket - 0.5) / STEPS) / 1000
}
