import { afterAll, beforeAll, describe, expect } from 'bun:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
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
import { text } from '../support/fake-reply.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/wait.ts'

const test = needs('chromium')
const LIMIT_MS = 60_000

let bench: DashboardBench

beforeAll(async () => {
  const [row, ...rest] = busyMonth(200)
  if (row === undefined) throw new Error('No rows')
  const time = Date.now() - 120_000
  const tiny = { ...row, key: time * 1024, id: 'req_tiny', listPrice: true, cost: 256_000 }
  bench = await startDashboard({}, [...rest, tiny])
}, LIMIT_MS)
afterAll(() => bench.close())

async function withPage(
  use: (page: Page) => Promise<void>,
  options?: BrowserContextOptions,
): Promise<void> {
  await keptToItself(bench, await bench.open(options), async (page) => {
    await figuresShown(page)
    await use(page)
  })
}

/** The texts of those cells that are wider than their room. */
function cut(page: Page, cells: string): Promise<string[]> {
  return page
    .locator(cells)
    .evaluateAll((all) =>
      all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent ?? ''),
    )
}

describe('there is room', () => {
  test(
    'on a phone for the state of what runs',
    async () => {
      await withPage(async (page) => {
        bench.upstream.reply(text('Hello', { stallAfterFirst: 4000 }))
        const sent = bench.send({ stream: true })
        await page.locator('tbody.live tr').waitFor()
        expect(await seen(page.locator('tbody.live .state'))).toBe('streaming')
        expect(await cut(page, 'tbody .state')).toEqual([])
        await sent
      }, PHONE)
    },
    LIMIT_MS,
  )

  test(
    'for the names of models in a window of any width',
    async () => {
      await withPage(async (page) => {
        const model = page.locator('tbody.over .model').first()
        const widths = [701, 768, 1001, 1024, 1100, 1280, 1281, 1366, 1401, 1501, 1561, 1920]
        for (const width of widths) {
          await page.setViewportSize({ width, height: 800 })
          const room = (await model.boundingBox())?.width ?? 0
          const over = await page
            .locator('#requests')
            .evaluate((card) => card.scrollWidth - card.clientWidth)
          expect({ width, enough: room >= 120 || room, over }).toEqual({
            ...{ width, enough: true, over: 0 },
          })
        }
      })
    },
    LIMIT_MS,
  )

  test(
    'for the smallest list price',
    async () => {
      await withPage(async (page) => {
        const cost = page.locator('tbody.over .cost', { hasText: '$0.000256' })
        expect(await seen(cost.first())).toContain('list')
        expect(await cut(page, 'tbody .number')).toEqual([])
      })
    },
    LIMIT_MS,
  )

  test(
    'beside the longest name for the others',
    async () => {
      const model = 'm'.repeat(500)
      bench.upstream.reply(text('Hello'))
      await bench.send({ model })
      await withPage(async (page) => {
        const name = page.locator('#breakdown').getByRole('button', { name: model })
        await name.waitFor()
        expect((await name.boundingBox())?.height).toBeLessThan(80)
        await picture(page, 'longest-name')
      }, PHONE)
    },
    LIMIT_MS,
  )
})

test(
  'a single hour with requests is seen in every chart',
  async () => {
    bench.upstream.reply(text('Hello', { usage: { cache_read_input_tokens: 5000 } }))
    await bench.send({ model: 'claude-haiku-4-5' })
    const small = { viewport: { width: 1010, height: 900 } }
    const open = await bench.open(small, '#range=7d&model=claude-haiku-4-5')
    await keptToItself(bench, open, async (page) => {
      await until('its figures', async () =>
        /Requests\s*1\s/.test(await seen(page.locator('#tiles'))),
      )
      await page.waitForTimeout(300)
      for (const chart of ['Requests', 'Cost', 'Duration', 'First byte', 'Cache hits']) {
        expect([chart, (await drawn(page, chart)) > 0]).toEqual([chart, true])
      }
      await picture(page, 'single-hour')
    })
  },
  LIMIT_MS,
)

/** How many strongly coloured pixels a chart has: axes, their texts and the grid are near grey. Runs in the page. */
async function drawn(page: Page, chart: string): Promise<number> {
  const all = await page.locator('.chart h3').allInnerTexts()
  return page.evaluate(`(() => {
    const canvas = document.querySelectorAll('.chart canvas')[${all.indexOf(chart)}]
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let found = 0
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, alpha] = data.slice(at, at + 4)
      if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) found += 1
    }
    return found
  })()`)
}

test(
  'limits of a plan that are over warn of nothing',
  async () => {
    const past = Math.floor(Date.now() / 1000) - 60
    const headers = {
      'anthropic-ratelimit-unified-status': 'allowed',
      'anthropic-ratelimit-unified-5h-utilization': '0.99',
      'anthropic-ratelimit-unified-5h-reset': String(past),
      'anthropic-ratelimit-unified-7d-utilization': '1',
      'anthropic-ratelimit-unified-7d-reset': String(past + 90_000),
    }
    bench.upstream.reply(text('Hello', { headers }))
    await bench.send()
    await withPage(async (page) => {
      const card = page.locator('.upstream')
      await card.locator('.limit').nth(1).waitFor()
      expect(await seen(card)).toMatch(/5 hours\s+was 99 %\s+reset since/)
      expect(await card.locator('.fill.bad').count()).toBe(1)
      const old = card.getByRole('meter', { name: 'Used before the reset of the limit: 5 hours' })
      expect(await old.getAttribute('aria-valuenow')).toBe('99')
      await picture(page, 'limits-over')
    })
  },
  LIMIT_MS,
)

test(
  'a page that is left open tells yesterday from today',
  async () => {
    const { page, complaints } = await bench.open()
    await page.locator('#tiles .figure').first().waitFor()
    const newest = page.locator('tbody.over tr .open').first()
    expect(await seen(newest)).toMatch(/^\d\d:\d\d:\d\d$/)
    await page.clock.install()
    await page.clock.setFixedTime(Date.now() + 26 * 3_600_000)
    await until('a date', async () => /^[A-Z][a-z]{2} \d/.test(await seen(newest)))
    expect(await newest.getAttribute('aria-label')).toMatch(
      /^[A-Z][a-z]{2} \d+ \d\d:\d\d, details of /,
    )
    expect(complaints).toEqual([])
    await page.context().close()
  },
  LIMIT_MS,
)

test(
  'a page that has heard nothing for long connects anew and shows what it missed',
  async () => {
    await withPage(async (page) => {
      const state = page.locator('#connection')
      await state.and(page.locator('[data-state=live]')).waitFor()
      const again = page.waitForRequest((request) => request.url().endsWith('/logs/stream'))
      const figures = page.waitForRequest((request) => request.url().includes('/logs/analytics'))
      await page.clock.install()
      await page.clock.setFixedTime(Date.now() + 120_000)
      await again
      await figures
      await state.and(page.locator('[data-state=live]')).waitFor()
    })
  },
  LIMIT_MS,
)

test(
  'who stands on a row that traffic pushes out stays in the list',
  async () => {
    await withPage(async (page) => {
      const rows = page.locator('tbody.over tr')
      await rows.last().locator('button').focus()
      expect(await seen(page.locator('#count'))).toBe('newest 40')
      for (let sent = 0; sent < 5; sent += 1) {
        bench.upstream.reply(text('Hello'))
        await bench.send({ model: `claude-pushing-${sent}` })
      }
      await page.locator('tbody.over', { hasText: 'claude-pushing-4' }).waitFor()
      await until('the focus', async () => (await rows.last().locator(':focus').count()) === 1)
    })
  },
  LIMIT_MS,
)
