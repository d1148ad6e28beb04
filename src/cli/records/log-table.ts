import type { LiveResult, LogRow } from '../../http/logs/schema.ts'
import { humanCount, humanDuration, humanMoney, humanShare } from '../../kit/human.ts'
import { fittedLine } from '../../kit/plain-text.ts'
import type { Style } from '../style.ts'
import { type Column, Table } from './table.ts'

/** One exchange, as the ledger or the live feed tells it. */
export type Exchange = LogRow | LiveResult

const NOTE = 'NOTE'
/** All columns; a narrow terminal has no room for those that are marked. */
const COLUMNS: readonly (Column & { readonly wide?: boolean })[] = [
  { title: 'TIME' },
  { title: 'STATUS' },
  { title: 'MODEL' },
  { title: 'IN', right: true },
  { title: 'CACHED', right: true, wide: true },
  { title: 'OUT', right: true },
  { title: 'COST', right: true },
  { title: 'FIRST', right: true, wide: true },
  { title: 'TOTAL', right: true },
  { title: 'CLIENT', wide: true },
  { title: NOTE },
]
/** Of a terminal, columns. */
const WIDE = 140
/** What the other columns of a narrow table take at most, and those of a wide one with a short note. */
const OTHERS = 62
const OTHERS_WIDE = 116
const UNKNOWN = '–'
const MODEL_COLUMNS = 44
const LEAST_MODEL = 24
const CLIENT_COLUMNS = 20
const NOTE_COLUMNS = 200
/** What a note is worth showing in. */
const LEAST_NOTE = 12

/** Exchanges as lines of one table, which grows. */
export class LogTable {
  readonly #table: Table
  readonly #style: Style
  readonly #width: number | undefined
  readonly #narrow: boolean
  readonly #now: () => number

  /** `width` is the terminal's, where it is one. */
  constructor(style: Style, width: number | undefined, now: () => number = Date.now) {
    this.#style = style
    this.#width = width
    this.#now = now
    this.#narrow = width !== undefined && width < WIDE
    this.#table = new Table(this.#fitting(COLUMNS))
  }

  head(): string {
    const head = this.#table.head()
    const fits = this.#width === undefined || Bun.stringWidth(head) <= this.#width
    return this.#style.dim(fits ? head : head.slice(0, -NOTE.length).trimEnd())
  }

  /** Makes room for rows, so that the head fits them. */
  measure(rows: readonly Exchange[]): void {
    this.#table.measure(rows.map((row) => this.#cells(row).slice(0, -1)))
  }

  lines(rows: readonly Exchange[]): string[] {
    this.measure(rows)
    return rows.map((row) => {
      const cells = this.#cells(row)
      const note = cells.pop() ?? ''
      const [line = ''] = this.#table.lines([[...cells, '']])
      return this.#withNote(line, note)
    })
  }

  /** A note takes what is left of the line. */
  #withNote(line: string, note: string): string {
    if (note === '') return line
    const room = this.#width === undefined ? NOTE_COLUMNS : this.#width - Bun.stringWidth(line) - 3
    if (room < LEAST_NOTE) return line
    return `${line}  ${this.#style.dim(fittedLine(note, room))}`
  }

  #fitting<Of>(cells: readonly Of[]): Of[] {
    return cells.filter((_, index) => !this.#narrow || COLUMNS[index]?.wide !== true)
  }

  #cells(row: Exchange): string[] {
    const { tokens } = row
    const { input, output, cache_read: read = 0, cache_write: written = 0 } = tokens
    const counted = input !== undefined || output !== undefined
    const prompt = (input ?? 0) + read + written
    const most = this.#modelColumns()
    const time = localTime(row.time, this.#now())
    return this.#fitting([
      // A date without its year and seconds.
      this.#narrow && time.length > 8 ? time.slice(5, 16) : time,
      this.#status(row),
      fittedLine(this.#narrow ? (row.model ?? routeOf(row)) : routeOf(row), most),
      counted ? humanCount(prompt) : UNKNOWN,
      counted && prompt > 0 ? humanShare(read / prompt) : UNKNOWN,
      counted ? humanCount(output ?? 0) : UNKNOWN,
      costOf(row),
      row.first_byte_ms === undefined ? UNKNOWN : humanDuration(row.first_byte_ms),
      humanDuration(row.duration_ms),
      fittedLine(row.client ?? UNKNOWN, CLIENT_COLUMNS),
      this.#note(row),
    ])
  }

  /** Why something failed matters more than a name's end. */
  #modelColumns(): number {
    if (this.#width === undefined) return MODEL_COLUMNS
    if (this.#narrow) return Math.min(MODEL_COLUMNS, Math.max(12, this.#width - OTHERS))
    return Math.min(MODEL_COLUMNS, Math.max(LEAST_MODEL, this.#width - OTHERS_WIDE))
  }

  #note({ ended, error, notes }: Exchange): string {
    const broke = this.#narrow && ended !== 'complete' ? ended : undefined
    return [broke, error, ...notes].filter((text) => text !== undefined).join('; ')
  }

  #status({ status, ended }: Exchange): string {
    const { red, yellow } = this.#style
    const brief = this.#narrow || ended === 'complete'
    const text = brief ? `${status}` : `${status} ${fittedLine(ended, 20)}`
    if (status >= 500 || (status < 400 && ended.startsWith('upstream_'))) return red(text)
    return status >= 400 || ended !== 'complete' ? yellow(text) : text
  }
}

function routeOf({ model, provider, upstream_model: upstream, method, path }: Exchange): string {
  if (model === undefined) return `${method} ${path}`
  const goal = [provider, upstream === model ? undefined : upstream]
  const place = goal.filter((part) => part !== undefined).join('/')
  return place === '' ? model : `${model} → ${place}`
}

function costOf({ cost_usd: cost, list_price: list }: Exchange): string {
  if (cost === undefined) return UNKNOWN
  return list ? `${humanMoney(cost)} list` : humanMoney(cost)
}

/** A time here: that of day, with its date where that is another one. */
export function localTime(iso: string, now: number): string {
  const time = new Date(iso)
  const clock = time.toTimeString().slice(0, 8)
  if (time.toDateString() === new Date(now).toDateString()) return clock
  const two = (value: number) => `${value}`.padStart(2, '0')
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`
}
