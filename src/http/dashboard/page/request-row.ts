import type { LiveRequest } from '../../logs/schema.ts'
import { make } from './dom.ts'
import { isError, isUnpriced } from './figures.ts'
import { clockText, countText, durationText, moneyText, shareText } from './format.ts'
import type { Row } from './view.ts'

/** An exchange that runs, as far as it is known. */
export interface Running extends LiveRequest {
  first_byte_ms?: number
}

interface Column {
  readonly title: string
  readonly class: string
  readonly settled: (row: Row) => Node | string
  readonly running: (request: Running) => Node | string
}

/** Endings in as many words as a column has room for. */
const SHORT_ENDINGS: Readonly<Record<string, string>> = {
  complete: '',
  client_left: 'client left',
  upstream_error: 'error',
  upstream_cut: 'cut',
  upstream_timeout: 'timeout',
}
const LIST_PRICE = 'List price of a plan login: not money spent'
const nothing = () => ''

/** The columns of the list after the first, which holds the time; `middle` and `wide` ones need room. */
export const COLUMNS: readonly Column[] = [
  { title: 'Status', class: 'state', settled: stateCell, running: runningCell },
  { title: 'Model', class: 'model', settled: modelCell, running: modelCell },
  {
    title: 'Provider',
    class: 'middle',
    settled: ({ provider }) => provider ?? '–',
    running: ({ provider }) => provider ?? '–',
  },
  {
    title: 'Client',
    class: 'middle',
    settled: ({ client }) => client ?? '–',
    running: ({ client }) => client ?? '–',
  },
  { title: 'Path', class: 'path widest', settled: pathCell, running: pathCell },
  {
    title: 'In',
    class: 'number middle',
    settled: ({ tokens }) => countText(promptOf(tokens)),
    running: nothing,
  },
  {
    title: 'Cached',
    class: 'number wide',
    settled: ({ tokens }) => shareText(cachedOf(tokens)),
    running: nothing,
  },
  {
    title: 'Out',
    class: 'number middle',
    settled: ({ tokens }) => countText(tokens.output),
    running: nothing,
  },
  { title: 'Cost', class: 'number cost middle', settled: costCell, running: nothing },
  {
    title: 'First byte',
    class: 'number wide',
    settled: ({ first_byte_ms: ms }) => durationText(ms),
    running: ({ first_byte_ms: ms }) => (ms === undefined ? '' : durationText(ms)),
  },
  {
    title: 'Duration',
    class: 'number',
    settled: ({ duration_ms: ms }) => durationText(ms),
    running: () => make('span', { class: 'ticks' }),
  },
]

/** The row of an exchange that is over. */
export function settledRow(row: Row, now: number): HTMLTableRowElement {
  const tone = toneOf(row)
  return tableRow(
    row,
    now,
    `settled ${tone}`,
    COLUMNS.map(({ class: name, settled }) => [name, settled(row)]),
  )
}

/** The row of an exchange that runs. */
export function runningRow(request: Running, now: number): HTMLTableRowElement {
  return tableRow(
    request,
    now,
    'running',
    COLUMNS.map(({ class: name, running }) => [name, running(request)]),
  )
}

/** How an exchange ended, at a glance. */
export function toneOf(row: Pick<Row, 'status' | 'ended'>): 'good' | 'warning' | 'bad' {
  if (row.ended === 'client_left') return 'warning'
  return isError(row) ? 'bad' : 'good'
}

/** What an exchange cost, and what kind of cost that is. */
export function costText(row: Pick<Row, 'cost_usd' | 'list_price' | 'tokens'>): string {
  if (isUnpriced(row)) return 'unpriced'
  return row.list_price && row.cost_usd !== undefined
    ? `${moneyText(row.cost_usd)} list price`
    : moneyText(row.cost_usd)
}

/** All tokens of the prompt. */
export function promptOf({ input, cache_read, cache_write }: Row['tokens']): number | undefined {
  if ((input ?? cache_read ?? cache_write) === undefined) return undefined
  return (input ?? 0) + (cache_read ?? 0) + (cache_write ?? 0)
}

/** The share of the prompt that was read from the cache. */
export function cachedOf(tokens: Row['tokens']): number | undefined {
  const prompt = promptOf(tokens)
  return prompt ? (tokens.cache_read ?? 0) / prompt : undefined
}

function tableRow(
  request: Pick<Row, 'time' | 'model' | 'path' | 'method'>,
  now: number,
  name: string,
  cells: readonly (readonly [string, Node | string])[],
): HTMLTableRowElement {
  const open = make('button', {
    class: 'open',
    attributes: { type: 'button', tabindex: '-1' },
  })
  showTime(open, request, now)
  return make(
    'tr',
    { class: name },
    make('td', { class: 'time' }, open),
    ...cells.map(([cell, content]) => make('td', { class: cell }, content)),
  )
}

/** Writes when an exchange began, with the date once that is another day. */
export function showTime(
  open: HTMLElement,
  request: Pick<Row, 'time' | 'model' | 'path'>,
  now: number,
): void {
  const time = clockText(request.time, now)
  open.textContent = time
  open.setAttribute('aria-label', `${time}, details of ${request.model ?? request.path}`)
}

function stateCell(row: Row): Node {
  const tone = toneOf(row)
  const words = SHORT_ENDINGS[row.ended] ?? row.ended
  return make(
    'span',
    { class: `status ${tone}`, title: row.ended.replaceAll('_', ' ') },
    make('span', { class: `dot ${tone}`, attributes: { 'aria-hidden': 'true' } }),
    make('span', { class: 'code', text: String(row.status) }),
    words === '' ? undefined : make('span', { class: 'ended', text: words }),
  )
}

function runningCell({ stream }: Running): Node {
  return make(
    'span',
    { class: 'status live' },
    make('span', { class: 'dot live', attributes: { 'aria-hidden': 'true' } }),
    make('span', { class: 'code', text: stream ? 'streaming' : 'running' }),
  )
}

function modelCell(row: Pick<Row, 'model' | 'upstream_model'>): Node {
  const { model, upstream_model: upstream } = row
  const other = upstream !== undefined && model !== undefined && upstream !== model
  const name = model ?? upstream
  if (name === undefined) return make('span', { class: 'muted', text: '–' })
  return make(
    'span',
    { title: other ? `${name} → ${upstream}` : name },
    name,
    other ? make('span', { class: 'muted', text: ` → ${upstream}` }) : undefined,
  )
}

function pathCell({ method, path }: Pick<Row, 'method' | 'path'>): Node {
  return make('span', { class: 'muted', text: path, title: `${method} ${path}` })
}

function costCell(row: Row): Node {
  if (isUnpriced(row)) {
    return make('span', {
      class: 'muted',
      text: 'unpriced',
      title: 'The price of this model is not known',
    })
  }
  const amount = moneyText(row.cost_usd)
  if (!row.list_price || row.cost_usd === undefined) return make('span', { text: amount })
  return make(
    'span',
    { class: 'list-price', title: LIST_PRICE },
    make('span', { class: 'chip plan', text: 'list' }),
    amount,
  )
}
