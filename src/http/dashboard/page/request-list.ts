import type { LiveRequest, LogRow } from '../../logs/schema.ts'
import { identityOf } from './board.ts'
import { make } from './dom.ts'
import { tickingText } from './format.ts'
import { COLUMNS, type Running, runningRow, settledRow, showTime } from './request-row.ts'
import { type Filter, matchesRow, matchesRunning, type Row } from './view.ts'

/** Rows that the list holds at first, and how many more each time that older ones are asked for. */
const FIRST_ROWS = 40
const MORE_ROWS = 100
const TICK_MS = 100
const CALM_TICK_MS = 1000

/** What the list is made with. */
export interface RequestListOptions {
  readonly table: HTMLTableElement
  readonly open: (row: Row | Running) => void
  /** Milliseconds that the server's clock is ahead of ours. */
  readonly ahead: () => number
}

/** The list of requests: those that run on top, then those that are over, newest first. */
export class RequestList {
  readonly #options: RequestListOptions
  readonly #live = make('tbody', { class: 'live' })
  readonly #over = make('tbody', { class: 'over' })
  readonly #empty = make('p', { class: 'empty' })
  readonly #running = new Map<number, { request: Running; element: HTMLTableRowElement }>()
  readonly #rows = new Map<HTMLTableRowElement, Row | Running>()
  readonly #known = new Set<string>()
  #filter: Filter = {}
  #most = FIRST_ROWS
  #more = false
  #day = new Date().getDate()

