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

const BAR_COLUMNS = 20
const NAME_COLUMNS = 40
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

/** Figures as a table with a bar for the tokens of each. */
export function figuresTable(
  title: string,
  rows: readonly NamedFigures[],
  { bold, cyan, dim, red }: Style,
): string {
  const table = new Table([
    { title: title.toUpperCase() },
    { title: 'TOKENS' },
    ...['REQUESTS', 'FAILED', 'IN', 'CACHED', 'OUT', 'COST', 'MEDIAN'].map((name) => ({
      title: name,
      right: true,
    })),
  ])
  const most = Math.max(...rows.map(({ figures }) => sizeOf(figures)))
  const cells = rows.map(({ name, figures }) => {
    const label = fittedLine(name, NAME_COLUMNS)
    if (figures === undefined) return [dim(label)]
    const { requests, errors, tokens, cache_hit_share: share, duration_ms: duration } = figures
    return [
      label,
      cyan(bar(sizeOf(figures) / most)),
      humanCount(requests),
      errors === 0 ? UNKNOWN : red(humanCount(errors)),
      humanCount(promptOf(figures)),
      share === undefined ? UNKNOWN : humanShare(share),
      humanCount(tokens.output),
      costOf(figures),
      duration === undefined ? UNKNOWN : humanDuration(duration.p50),
    ]
  })
  const lines = table.lines(cells)
  return [bold(table.head()), ...lines].join('\n')
}

function promptOf({ tokens }: LogFigures): number {
  return tokens.input + tokens.cache_read + tokens.cache_write
}

function sizeOf(figures: LogFigures | undefined): number {
  return figures === undefined ? 0 : promptOf(figures) + figures.tokens.output
}

function bar(share: number): string {
  if (!(share > 0)) return ''
  const eighths = Math.max(1, Math.round(share * BAR_COLUMNS * 8))
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
