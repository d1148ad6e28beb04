import { afterAll, beforeAll, describe, expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { startCcproxy } from '../support/ccproxy.ts'
import type { OpenPage } from '../support/chromium.ts'
import {
  busyMonth,
  type DashboardBench,
  figuresShown,
  keptToItself,
  PHONE,
  picture,
  seen,
  startDashboard,
} from '../support/dashboard.ts'
import { apiError, text } from '../support/fake-reply.ts'
import { needs } from '../support/needs.ts'
import { startTcpRelay } from '../support/tcp-relay.ts'
import { until } from '../support/wait.ts'

const test = needs('chromium')
const LIMIT_MS = 60_000
const KEY = 'key-of-the-test-0123456789'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let bench: DashboardBench

beforeAll(async () => {
  bench = await startDashboard({ env: { AUTH_TOKEN: KEY, RECORD__BODIES: 'all' } }, busyMonth(1500))
  bench.upstream.otherwise(({ text: body }) =>
    body.includes('claude-broken-1')
      ? apiError(529, 'overloaded_error', 'Overloaded: <b>try again</b> later')
      : text('Hello'),
  )
}, LIMIT_MS)
afterAll(() => bench.close())

async function withPage(
  use: (page: Page, open: OpenPage) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  // The browser itself tells of each refusal that a test provokes.
  await keptToItself(bench, await bench.open(options), use, /status of 401/)
}

async function signIn(page: Page, key = KEY): Promise<void> {
  await page.getByLabel('Client key').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function signedIn(page: Page): Promise<void> {
  await signIn(page)
  await figuresShown(page)
}

/** What axe finds serious or worse, by rule and place. */
async function faults(page: Page): Promise<unknown> {
  // Past the page's policy: the debugger may do what the page must not.
  await page.evaluate(AXE)
  return page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => [id, nodes.slice(0, 5).map(({ target, failureSummary }) => target + ' ' + failureSummary)]))`)
}

const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

describe('the key', () => {
  test(
    'is asked for once, kept in a cookie that no script reads, and forgotten on request',
    async () => {
      await withPage(async (page) => {
        await page.getByText('This ccproxy asks for a client key.').waitFor()
        expect(await faults(page)).toEqual([])
        await picture(page, 'sign-in')
        await signIn(page, 'wrong')
        await page.getByText('Client key is wrong or has expired').waitFor()
        expect(await page.locator('#board').isVisible()).toBe(false)
        await signedIn(page)
        const [cookie] = await page.context().cookies()
        expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/', expires: -1 })
        const kept = `JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }])`
        expect(await page.evaluate(kept)).not.toContain(KEY)
        expect(await page.evaluate(kept)).not.toContain(cookie?.value)
        await page.reload()
        await page.locator('#tiles .figure').first().waitFor()
        await page.getByRole('button', { name: 'Sign out' }).click()
        await page.getByText('This ccproxy asks for a client key.').waitFor()
        expect(await page.context().cookies()).toEqual([])
        expect(await page.evaluate(`fetch('/logs/status').then(({ status }) => status)`)).toBe(401)
      })
    },
    LIMIT_MS,
  )

  test(
    'is asked for again when the session ends under an open page',
    async () => {
      await withPage(async (page) => {
        await signedIn(page)
        await page.context().clearCookies()
        await page.getByRole('button', { name: '7 d' }).click()
        await page.getByText('This ccproxy asks for a client key.').waitFor()
        await signedIn(page)
        await page.locator('#connection[data-state=live]').waitFor()
      })
    },
    LIMIT_MS,
  )
})

test(
  'everything is in reach of the keyboard',
  async () => {
    await withPage(async (page) => {
      await signedIn(page)
      const focused = () =>
        page.evaluate(`document.activeElement.id || document.activeElement.className`)
      await page.reload()
      await page.locator('#request-table .open').first().waitFor()
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('skip')
      const top = await page.evaluate(`document.querySelector('.skip').getBoundingClientRect().top`)
      expect(top).toBeGreaterThanOrEqual(0)
      await page.keyboard.press('Enter')
      expect(await focused()).toBe('requests')
      expect(new URL(page.url()).hash).toBe('')
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('open')
      const outline = `getComputedStyle(document.activeElement).outlineStyle`
      expect(await page.evaluate(outline)).toBe('solid')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      const index = `[...document.querySelectorAll('.open')].indexOf(document.activeElement)`
      expect(await page.evaluate(index)).toBe(2)
      await page.keyboard.press('Enter')
      await page.locator('#detail[open]').waitFor()
      await page.keyboard.press('Escape')
      await page.locator('#detail').waitFor({ state: 'hidden' })
      expect(await page.evaluate(index)).toBe(2)
      await page.keyboard.press('End')
      expect(await page.evaluate(index)).toBe((await page.locator('.open').count()) - 1)
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('older')
    })
  },
  LIMIT_MS,
)

describe('a phone', () => {
  test(
    'shows all of it without scrolling sideways',
    async () => {
      await withPage(async (page) => {
        await page.locator('#key-form').waitFor()
        expect(await overflow(page)).toBe(0)
        await signedIn(page)
        expect(await overflow(page)).toBe(0)
        await picture(page, 'phone-top')
        await page.evaluate(`document.querySelector('#requests').scrollIntoView()`)
        await picture(page, 'phone-list')
        const model = page.locator('tbody.over .model').first()
        expect((await model.boundingBox())?.width).toBeGreaterThan(90)
        await page.locator('#breakdown').scrollIntoViewIfNeeded()
        await picture(page, 'phone-breakdown')
        await page.locator('tbody.over tr').first().tap()
        await page.locator('#detail').getByText('Ledger key').waitFor()
        expect(await overflow(page)).toBe(0)
        expect((await page.locator('#detail').boundingBox())?.width).toBe(360)
        await picture(page, 'phone-detail')
        expect(await faults(page)).toEqual([])
        await page.getByRole('button', { name: 'Close' }).tap()
        expect(await faults(page)).toEqual([])
      }, PHONE)
    },
    LIMIT_MS,
  )
})

describe('colours', () => {
  const background = 'getComputedStyle(document.body).backgroundColor'

  test(
    'follow the system and then the button, which is remembered',
    async () => {
      await withPage(
        async (page) => {
          await signedIn(page)
          const dark = await page.evaluate(background)
          expect(await faults(page)).toEqual([])
          await picture(page, 'desktop-dark')
          await page.emulateMedia({ colorScheme: 'light' })
          const light = await page.evaluate(background)
          expect(light).not.toBe(dark)
          await page.getByRole('button', { name: 'Switch to dark colours' }).click()
          expect(await page.evaluate(background)).toBe(dark)
          await page.reload()
          await page.locator('#tiles .figure').first().waitFor()
          expect(await page.evaluate(background)).toBe(dark)
          await page.getByRole('button', { name: 'Switch to light colours' }).click()
          expect(await page.evaluate(background)).toBe(light)
          expect(await faults(page)).toEqual([])
        },
        { colorScheme: 'dark' },
      )
    },
    LIMIT_MS,
  )

  test(
    'move only where motion is wanted',
    async () => {
      await withPage(async (page) => {
        const name = `(() => {
        const dot = document.createElement('span')
        dot.className = 'dot live'
        document.body.append(dot)
        const { animationName } = getComputedStyle(dot)
        dot.remove()
        return animationName
      })()`
        expect(await page.evaluate(name)).toBe('pulse')
        await page.emulateMedia({ reducedMotion: 'reduce' })
        expect(await page.evaluate(name)).toBe('none')
      })
    },
    LIMIT_MS,
  )
})

test(
  'a failure is shown with its words and its bodies, as text',
  async () => {
    await withPage(async (page) => {
      await signedIn(page)
      await bench.send({ model: 'claude-broken-1' })
      const row = page.locator('tbody.over tr', { hasText: 'claude-broken-1' })
      await row.first().click()
      const detail = page.locator('#detail')
      await detail.getByRole('heading', { name: 'Request body' }).waitFor()
      expect(await seen(detail)).toContain('Overloaded: <b>try again</b> later')
      expect(await seen(detail.locator('pre').first())).toContain('"model": "claude-broken-1"')
      expect(await faults(page)).toEqual([])
      await picture(page, 'failure')
      await page.keyboard.press('Escape')
      await page.locator('.upstream .problem').waitFor()
      expect(await seen(page.locator('.upstream'))).toMatch(/Failing[\s\S]*529 upstream error/)
    })
  },
  LIMIT_MS,
)

test(
  'nothing that the policy forbids is done, and it forbids a lot',
  async () => {
    const { page, complaints } = await bench.open()
    try {
      await page.locator('#key-form').waitFor()
      expect(complaints.filter((one) => /Content Security Policy/.test(one))).toEqual([])
      const blocked = (run: string) =>
        page.evaluate(`${run}.then(() => 'done', ({ name }) => name)`)
      expect(await blocked(`fetch('http://127.0.0.2:9/')`)).toBe('TypeError')
      const inline = `(() => {
      const script = document.createElement('script')
      script.textContent = 'document.title = "ran"'
      document.body.append(script)
      const style = document.createElement('div')
      style.setAttribute('style', 'color: red')
      return [document.title, style.style.color]
    })()`
      expect(await page.evaluate(inline)).toEqual(['ccproxy', ''])
      const said = complaints.join('\n')
      for (const rule of ['connect-src', 'script-src', 'style-src']) {
        expect(said).toContain(`${rule} 'self'`)
      }
    } finally {
      await page.context().close()
    }
  },
  LIMIT_MS,
)

describe('trouble', () => {
  test(
    'an empty ledger and one that is off say so',
    async () => {
      const empty = await startDashboard()
      try {
        const { page, complaints } = await empty.open()
        await page.getByText('No requests in this time range.').waitFor()
        await page.getByText('Nothing in this time range.').waitFor()
        await page.locator('#board:not([aria-busy])').waitFor()
        expect(await faults(page)).toEqual([])
        await picture(page, 'empty')
        expect(complaints).toEqual([])
        await page.route('**/logs/analytics*', () => {})
        await page.reload()
        await page.locator('#board[aria-busy]').waitFor()
        await page.getByText('No requests in this time range.').waitFor()
        expect(await faults(page)).toEqual([])
      } finally {
        await empty.close()
      }
      const off = await startDashboard({ env: { RECORD__LEDGER: 'false' } })
      try {
        const { page } = await off.open()
        await page.getByText('set record.ledger to true').waitFor()
        expect(await page.locator('#board').isVisible()).toBe(false)
      } finally {
        await off.close()
      }
    },
    LIMIT_MS,
  )

  test(
    'a ledger that cannot be read is named, and asked again',
    async () => {
      const own = await startDashboard()
      try {
        const { page } = await own.open()
        await page.getByText('No requests in this time range.').waitFor()
        const error = { type: 'api_error', message: 'Cannot read the ledger: disk I/O error' }
        await page.route('**/logs/query*', (route) =>
          route.fulfill({ status: 503, json: { error } }),
        )
        await page.getByRole('button', { name: '7 d' }).click()
        await page.getByRole('alert').getByText(error.message).waitFor()
        await picture(page, 'ledger-trouble')
        await page.unroute('**/logs/query*')
        await page.getByRole('alert').waitFor({ state: 'hidden' })
      } finally {
        await own.close()
      }
    },
    LIMIT_MS,
  )

  test(
    'a cut connection comes back with what it missed, once each',
    async () => {
      const own = await startDashboard()
      const relay = startTcpRelay(own.proxy.port)
      try {
        own.upstream.otherwise(() => text('Hello'))
        const { page } = await own.open({}, '', `http://127.0.0.1:${relay.port}`)
        await page.locator('#connection[data-state=live]').waitFor()
        await own.send({ model: 'claude-before-1' })
        await page.locator('tbody.over tr', { hasText: 'claude-before-1' }).waitFor()
        const again = page.waitForRequest(async (request) => {
          return (
            request.url().endsWith('/logs/stream') &&
            'last-event-id' in (await request.allHeaders())
          )
        })
        relay.break()
        await page.locator('#connection[data-state=waiting]').waitFor()
        await own.send({ model: 'claude-missed-1' })
        relay.mend()
        await again
        await page.locator('tbody.over tr', { hasText: 'claude-missed-1' }).waitFor()
        expect(await page.locator('tbody.over tr').count()).toBe(2)
        await page.locator('#connection[data-state=live]').waitFor()
      } finally {
        relay.stop()
        await own.close()
      }
    },
    LIMIT_MS,
  )

  test(
    'another ccproxy at the same address is taken up',
    async () => {
      const own = await startDashboard()
      const { port } = own.proxy
      const { page } = await own.open()
      await page.locator('#connection[data-state=live]').waitFor()
      await own.proxy.stop()
      await page.locator('#connection[data-state=waiting]').waitFor()
      await picture(page, 'reconnecting')
      const next = await startCcproxy({ upstream: own.upstream.url, port })
      try {
        await page.locator('#connection[data-state=live]').waitFor()
        own.upstream.reply(text('Hello'))
        await own.send({ model: 'claude-after-1' })
        await page.locator('tbody.over tr', { hasText: 'claude-after-1' }).waitFor()
        await until(
          'the figures',
          async () => (await seen(page.locator('.figure').first())) === '1',
        )
      } finally {
        await next.stop()
        await own.close()
      }
    },
    LIMIT_MS,
  )
})
