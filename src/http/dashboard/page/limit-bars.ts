const CLAIMS: Readonly<Record<string, string>> = {
  '5h': '5 hours',
  '7d': '7 days',
  overage: 'Overage',
}

/** One bar of a plan's limits. */
export interface LimitBar {
  readonly label: string
  /** Of 1; more where the limit is exceeded. */
  readonly used: number
  /** ms since the epoch. */
  readonly resetsAt: number | undefined
}

/** The bars that the headers tell, the shortest period first. */
export function limitBars(values: Readonly<Record<string, string>>): LimitBar[] {
  return Object.entries(values)
    .flatMap(([name, value]) => {
      const claim = /^(.+)-utilization$/.exec(name)?.[1]
      const used = Number(value)
      if (claim === undefined || value.trim() === '' || !Number.isFinite(used)) return []
      const reset = Number(values[`${claim}-reset`])
      return [
        { claim, label: labelOf(claim), used, resetsAt: reset > 0 ? reset * 1000 : undefined },
      ]
    })
    .sort((one, other) => lengthOf(one.claim) - lengthOf(other.claim))
    .map(({ label, used, resetsAt }) => ({ label, used, resetsAt }))
}

function labelOf(claim: string): string {
  return CLAIMS[claim] ?? claim.replaceAll(/[-_]/g, ' ')
}

function lengthOf(claim: string): number {
  const [, count, unit] = /^(\d+)([hd])/.exec(claim) ?? []
  return count === undefined ? Number.POSITIVE_INFINITY : Number(count) * (unit === 'd' ? 24 : 1)
}
