// Runs in the browser: the page at /dashboard. What others chose (names, paths, errors) is only ever set as text.

import type { Static } from '@sinclair/typebox'
import type { LogPage as LogPageSchema, LogStatus } from '../../logs/schema.ts'
import { type Board, HourRows, ledgerBoard } from './board.ts'
import { Breakdown } from './breakdown.ts'
import { Charts } from './charts.ts'
import { Detail } from './detail.ts'
import { byId, choice } from './dom.ts'
import { Feed, type Hello } from './feed.ts'
import { Filters } from './filters.ts'
import { exactText } from './format.ts'
import { Gate } from './gate.ts'
import { RequestList } from './request-list.ts'
import { AnswerError, ask } from './server.ts'
import { startTheme } from './theme.ts'
import { showTiles } from './tiles.ts'
import { showLedger, showUpstreams } from './upstreams.ts'
import {
  matchesRow,
  queryOf,
  RANGES,
  type Range,
  type Row,
  readView,
  type View,
  writeView,
} from './view.ts'

/** Of many exchanges that end one after another the figures are asked for once. */
const SETTLE_MS = 1500
const REFRESH_MS = 60_000
const RETRY_MS = 3000
const AGAIN_MS = 10_000

type LogPage = Static<typeof LogPageSchema>

/** What the page knows. */
interface Page {
  view: View
  status: LogStatus | undefined
  version: string | undefined
  /** Milliseconds that the server's clock is ahead of ours. */
  ahead: number
  refresh: ReturnType<typeof setTimeout> | undefined
  /** When the figures are asked for again. */
  refreshAt: number
  retry: ReturnType<typeof setTimeout> | undefined
  /** Answers to an older question than this are late. */
  asked: number
}

const page: Page = {
  view: readView(location.hash),
  status: undefined,
  version: undefined,
  ahead: 0,
  refresh: undefined,
  refreshAt: Number.POSITIVE_INFINITY,
  retry: undefined,
  asked: 0,
}
const board = byId('board', HTMLElement)
const connection = byId('connection', HTMLElement)
const older = byId('older', HTMLButtonElement)
const hour = new HourRows()

const gate = new Gate(start, () => {
  stop()
  start()
})
const charts = new Charts(byId('charts', HTMLElement))
const detail = new Detail({
  filter: (name, value) => look({ filter: filters.with(name, value) }),
  failed: fail,
})
const list = new RequestList({
  table: byId('request-table', HTMLTableElement),
  open: (row) => detail.open(row),
  ahead: () => page.ahead,
})
const filters = new Filters((filter) => look({ filter }))
const ranges = choice<Range>(byId('range', HTMLElement), RANGES, (range) => look({ range }))
const breakdown = new Breakdown(
  { tabs: byId('breakdown-by', HTMLElement), table: byId('breakdown', HTMLTableElement) },
  (by, name) => look({ filter: filters.with(by, name) }),
)
const feed = new Feed({
  hello: greet,
  started(request) {
    list.start(request)
    count()
  },
  firstByte: (serial, ms) => list.firstByte(serial, ms),
  settled: settle,
  reset: () => void load().catch(fail),
  waiting: () => connect('waiting', 'Reconnecting'),
  refused: () => {
    connect('waiting', 'Reconnecting')
    startLater()
  },
})

function connect(state: 'live' | 'waiting' | 'off', text: string): void {
  connection.dataset.state = state
  connection.textContent = text
}

/** Asks how things are; the answer says whether there is anything to show. */
async function start(): Promise<void> {
  try {
    page.status = await ask<LogStatus>('/logs/status')
    gate.open()
    feed.open()
    await load()
  } catch (error) {
    fail(error)
  }
}

/** One try at a time, however many found that there is none. */
function startLater(): void {
  clearTimeout(page.retry)
  page.retry = setTimeout(start, RETRY_MS)
}

function forgetRefresh(): void {
  clearTimeout(page.refresh)
  page.refreshAt = Number.POSITIVE_INFINITY
}

function stop(): void {
  feed.close()
  forgetRefresh()
  clearTimeout(page.retry)
  detail.close()
  connect('off', 'Not connected')
}

/** Shows what kept the page from its data. */
function fail(error: unknown): void {
  const status = error instanceof AnswerError ? error.status : undefined
  const message = error instanceof Error ? error.message : String(error)
  if (status === 401) {
    stop()
    gate.askKey()
    return
  }
  if (status === 404) {
    stop()
    gate.say('Nothing is recorded', message)
    return
  }
  if (status === 0) {
    connect('waiting', 'Reconnecting')
    if (page.version === undefined) gate.say('Not connected', `${message}. Trying again.`)
    startLater()
    return
  }
  showProblem(message)
  clearTimeout(page.retry)
  page.retry = setTimeout(() => load().catch(fail), AGAIN_MS)
}

