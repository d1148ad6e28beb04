import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page as DriverPage,
} from 'playwright-core'
import { findProgram } from './needs.ts'
import { until } from './wait.ts'

/** A page and what it did. */
export interface OpenPage {
  readonly page: DriverPage
  /** The URL of each request that the page made, `data:` left out. */
  readonly requested: readonly string[]
  /** What the page wrote to its console or broke of its policy, and what it failed to catch. */
  readonly complaints: readonly string[]
}

/** A page in a headless browser that can reach one origin only. */
export interface Page extends Omit<OpenPage, 'page'> {
  evaluate(expression: string): Promise<unknown>
  /** Evaluates until the value is truthy. */
  until(expression: string): Promise<void>
  screenshot(): Promise<Uint8Array>
  close(): Promise<void>
}

/** What a single step in a page may take, ms. */
const STEP_MS = 15_000

/** Starts the Chromium of this machine. */
export function launchChromium(more: readonly string[] = []): Promise<Browser> {
  const executablePath = findProgram('chromium')
  if (executablePath === undefined) {
    throw new Error('Chromium is not installed: apt-get install chromium')
  }
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  args.push('--disable-background-networking', '--disable-component-update', '--disable-sync')
  return chromium.launch({ executablePath, args: [...args, '--disable-dev-shm-usage', ...more] })
}

/** Opens an address in a context of its own. */
export async function openIn(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(STEP_MS)
  const requested: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) requested.push(request.url())
  })
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(url)
  return { page, requested, complaints }
}

/** Opens an address of this machine in Chromium; nothing else can be reached from the page. */
export async function openPage(url: string): Promise<Page> {
  const gate = gateTo(new URL(url).origin)
  const proxy = [`--proxy-server=http://127.0.0.1:${gate.port}`, '--proxy-bypass-list=<-loopback>']
  const browser = await launchChromium(proxy)
  const { page, requested, complaints } = await openIn(browser, url)
  const evaluate = (expression: string): Promise<unknown> => page.evaluate(expression)
  return {
    ...{ requested, complaints, evaluate },
    until: (expression) =>
      until(expression, async () => Boolean(await evaluate(expression)), STEP_MS),
    screenshot: () => page.screenshot(),
    async close() {
      await browser.close()
      await gate.stop(true)
    },
  }
}

/**
 * A proxy that forwards to one origin and refuses everything else, also what the browser asks on
 * its own account (update.googleapis.com, whatever its flags say) and every CONNECT.
 */
function gateTo(origin: string) {
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const url = new URL(request.url)
      if (url.origin !== origin) return new Response(null, { status: 502 })
      return fetch(url, { method: request.method, headers: request.headers, body: request.body })
    },
  })
}
