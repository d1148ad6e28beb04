import type { LogFigures } from '../../http/logs/schema.ts'
import { humanCount, humanDuration, humanMoney, humanShare } from '../../kit/human.ts'
import { fittedLine } from '../../kit/plain-text.ts'
import type { Style } from '../style.ts'
import { Table } from './table.ts'

/** The figures of one model, client or day. */
export interface NamedFigures {
  readonly name: string
  /** None where nothing happened. */
  readonly figures: LogFigures | undefined
}

/** Columns of a name, a bar and a cost, in a wide window and in one of 80 columns. */
const WIDE = { name: 40, bar: 20, cost: 60 }
const NARROW = { name: 22, bar: 8, cost: 22 }
/** Columns that a wide table takes. */
const WIDE_FROM = 120
const USUAL = 80
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const UNKNOWN = '–'

/** Figures in one line. */
export function figuresLine(figures: LogFigures): string {
  const { requests, errors, tokens, cache_hit_share: share } = figures
  const cached = share === undefined ? '' : ` (${humanShare(share)} cached)`
  return [
    `${humanCount(requests)} request${requests === 1 ? '' : 's'}`,
    ...(errors > 0 ? [`${humanCount(errors)} failed`] : []),
    `${humanCount(promptOf(figures))} tokens in${cached}`,
    `${humanCount(tokens.output)} out`,
    costOf(figures),
  ].join(' · ')
}

/** Figures as a table with a bar for the tokens of each; `width` is the terminal's, where it is one. */
export function figuresTable(
  title: string,
  rows: readonly NamedFigures[],
  { bold, cyan, dim, red }: Style,
  width: number | undefined,
): string {
  const narrow = width !== undefined && width < WIDE_FROM
  const spare = Math.max(0, (width ?? 0) - USUAL)
  const room = narrow ? { ...NARROW, cost: NARROW.cost + spare } : WIDE
  // A narrow table leaves out what can be asked for in a wider window.
  const numbers = narrow
    ? ['REQUESTS', 'IN', 'OUT', 'COST']
    : ['REQUESTS', 'FAILED', 'IN', 'CACHED', 'OUT', 'COST', 'MEDIAN']
  const table = new Table([
    { title: title.toUpperCase() },
    { title: 'TOKENS' },
    ...numbers.map((name) => ({ title: name, right: true })),
  ])
  const most = Math.max(...rows.map(({ figures }) => sizeOf(figures)))
  const cells = rows.map(({ name, figures }) => {
    const label = fittedLine(name, room.name)
    if (figures === undefined) return [dim(label)]
    const texts = textsOf(figures, room.cost, red)
    const filled = cyan(bar(sizeOf(figures) / most, room.bar))
    return [label, filled, ...numbers.map((number) => texts[number] ?? UNKNOWN)]
  })
  const lines = table.lines(cells)
  return [bold(table.head()), ...lines].join('\n')
}

function textsOf(
  figures: LogFigures,
  costColumns: number,
  red: Style['red'],
): Readonly<Record<string, string>> {
  const { requests, errors, tokens, cache_hit_share: share, duration_ms: duration } = figures
  return {
    REQUESTS: humanCount(requests),
    FAILED: errors === 0 ? UNKNOWN : red(humanCount(errors)),
    IN: humanCount(promptOf(figures)),
    CACHED: share === undefined ? UNKNOWN : humanShare(share),
    OUT: humanCount(tokens.output),
    COST: fittedLine(costOf(figures), costColumns),
    MEDIAN: duration === undefined ? UNKNOWN : humanDuration(duration.p50),
  }
}

function promptOf({ tokens }: LogFigures): number {
  return tokens.input + tokens.cache_read + tokens.cache_write
}

function sizeOf(figures: LogFigures | undefined): number {
  return figures === undefined ? 0 : promptOf(figures) + figures.tokens.output
}

function bar(share: number, columns: number): string {
  if (!(share > 0)) return ''
  const eighths = Math.max(1, Math.round(share * columns * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
}

/** Money, and apart from it what plan logins would have cost and what has no price. */
function costOf({ cost_usd: cost, list_cost_usd: list, unpriced }: LogFigures): string {
  const parts = [
    ...(cost > 0 || (list === 0 && unpriced === 0) ? [humanMoney(cost)] : []),
    ...(list > 0 ? [`${humanMoney(list)} list`] : []),
    ...(unpriced > 0 ? [`${humanCount(unpriced)} unpriced`] : []),
  ]
  return parts.join(' + ')
}