function showProblem(message: string | undefined): void {
  const place = byId('problem', HTMLElement)
  place.hidden = message === undefined
  place.textContent = message ?? ''
}

/** Looks at something else. */
function look(change: Partial<View>): void {
  page.view = { ...page.view, ...change }
  history.replaceState(null, '', writeView(page.view))
  void load().catch(fail)
}

/** Everything anew: list and figures. */
async function load(): Promise<void> {
  const { view } = page
  page.asked += 1
  const { asked } = page
  ranges.show(view.range)
  filters.show(view.filter)
  hour.clear()
  board.setAttribute('aria-busy', 'true')
  try {
    const [rows] = await Promise.all([firstRows(view), view.range === '1h' && hour.load(view)])
    if (asked !== page.asked) return
    list.replace(rows.rows, rows.next !== undefined, view.filter)
    count()
    await figures()
    showProblem(undefined)
  } finally {
    if (asked === page.asked) board.removeAttribute('aria-busy')
  }
}

function firstRows(view: View): Promise<LogPage> {
  const query = queryOf(view)
  query.set('limit', String(list.wanted.limit))
  return ask('/logs/query', query)
}

/** Rows from the oldest shown on: those that live ones pushed out are among them. */
async function olderRows(): Promise<void> {
  const query = queryOf(page.view)
  const { oldest } = list
  if (oldest !== undefined) query.set('until', new Date(Date.parse(oldest) + 1).toISOString())
  query.set('limit', String(list.grow()))
  const { rows, next } = await ask<LogPage>('/logs/query', query)
  list.append(rows, next !== undefined)
  count()
}

/** Figures, names and upstreams; again after a while, because time passes. */
async function figures(): Promise<void> {
  forgetRefresh()
  const { asked, view } = page
  const status = await ask<LogStatus>('/logs/status')
  const hourly = view.range === '1h' ? hour.board() : undefined
  const shown = hourly ?? (await ledgerBoard(view, status.ledger.oldest))
  if (asked !== page.asked) return
  page.status = status
  filters.names(status.names)
  showUpstreams(byId('upstreams', HTMLElement), status.upstreams, Date.now() + page.ahead)
  showLedger(byId('ledger', HTMLElement), status)
  draw(shown)
  again(REFRESH_MS)
}

function draw(shown: Board): void {
  showTiles(byId('tiles', HTMLElement), shown.total)
  charts.show(shown)
  breakdown.show(shown)
  const caution = byId('caution', HTMLElement)
  caution.hidden = shown.caution === undefined
  caution.textContent = shown.caution ?? ''
}

/** Asks for the figures after a while; what is planned for earlier holds, so that much traffic cannot put it off. */
function again(ms: number): void {
  const at = Date.now() + ms
  if (page.refreshAt <= at) return
  clearTimeout(page.refresh)
  page.refreshAt = at
  page.refresh = setTimeout(() => figures().catch(fail), ms)
}

function greet(hello: Hello, lost: boolean): void {
  // A page of an older version may not understand what the newer one tells.
  if (page.version !== undefined && page.version !== hello.version) location.reload()
  page.version = hello.version
  page.ahead = Date.parse(hello.time) - Date.now()
  byId('version', HTMLElement).textContent = hello.version
  connect('live', 'Live')
  list.setRunning(hello.running)
  count()
  if (lost) void load().catch(fail)
}

function settle(row: Row & { readonly serial: number }): void {
  list.finish(row)
  detail.settled(row)
  if (matchesRow(row, page.view.filter)) hour.add(row)
  count()
  again(SETTLE_MS)
}

function count(): void {
  const { running, rows } = list.counts
  older.hidden = !list.wanted.more
  const shown = list.wanted.more ? `newest ${exactText(rows)}` : `${exactText(rows)} in all`
  byId('count', HTMLElement).textContent = running === 0 ? shown : `${running} running, ${shown}`
}

older.addEventListener('click', async () => {
  older.disabled = true
  try {
    await olderRows()
  } catch (error) {
    fail(error)
  } finally {
    older.disabled = false
  }
})
byId('skip', HTMLAnchorElement).addEventListener('click', (event) => {
  // The address holds the view: the jump must not replace it.
  event.preventDefault()
  byId('requests', HTMLElement).focus()
})
addEventListener('hashchange', () => {
  page.view = readView(location.hash)
  void load().catch(fail)
})
startTheme(() => charts.recolor())
ranges.show(page.view.range)
filters.show(page.view.filter)
void start()
