/** USD per million tokens of each kind. */
export interface Rates {
  readonly input: number
  readonly output: number
  /** Cache writes kept for five minutes, and for an hour. */
  readonly write5m: number
  readonly write1h: number
  readonly read: number
}

/** What one model costs. */
export interface Price extends Rates {
  /** Other rates for the whole request where its prompt (uncached, read and written) is longer. */
  readonly long?: { readonly above: number; readonly rates: Rates } | undefined
  /** What the fast mode multiplies. */
  readonly fast?: number | undefined
  /** A cloud's regional endpoint, and US-only inference, cost a tenth more; older models are not dearer there. */
  readonly surcharges?: boolean | undefined
}

/** The day of the list prices below. @see wire.md 1.12 */
export const PRICES_DATE = '2026-11-09'

const rates = (
  input: number,
  output: number,
  write5m: number,
  write1h: number,
  read: number,
): Rates => ({ input, output, write5m, write1h, read })

const today = { surcharges: true } as const
const fast = { surcharges: true, fast: 2 } as const

const FABLE_5 = rates(10, 50, 12.5, 20, 1)
const FABLE_5_1 = rates(10, 50, 12.5, 20, 0.25)
const FABLE_5_2 = rates(8, 40, 10, 16, 0.2)
const OPUS = rates(5, 25, 6.25, 10, 0.5)
const OLD_OPUS = rates(15, 75, 18.75, 30, 1.5)
const SONNET = rates(3, 15, 3.75, 6, 0.3)

/** Anthropic's list prices by the model's plain name. @see wire.md 1.12 */
export const PRICES: Readonly<Record<string, Price>> = {
  'claude-fable-5-2': { ...FABLE_5_2, ...fast },
  'claude-mythos-5-2': { ...FABLE_5_2, ...today },
  'claude-fable-5-1': { ...FABLE_5_1, ...today },
  'claude-mythos-5-1': { ...FABLE_5_1, ...today },
  'claude-fable-5': { ...FABLE_5, ...today },
  'claude-mythos-5': { ...FABLE_5, ...today },
  'claude-opus-5-5': { ...rates(4, 20, 5, 8, 0.2), ...fast },
  'claude-opus-5': { ...OPUS, ...fast },
  'claude-opus-4-8': { ...OPUS, ...fast },
  'claude-opus-4-7': { ...OPUS, ...today },
  'claude-opus-4-6': { ...OPUS, ...today },
  'claude-opus-4-5': { ...OPUS, ...today },
  'claude-opus-4-1': OLD_OPUS,
  'claude-opus-4': OLD_OPUS,
  'claude-sonnet-5-5': { ...rates(2, 10, 2.5, 4, 0.1), ...today },
  'claude-sonnet-5': { ...rates(2, 10, 2.5, 4, 0.2), ...today },
  'claude-sonnet-4-6': { ...SONNET, ...today },
  'claude-sonnet-4-5': { ...SONNET, ...today },
  'claude-haiku-5-5': {
    ...rates(0.1, 0.5, 0.125, 0.2, 0.01),
    ...today,
    long: { above: 100_000, rates: rates(0.5, 2.5, 0.625, 1, 0.05) },
  },
  'claude-haiku-4-5': { ...rates(1, 5, 1.25, 2, 0.1), ...today },
  'claude-3-5-haiku': rates(0.8, 4, 1, 1.6, 0.08),
}
