import { afterAll, beforeAll, describe, expect } from 'bun:test'
import type { Page } from 'playwright-core'
import type { OpenPage } from '../support/chromium.ts'
import {
  busyMonth,
  type DashboardBench,
  keptToItself,
  picture,
  seen,
  startDashboard,
} from '../support/dashboard.ts'
import { asJson, type Json, message, text } from '../support/fake-reply.ts'
import { needs } from '../support/needs.ts'
import { objectsIn } from '../support/observed.ts'
import { until } from '../support/wait.ts'

const test = needs('chromium')
const LIMIT_MS = 60_000
const ROWS = 4000

let bench: DashboardBench

beforeAll(async () => {
  bench = await startDashboard({}, busyMonth(ROWS))
}, LIMIT_MS)
afterAll(() => bench.close())

/** Opens the page, waits for its figures, and expects that it kept to itself. */
async function withPage(
  use: (page: Page, open: OpenPage) => Promise<void>,
  ...[options, hash]: Parameters<DashboardBench['open']>
): Promise<void> {
  await keptToItself(bench, await bench.open(options, hash), async (page, open) => {
    await page.locator('#tiles .figure').first().waitFor()
    await use(page, open)
  })
}

const rowsOf = (page: Page) => page.locator('#request-table tbody.over tr')
const tile = (page: Page, title: string) =>
  seen(page.locator('.tile', { hasText: title }).locator('.figure'))

async function ask(path: string): Promise<Json> {
  const reply = await fetch(`${bench.proxy.url}${path}`)
  return asJson(await reply.json())
}

/** How many different colours a chart has drawn: one alone is an empty one. Runs in the page, thus as text. */
async function colorsOf(page: Page, chart: string): Promise<number> {
  const figure = page.locator('.chart', { has: page.locator(`h3:text-is("${chart}")`) })
  await figure.locator('canvas').waitFor()
  const at = await page.locator('.chart h3').allInnerTexts()
  return page.evaluate(`(() => {
    const canvas = document.querySelectorAll('.chart canvas')[${at.indexOf(chart)}]
    const { width, height } = canvas
    // The plot alone, without the axes and their texts.
    const image = canvas.getContext('2d').getImageData(width * 0.2, 8, width * 0.75, height * 0.75)
    const found = new Set()
    for (let at = 0; at < image.data.length; at += 4) {
      if (image.data[at + 3] === 255) found.add(image.data.slice(at, at + 3).join())
    }
    return found.size
  })()`)
}

describe('figures', () => {
  test(
    'are those of the ledger, and every chart has drawn them',
    async () => {
      await withPage(
        async (page) => {
          const total = asJson((await ask('/logs/analytics?since=7d&by=day')).total)
          expect(await tile(page, 'Requests')).toBe(Number(total.requests).toLocaleString('en'))
          expect(await tile(page, 'Money spent')).toMatch(/^\$\d/)
          expect(await tile(page, 'Plan list price')).toMatch(/^\$\d/)
          expect(await tile(page, 'Cache hits')).toMatch(/^\d+ %$/)
          for (const chart of [
            'Requests',
            'Tokens',
            'Cost',
            'Duration',
            'First byte',
            'Cache hits',
          ]) {
            expect([chart, (await colorsOf(page, chart)) > 1]).toEqual([chart, true])
          }
          await picture(page, 'desktop-light')
        },
        undefined,
        '#range=7d',
      )
    },
    LIMIT_MS,
  )

  test(
    'show the values under the pointer, in all charts at once',
    async () => {
      await withPage(async (page) => {
        const legend = page.locator('.chart').nth(1).locator('.legend')
        const inAll = await seen(legend)
        await page
          .locator('.chart')
          .first()
          .locator('.u-over')
          .hover({ position: { x: 200, y: 60 } })
        await page.locator('.chart').nth(1).locator('.when:not(:empty)').waitFor()
        expect(await seen(legend)).not.toBe(inAll)
      })
    },
    LIMIT_MS,
  )

  test(
    'of the last hour are by the minute, of a month by the day',
    async () => {
      await withPage(
        async (page) => {
          const plot = page.locator('.plot').first()
          expect(await plot.getAttribute('aria-label')).toStartWith('Requests by the minute')
          const rows = objectsIn((await ask('/logs/query?since=1h&limit=1000')).rows)
          expect(rows.length).toBeGreaterThan(20)
          // A row may have left the hour since the page counted.
          const shown = Number((await tile(page, 'Requests')).replace(',', ''))
          expect([0, 1, 2, 3]).toContain(shown - rows.length)
          await page.getByRole('button', { name: '30 d' }).click()
          await page.locator('.plot[aria-label^="Requests by the day"]').waitFor()
          expect(new URL(page.url()).hash).toBe('#range=30d')
        },
        undefined,
        '#range=1h',
      )
    },
    LIMIT_MS,
  )

  test(
    'are apart by model, client and provider; a name filters',
    async () => {
      await withPage(async (page) => {
        const names = page.locator('#breakdown tbody .name')
        expect(await names.allInnerTexts()).toContain('gpt-5')
        await page.getByRole('button', { name: 'Provider', exact: true }).click()
        expect((await names.allInnerTexts()).sort()).toEqual(['anthropic', 'bedrock', 'gateway'])
        await page.getByRole('button', { name: 'Client', exact: true }).click()
        expect((await names.allInnerTexts()).sort().slice(0, 1)).toEqual(['client-0'])
        await page.getByRole('button', { name: 'Model', exact: true }).click()
        await page.locator('#breakdown').getByRole('button', { name: 'gpt-5' }).click()
        await until('one name', async () => (await names.count()) === 1)
        // No price is known for it, which is not the same as no cost.
        expect(await seen(page.locator('#breakdown tbody'))).toContain('unpriced')
        expect(await tile(page, 'Money spent')).toBe('–')
        // A refused one has used nothing, and thus has no price to know.
        const answered = rowsOf(page)
          .filter({ has: page.getByText('200', { exact: true }) })
          .first()
        expect(await seen(answered)).toContain('unpriced')
      })
    },
    LIMIT_MS,
  )
})

