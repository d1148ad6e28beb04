import type { Comparison, Figure, Row, Target, Values } from './figure.ts'

/** All rounds of one figure: for each round, each subject's values. */
export type Rounds = Record<string, Values>[]

/** One finished line of the table. */
export interface Line {
  id: string
  title: string
  unit: string
  /** Medians over the rounds. */
  values: Record<string, number>
  /** Median of the same-round comparisons with nginx. */
  against: Record<string, number>
  comparison: Comparison
  target: string
  verdict: 'met' | 'missed' | 'not measured' | ''
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return sorted[middle]!
  return (sorted[middle - 1]! + sorted[middle]!) / 2
}

function collect(rounds: Rounds, read: (round: Rounds[number]) => number | undefined): number[] {
  return rounds.map(read).filter((value) => value !== undefined && !Number.isNaN(value)) as number[]
}

function compare(comparison: Comparison, value: number, reference: number): number {
  return comparison === 'ratio' ? value / reference : value - reference
}

function describeTarget({ comparison, unit }: Row, target: Target | undefined): string {
  if (target === undefined) return ''
  if (target.exactly !== undefined) return String(target.exactly)
  if (target.on === 'value') return `≤ ${target.most} ${unit}`
  return comparison === 'ratio' ? `≤ ${target.most}×` : `≤ +${target.most} ${unit}`
}

/** Met only where every judged subject meets it. */
function judge(target: Target | undefined, figures: (number | undefined)[]): Line['verdict'] {
  if (target === undefined) return ''
  const { most, exactly } = target
  const met = (figure: number) =>
    exactly === undefined ? figure <= (most ?? 0) : figure === exactly
  const measured = figures.filter((figure) => figure !== undefined)
  if (measured.length < figures.length || figures.length === 0) return 'not measured'
  return measured.every(met) ? 'met' : 'missed'
}

/** Folds the rounds of a figure into its lines; what translates has lines of its own, with nginx beside it. */
export function summarise(
  figure: Figure,
  rounds: Rounds,
  subjects: string[],
  translating: string[] = [],
): Line[] {
  const passing = subjects.filter((subject) => !translating.includes(subject))
  return figure.rows.flatMap((row) => {
    const line = lineOf(row, rounds, passing, ['ccproxy'], row.target)
    if (row.translated === undefined || translating.length === 0) return [line]
    const beside = subjects.filter((name) => name === 'nginx' || translating.includes(name))
    const other = lineOf(row, rounds, beside, translating, row.translated)
    return [line, { ...other, id: `${row.id}-translated`, title: `${row.title}, translated` }]
  })
}

function lineOf(
  row: Row,
  rounds: Rounds,
  subjects: string[],
  judged: string[],
  target: Target | undefined,
): Line {
  const values: Record<string, number> = {}
  const against: Record<string, number> = {}
  for (const subject of subjects) {
    const own = collect(rounds, (round) => {
      const value = round[subject]?.[row.id]
      const base = row.added && subject !== 'direct' ? round.direct?.[row.id] : 0
      return value === undefined || base === undefined ? undefined : value - base
    })
    if (own.length > 0) values[subject] = median(own)
    if (row.comparison === 'none' || subject === 'direct') continue
    const compared = collect(rounds, (round) => {
      const value = round[subject]?.[row.id]
      const reference = round.nginx?.[row.id]
      if (value === undefined || reference === undefined) return undefined
      return compare(row.comparison, value, reference)
    })
    if (compared.length > 0) against[subject] = median(compared)
  }
  const figures = target?.on === 'value' ? values : against
  const verdict = judge(
    target,
    judged.map((name) => figures[name]),
  )
  const { id, title, unit, comparison } = row
  return {
    id,
    title,
    unit,
    values,
    against,
    comparison,
    target: describeTarget(row, target),
    verdict,
  }
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return 'never'
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString('en')
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function formatAgainst(line: Line, subject: string): string {
  const value = line.against[subject]
  if (value === undefined || subject === 'nginx') return ''
  if (line.comparison === 'ratio') return ` (${formatNumber(value)}×)`
  return ` (${value < 0 ? '' : '+'}${formatNumber(value)})`
}

/** Draws the table: a Markdown one, so that it can be pasted as it is. */
export function renderTable(lines: Line[], subjects: string[]): string {
  const head = ['figure', ...subjects, 'target', '']
  const body = lines.map((line) => [
    line.unit === '' ? line.title : `${line.title}, ${line.unit}`,
    ...subjects.map((subject) => {
      const value = line.values[subject]
      return value === undefined ? '–' : formatNumber(value) + formatAgainst(line, subject)
    }),
    line.target,
    line.verdict,
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => cells[i]!.length)))
  const draw = (cells: string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [draw(head), rule, ...body.map(draw)].join('\n')
}