  constructor(options: RequestListOptions) {
    this.#options = options
    const head = ['Time', ...COLUMNS.map(({ title }) => title)].map((text, index) =>
      make('th', {
        class: COLUMNS[index - 1]?.class ?? 'time',
        text,
        attributes: { scope: 'col' },
      }),
    )
    const { table } = options
    const caption = make('caption', { class: 'hidden', text: 'Requests, newest first' })
    table.replaceChildren(
      caption,
      make('thead', {}, make('tr', {}, ...head)),
      this.#live,
      this.#over,
    )
    table.after(this.#empty)
    table.addEventListener('click', ({ target }) => this.#clicked(target))
    table.addEventListener('keydown', (event) => this.#keyed(event))
    table.addEventListener('focusin', ({ target }) => this.#reach(target))
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    setInterval(() => this.#tick(), calm ? CALM_TICK_MS : TICK_MS)
  }

  /** How many run and how many are listed. */
  get counts(): { readonly running: number; readonly rows: number } {
    return { running: this.#live.rows.length, rows: this.#over.rows.length }
  }

  /** How many rows to ask for, and whether there are older ones than those shown. */
  get wanted(): { readonly limit: number; readonly more: boolean } {
    return { limit: this.#most, more: this.#more }
  }

  /** The time of the oldest row. */
  get oldest(): string | undefined {
    const last = this.#over.rows[this.#over.rows.length - 1]
    return last === undefined ? undefined : this.#rows.get(last)?.time
  }

  /** Makes room for older rows, and tells for how many. */
  grow(): number {
    this.#most += MORE_ROWS
    return MORE_ROWS
  }

  /** Begins anew with the first rows of a filter. */
  replace(rows: readonly LogRow[], more: boolean, filter: Filter): void {
    this.#filter = filter
    for (const element of this.#over.rows) this.#rows.delete(element)
    this.#over.replaceChildren()
    this.#known.clear()
    this.append(rows, more)
    this.setRunning([...this.#running.values()].map(({ request }) => request))
  }

  /** Adds older rows. */
  append(rows: readonly Row[], more: boolean): void {
    this.#more = more
    for (const row of rows) this.#insert(row)
    this.#settle()
  }

  setRunning(requests: readonly Running[]): void {
    for (const { element } of this.#running.values()) this.#rows.delete(element)
    this.#running.clear()
    this.#live.replaceChildren()
    for (const request of requests) this.start(request)
    this.#settle()
  }

  start(request: LiveRequest): void {
    const element = runningRow(request, Date.now())
    this.#running.set(request.serial, { request, element })
    if (!matchesRunning(request, this.#filter)) return
    this.#rows.set(element, request)
    this.#live.prepend(element)
    this.#settle()
    this.#tick()
  }

  firstByte(serial: number, ms: number): void {
    const found = this.#running.get(serial)
    if (found === undefined) return
    found.request.first_byte_ms = ms
    const fresh = runningRow(found.request, Date.now())
    this.#swap(found.element, fresh, found.request)
    found.element = fresh
    this.#tick()
  }

  finish(row: Row & { readonly serial: number }): void {
    const running = this.#running.get(row.serial)
    this.#running.delete(row.serial)
    const focused = running?.element.contains(document.activeElement) === true
    if (running !== undefined) this.#rows.delete(running.element)
    running?.element.remove()
    const element = matchesRow(row, this.#filter) ? this.#insert(row) : undefined
    element?.classList.add('fresh')
    if (focused) element?.querySelector('button')?.focus()
    while (this.#over.rows.length > this.#most) {
      this.#drop(this.#over.rows[this.#over.rows.length - 1])
      this.#more = true
    }
    this.#settle()
  }

  /** Rows of the same exchange, from the ledger and from the feed, are one; they stand by their beginning. */
  #insert(row: Row): HTMLTableRowElement | undefined {
    if (this.#known.has(identityOf(row))) return undefined
    this.#known.add(identityOf(row))
    const element = settledRow(row, Date.now())
    this.#rows.set(element, row)
    const isOlder = (one: HTMLTableRowElement) => (this.#rows.get(one)?.time ?? '') < row.time
    const last = this.#over.rows[this.#over.rows.length - 1]
    if (last === undefined || !isOlder(last)) this.#over.append(element)
    else this.#over.insertBefore(element, [...this.#over.rows].find(isOlder) ?? null)
    return element
  }

  #drop(element: HTMLTableRowElement | undefined): void {
    if (element === undefined) return
    const row = this.#rows.get(element)
    if (row !== undefined) this.#known.delete(identityOf(row))
    this.#rows.delete(element)
    // Who stands on a row that is pushed out stays in the list.
    if (element.contains(document.activeElement)) {
      element.previousElementSibling?.querySelector('button')?.focus({ preventScroll: true })
    }
    element.remove()
  }

  #swap(old: HTMLTableRowElement, fresh: HTMLTableRowElement, request: Running): void {
    if (!this.#rows.delete(old)) return
    const focused = old.contains(document.activeElement)
    this.#rows.set(fresh, request)
    old.replaceWith(fresh)
    this.#settle()
    if (focused) fresh.querySelector('button')?.focus()
  }

  /** Says what an empty list means, and keeps one row in reach of the tab key. */
  #settle(): void {
    const { running, rows } = this.counts
    const filtered = Object.keys(this.#filter).length > 0
    this.#empty.hidden = running + rows > 0
    this.#empty.textContent = filtered
      ? 'No request matches these filters.'
      : 'No requests in this time range.'
    const buttons = this.#buttons()
    if (!buttons.some(({ tabIndex }) => tabIndex === 0) && buttons[0]) buttons[0].tabIndex = 0
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.#options.table.querySelectorAll<HTMLButtonElement>('button.open')]
  }

  #reach(target: EventTarget | null): void {
    if (!(target instanceof HTMLButtonElement)) return
    for (const button of this.#buttons()) button.tabIndex = button === target ? 0 : -1
  }

  #clicked(target: EventTarget | null): void {
    if (!(target instanceof Element) || getSelection()?.isCollapsed === false) return
    const element = target.closest('tr')
    const row = element === null ? undefined : this.#rows.get(element)
    if (row === undefined) return
    element?.querySelector('button')?.focus()
    this.#options.open(row)
  }

  /** One row is in reach of the tab key; the arrows lead to the others. */
  #keyed(event: KeyboardEvent): void {
    const buttons = this.#buttons()
    const focused = document.activeElement
    const at = focused instanceof HTMLButtonElement ? buttons.indexOf(focused) : -1
    if (at < 0) return
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    buttons[Math.min(buttons.length - 1, Math.max(0, to))]?.focus()
  }

  #tick(): void {
    this.#newDay()
    const now = Date.now() + this.#options.ahead()
    for (const { request, element } of this.#running.values()) {
      const place = element.querySelector('.ticks')
      if (place !== null) place.textContent = tickingText(now - Date.parse(request.time))
    }
  }

  /** A page that is left open: what was today is yesterday after midnight. */
  #newDay(): void {
    const now = new Date()
    if (now.getDate() === this.#day) return
    this.#day = now.getDate()
    for (const [element, row] of this.#rows) {
      const open = element.querySelector('button')
      if (open !== null) showTime(open, row, now.getTime())
    }
  }
}