describe('the list', () => {
  test(
    'shows a stream while it runs, then what came of it',
    async () => {
      await withPage(async (page) => {
        await page.locator('#connection[data-state=live]').waitFor()
        const before = Number((await tile(page, 'Requests')).replace(',', ''))
        const parts = [{ text: 'word '.repeat(40), pieces: 40 }]
        bench.upstream.reply(message(parts, { pace: 60 }))
        const answer = bench.send({ stream: true, model: 'claude-live-1' })
        const running = page.locator('tbody.live tr')
        await running.waitFor()
        expect(await seen(running)).toContain('claude-live-1')
        const ticks = running.locator('.ticks')
        const first = await seen(ticks)
        await until('a later duration', async () => (await seen(ticks)) !== first)
        await until('the first byte', async () => / ms\t/.test(await seen(running)))
        expect(await seen(page.locator('#count'))).toStartWith('1 running')
        await picture(page, 'running')
        await running.click()
        const detail = page.locator('#detail')
        await detail.getByText('running', { exact: true }).waitFor()
        expect(await answer).toContain('message_stop')
        await detail.getByText('200 complete').waitFor()
        expect(await seen(detail)).toContain('end_turn')
        await page.keyboard.press('Escape')
        const row = rowsOf(page).first()
        await row.getByText('claude-live-1').waitFor()
        expect(await seen(row)).toContain('200')
        expect(await running.count()).toBe(0)
        await until('the figures', async () => {
          return Number((await tile(page, 'Requests')).replace(',', '')) === before + 1
        })
      })
    },
    LIMIT_MS,
  )

  test(
    'is filtered by model, status, how it ended, and text',
    async () => {
      await withPage(async (page) => {
        const list = rowsOf(page)
        const all = async (wanted: RegExp) => {
          await page.locator('#board:not([aria-busy])').waitFor()
          const texts = await list.allInnerTexts()
          return texts.length > 0 && texts.every((one) => wanted.test(one))
        }
        await page.getByLabel('Model').selectOption('claude-opus-5-5')
        await until('opus alone', () => all(/claude-opus-5-5/))
        await page.getByLabel('Status').selectOption('5xx')
        await until('failures of opus', () => all(/\n?5\d\d[\s\S]*claude-opus-5-5/))
        expect(new URL(page.url()).hash).toContain('status=5xx')
        await page.reload()
        await until('the same after a reload', () => all(/\n?5\d\d[\s\S]*claude-opus-5-5/))
        await page.getByRole('button', { name: 'Clear' }).click()
        await page.getByLabel('Ended').selectOption('client_left')
        await until('those that were left', () => all(/client left/))
        await page.getByRole('button', { name: 'Clear' }).click()
        await page.getByLabel('Text').fill('count_tok')
        await until('a text', async () => (await page.locator('#caution').isVisible()) && all(/\d/))
        await list.first().click()
        await page.locator('#detail').getByText('POST /v1/messages/count_tokens').waitFor()
        await page.keyboard.press('Escape')
        await page.getByLabel('Text').fill('no such text')
        await page.getByText('No request matches these filters.').waitFor()
      })
    },
    LIMIT_MS,
  )

  test(
    'leads to all that is known of a request, and to older ones',
    async () => {
      await withPage(async (page) => {
        bench.upstream.reply(text('Hello', { usage: { output_tokens: 1234 } }))
        await bench.send({ model: 'claude-detail-1' })
        const row = rowsOf(page).filter({ hasText: 'claude-detail-1' })
        await row.click()
        const detail = page.locator('#detail')
        await detail.getByText('Ledger key').waitFor()
        expect(await seen(detail)).toMatch(/Output\s+1,234/)
        expect(await seen(detail)).toMatch(/Upstream request id\s+req_fake/)
        await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
        await detail.getByRole('button', { name: 'Copy id' }).click()
        await detail.getByRole('button', { name: 'Copied' }).waitFor()
        const id = await seen(detail.locator('.identity code'))
        expect(await page.evaluate('navigator.clipboard.readText()')).toBe(id)
        await picture(page, 'detail')
        await page.keyboard.press('Escape')
        const shown = await rowsOf(page).count()
        await page.getByRole('button', { name: 'Show older' }).click()
        await until('older rows', async () => (await rowsOf(page).count()) >= shown + 90)
        const texts = await rowsOf(page).locator('.open').allInnerTexts()
        const today = texts.filter((one) => /^\d\d:/.test(one))
        expect(today).toEqual(today.toSorted().toReversed())
      })
    },
    LIMIT_MS,
  )

  test(
    'shows one session, and all of them again',
    async () => {
      await withPage(async (page) => {
        const rows = objectsIn((await ask('/logs/query?since=7d&limit=1000')).rows)
        const session = String(rows.find((row) => row.session !== undefined)?.session)
        const same = rows.filter((row) => row.session === session).length
        await page.evaluate(`location.hash = '#range=7d&session=${session}'`)
        await page.getByText(`${same} in all`).waitFor()
        await rowsOf(page).first().click()
        await page.locator('#detail').getByRole('button', { name: session }).waitFor()
        await page.keyboard.press('Escape')
        await page.getByRole('button', { name: 'Show all sessions again' }).click()
        await page.getByText('newest 40').waitFor()
      })
    },
    LIMIT_MS,
  )

  test(
    'takes what others chose as text',
    async () => {
      await withPage(async (page) => {
        const model = '<img src=x onerror=document.title="caught">'
        bench.upstream.reply(text('Hello'))
        await bench.send({ model })
        await rowsOf(page).first().getByText(model).waitFor()
        await rowsOf(page).first().click()
        await page.locator('#detail').getByRole('button', { name: model }).first().click()
        await until(
          'the filter',
          async () => (await page.getByLabel('Model').inputValue()) === model,
        )
        await page.locator('#breakdown').getByRole('button', { name: model }).waitFor()
        expect(await page.locator('img').count()).toBe(0)
        expect(await page.title()).toBe('ccproxy')
      })
    },
    LIMIT_MS,
  )
})

