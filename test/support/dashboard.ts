import { expect } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { SqliteStore } from '../../src/record/store/sqlite.ts'
import type { NewRow } from '../../src/record/store/store.ts'
import { type Ccproxy, type CcproxyOptions, startCcproxy } from './ccproxy.ts'
import { ROOT, tempDir } from './child.ts'
import { launchChromium, type OpenPage, openIn } from './chromium.ts'
import { type FakeAnthropic, startFakeAnthropic } from './fake-anthropic.ts'
import { rowMaker } from './ledger-rows.ts'
import { messageBody } from './raw-client.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BATCH = 200
/** Of a desk, by day. */
const SCREEN = { viewport: { width: 1440, height: 1000 }, colorScheme: 'light' } as const

/** Where pictures are left for people to look at; git knows nothing of it. */
const PICTURES = join(ROOT, 'test', 'artifacts', 'dashboard')

/** A ccproxy in front of a strict fake, and a browser. */
export interface DashboardBench {
  readonly proxy: Ccproxy
  readonly upstream: FakeAnthropic
  /** Opens the dashboard, by another address if told, with an empty profile. */
  open(options?: BrowserContextOptions, hash?: string, origin?: string): Promise<OpenPage>
  /** Sends a Messages request and reads the whole answer. */
  send(more?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

/** Starts everything; `rows` are in the ledger before ccproxy starts. */
export async function startDashboard(
  options: CcproxyOptions = {},
  rows: readonly NewRow[] = [],
): Promise<DashboardBench> {
  const folder = tempDir()
  const database = join(folder.path, 'ledger.sqlite')
  if (rows.length > 0) await fill(database, rows)
  const upstream = await startFakeAnthropic({ lenient: true })
  const env = { RECORD__DATABASE: database, ...options.env }
  const proxy = await startCcproxy({ ...options, env, upstream: upstream.url })
  const browser = await launchChromium()
  return {
    proxy,
    upstream,
    open: (context, hash = '', origin = proxy.url) =>
      openIn(browser, `${origin}/dashboard${hash}`, { ...SCREEN, ...context }),
    send: (more) => send(proxy.url, options.env?.AUTH_TOKEN, more),
    async close() {
      await browser.close()
      await proxy.stop()
      await upstream.close()
      folder.remove()
    },
  }
}

async function send(
  url: string,
  key = 'sk-ant-api03-any',
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const reply = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'x-api-key': key,
    },
    body: messageBody(false, { ...more }),
  })
  return reply.text()
}

/** Hands an opened page over, then expects that it asked only its own ccproxy and complained of no more than `pardoned`. */
export async function keptToItself(
  { proxy }: DashboardBench,
  open: OpenPage,
  use: (page: Page, open: OpenPage) => Promise<void>,
  pardoned?: RegExp,
): Promise<void> {
  try {
    await use(open.page, open)
    expect(open.complaints.filter((one) => pardoned?.test(one) !== true)).toEqual([])
    const origins = open.requested.map((url) => new URL(url).origin)
    expect([...new Set(origins)]).toEqual([proxy.url])
  } finally {
    await open.page.context().close()
  }
}

/** A phone, held upright. */
export const PHONE = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  hasTouch: true,
} as const

/** Waits until the page has its figures and asks for no more. */
export async function figuresShown(page: Page): Promise<void> {
  await page.locator('#tiles .figure').first().waitFor()
  await page.locator('#board:not([aria-busy])').waitFor()
}

/** The text as it is seen: without what is hidden, with a gap between cells. */
export function seen(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: the text of hidden parts is not what is asked for
  return locator.innerText()
}

/** Keeps a picture of what is in view. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' })
}

async function fill(path: string, rows: readonly NewRow[]): Promise<void> {
  const store = new SqliteStore({ path, instance: 'test', said: console.error })
  for (let at = 0; at < rows.length; at += BATCH) await store.write(rows.slice(at, at + BATCH))
  await store.close()
}

/** Rows of a month, denser towards now and by day; the newest is a minute old. The same rows at every hour of the clock. */
export function busyMonth(count: number): NewRow[] {
  const make = rowMaker(7)
  const newest = Date.now() - 60_000
  const rows: NewRow[] = []
  for (let number = 0; number < count; number++) {
    const ago = Math.ceil((1 - (number + 1) / count) ** 2.4 * 30 * DAY_MS)
    const night = ago % DAY_MS > 18 * HOUR_MS
    if (!night || number % 5 === 0) rows.push(make(newest - ago, number))
  }
  return rows
}
