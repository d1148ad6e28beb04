import { type Board, GROUPINGS, type Group, type Grouping } from './board.ts'
import { type Choice, choice, make } from './dom.ts'
import { spentOf } from './figures.ts'
import { countText, durationText, moneyText, shareText } from './format.ts'

interface Column {
  readonly title: string
  readonly class?: string
  readonly hint?: string
  readonly text: (group: Group) => string
}

const COLUMNS: readonly Column[] = [
  { title: 'Requests', text: ({ requests }) => countText(requests) },
  { title: 'Failed', text: ({ errors }) => countText(errors) },
  { title: 'Input', class: 'wide', text: ({ tokens }) => countText(tokens.input) },
  { title: 'Cache read', class: 'wide', text: ({ tokens }) => countText(tokens.cache_read) },
  { title: 'Cache write', class: 'wide', text: ({ tokens }) => countText(tokens.cache_write) },
  { title: 'Output', class: 'middle', text: ({ tokens }) => countText(tokens.output) },
  { title: 'Cache hits', class: 'middle', text: (group) => shareText(group.cache_hit_share) },
  { title: 'Spent', text: spentText },
  {
    title: 'List price',
    class: 'middle',
    hint: 'What plan logins would have cost: not money spent',
    text: ({ list_cost_usd: cost }) => moneyText(cost),
  },
  {
    title: 'Unpriced',
    class: 'wide',
    hint: 'Requests with tokens but without a known price',
    text: ({ unpriced }) => countText(unpriced),
  },
  { title: 'p50', class: 'middle', text: ({ duration_ms: ms }) => durationText(ms?.p50) },
  { title: 'p95', class: 'wide', text: ({ duration_ms: ms }) => durationText(ms?.p95) },
]

function spentText(group: Group): string {
  const spent = spentOf(group)
  return spent === undefined ? 'unpriced' : moneyText(spent)
}

/** Where the table of figures by name is. */
export interface BreakdownPlace {
  readonly tabs: HTMLElement
  readonly table: HTMLTableElement
}

/** The table of figures per model, client or provider; a name filters. */
export class Breakdown {
  readonly #place: BreakdownPlace
  readonly #choice: Choice<Grouping>
  readonly #filter: (by: Grouping, name: string) => void
  readonly #empty = make('p', { class: 'empty', text: 'Nothing in this time range.' })
  #by: Grouping = 'model'
  #board: Board | undefined

  constructor(place: BreakdownPlace, filter: (by: Grouping, name: string) => void) {
    this.#place = place
    this.#filter = filter
    this.#choice = choice(place.tabs, GROUPINGS, (by) => {
      this.#by = by
      this.#draw()
    })
    place.table.after(this.#empty)
    this.#draw()
  }

  show(board: Board): void {
    this.#board = board
    this.#draw()
  }

  #draw(): void {
    this.#choice.show(this.#by)
    const groups = this.#board?.groups[this.#by] ?? []
    this.#empty.hidden = groups.length > 0
    const most = Math.max(1, ...groups.map(({ requests }) => requests))
    const title = GROUPINGS.get(this.#by)
    const head = COLUMNS.map(({ title, class: name = '', hint }) =>
      make('th', {
        class: `number ${name}`,
        text: title,
        attributes: { scope: 'col' },
        ...(hint && { title: hint }),
      }),
    )
    const body = groups.map((group) => this.#row(group, most))
    this.#place.table.replaceChildren(
      make('caption', { class: 'hidden', text: `Figures by ${this.#by}` }),
      make(
        'thead',
        {},
        make('tr', {}, make('th', { text: title ?? '', attributes: { scope: 'col' } }), ...head),
      ),
      make('tbody', {}, ...body),
    )
  }

  #row(group: Group, most: number): HTMLElement {
    const { name } = group
    const by = this.#by
    const label =
      name === undefined
        ? make('span', { class: 'muted', text: 'none' })
        : make('button', {
            class: 'link',
            text: name,
            title: `Show only ${name}`,
            attributes: { type: 'button' },
          })
    if (name !== undefined) label.addEventListener('click', () => this.#filter(by, name))
    const bar = make('span', { class: 'share', attributes: { 'aria-hidden': 'true' } })
    bar.style.width = `${(group.requests / most) * 100}%`
    const cells = COLUMNS.map(({ text, class: extra = '' }) =>
      make('td', { class: `number ${extra}`, text: text(group) }),
    )
    return make(
      'tr',
      {},
      make('th', { class: 'name', attributes: { scope: 'row' } }, label, bar),
      ...cells,
    )
  }
}