test(
  'upstreams tell their health and the limits of their plan',
  async () => {
    await withPage(async (page) => {
      const soon = Math.floor(Date.now() / 1000) + 7230
      const headers = {
        'anthropic-ratelimit-unified-status': 'allowed_warning',
        'anthropic-ratelimit-unified-reset': String(soon),
        'anthropic-ratelimit-unified-5h-utilization': '0.42',
        'anthropic-ratelimit-unified-5h-reset': String(soon),
        'anthropic-ratelimit-unified-7d-utilization': '0.97',
        'anthropic-ratelimit-unified-7d-reset': String(soon + 200_000),
      }
      bench.upstream.reply(text('Hello', { headers }))
      await bench.send()
      const card = page.locator('.upstream')
      await card.locator('.limit').nth(1).waitFor()
      expect(await seen(card)).toMatch(/anthropic\s+Healthy/)
      expect(await seen(card)).toMatch(/5 hours\s+42 %\s+resets in 2 h/)
      const bars = card.getByRole('meter')
      expect(await bars.nth(1).getAttribute('aria-valuenow')).toBe('97')
      const widths = await bars.evaluateAll((all) =>
        all.map((bar) => (bar.firstElementChild?.clientWidth ?? 0) / bar.clientWidth),
      )
      expect(widths.map((width) => Math.round(width * 100))).toEqual([42, 97])
      await picture(page, 'limits')
    })
  },
  LIMIT_MS,
)
