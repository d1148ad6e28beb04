import type { LogFigures } from '../../logs/schema.ts'
import type { Row } from './view.ts'

/** The figures of some rows, as /logs/analytics counts them; percentiles are exact. */
export function figuresOf(rows: readonly Row[]): LogFigures {
  const sum = (value: (row: Row) => number | undefined) =>
    rows.reduce((total, row) => total + (value(row) ?? 0), 0)
  const tokens = {
    input: sum((row) => row.tokens.input),
    output: sum((row) => row.tokens.output),
    cache_read: sum((row) => row.tokens.cache_read),
    cache_write: sum((row) => row.tokens.cache_write),
    cache_write_5m: sum((row) => row.tokens.cache_write_5m),
    cache_write_1h: sum((row) => row.tokens.cache_write_1h),
    thinking: sum((row) => row.tokens.thinking),
  }
  const prompt = tokens.input + tokens.cache_read + tokens.cache_write
  return {
    requests: rows.length,
    errors: sum((row) => Number(isError(row))),
    client_left: sum((row) => Number(row.ended === 'client_left')),
    attempts: sum((row) => row.attempts),
    bytes_in: sum((row) => row.bytes_in),
    bytes_out: sum((row) => row.bytes_out),
    tokens,
    cost_usd: sum((row) => (row.list_price ? 0 : row.cost_usd)),
    list_cost_usd: sum((row) => (row.list_price ? row.cost_usd : 0)),
    unpriced: sum((row) => Number(isUnpriced(row))),
    cache_hit_share: prompt === 0 ? undefined : tokens.cache_read / prompt,
    duration_ms: percentilesOf(rows.map((row) => row.duration_ms)),
    first_byte_ms: percentilesOf(rows.map((row) => row.first_byte_ms)),
  }
}

/** Whether an exchange failed; a client that left is no failure. */
export function isError({ status, ended }: Pick<Row, 'status' | 'ended'>): boolean {
  return ended !== 'client_left' && (status >= 400 || ended !== 'complete')
}

/** Whether tokens were counted for which no price is known. */
export function isUnpriced({ cost_usd, tokens }: Pick<Row, 'cost_usd' | 'tokens'>): boolean {
  return cost_usd === undefined && (tokens.input ?? tokens.output) !== undefined
}

/** The money spent, or undefined where no price is known for any of it: that is not the same as nothing. */
export function spentOf({ cost_usd: cost, unpriced }: LogFigures): number | undefined {
  return cost === 0 && unpriced > 0 ? undefined : cost
}

/** Rows by a name, the most frequent first. */
export function groupsOf(rows: readonly Row[], nameOf: (row: Row) => string | undefined) {
  return [...Map.groupBy(rows, nameOf)]
    .map(([name, group]) => ({ name, ...figuresOf(group) }))
    .sort((one, other) => other.requests - one.requests)
}

function percentilesOf(values: readonly (number | undefined)[]): LogFigures['duration_ms'] {
  const sorted = values.filter((value) => value !== undefined).sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
  return sorted.length === 0 ? undefined : { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
