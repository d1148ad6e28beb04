import type { Comparison, Figure, Row, Values } from './figure.ts'

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

function describeTarget({ target, comparison, unit }: Row): string {
  if (target === undefined) return ''
  if (target.exactly !== undefined) return String(target.exactly)
  if (target.on === 'value') return `≤ ${target.most} ${unit}`
  return comparison === 'ratio' ? `≤ ${target.most}×` : `≤ +${target.most} ${unit}`
}

function judge(row: Row, value: number | undefined, against: number | undefined): Line['verdict'] {
  if (row.target === undefined) return ''
  const judged = row.target.on === 'value' ? value : against
  if (judged === undefined) return 'not measured'
  const { most, exactly } = row.target
  const met = exactly === undefined ? judged <= (most ?? 0) : judged === exactly
  return met ? 'met' : 'missed'
}

/** Folds the rounds of a figure into its lines. */
export function summarise(figure: Figure, rounds: Rounds, subjects: string[]): Line[] {
  return figure.rows.map((row) => {
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
    const verdict = judge(row, values.ccproxy, against.ccproxy)
    const { id, title, unit, comparison } = row
    return { id, title, unit, values, against, comparison, target: describeTarget(row), verdict }
  })
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
