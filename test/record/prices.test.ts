import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PRICES, PRICES_DATE } from '../../src/record/price-table.ts'
import { type PriceUpdateOptions, priceUpdates, readList } from '../../src/record/price-updates.ts'
import { costOf, plainModel, priceOf } from '../../src/record/prices.ts'
import { type TempDir, tempDir } from '../support/child.ts'
import { memoryLog } from '../support/memory-log.ts'

test('a name that is made to be searched for long takes no time', () => {
  const start = performance.now()
  plainModel(`${'@'.repeat(100_000)}\n!`)
  plainModel(`claude-${'[a'.repeat(100_000)}`)
  expect(performance.now() - start).toBeLessThan(300)
})

const AT_HOME = { kind: 'anthropic' }
const MILLION = 1_000_000

describe('a model goes by one name, however it is written', () => {
  test.each([
    ['claude-sonnet-4-5', 'claude-sonnet-4-5'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'],
    ['global.anthropic.claude-opus-4-6-v1', 'claude-opus-4-6'],
    ['bedrock/eu.anthropic.claude-opus-5-5', 'claude-opus-5-5'],
    ['claude-haiku-4-5@20251001', 'claude-haiku-4-5'],
    ['vertex_ai/claude-sonnet-4-6@default', 'claude-sonnet-4-6'],
    ['claude-opus-4-8[1m]', 'claude-opus-4-8'],
    ['anthropic/claude-sonnet-4.5', 'claude-sonnet-4-5'],
    ['openrouter/anthropic/claude-opus-4.1:beta', 'claude-opus-4-1'],
    ['Claude-3-5-Haiku-20241022', 'claude-3-5-haiku'],
    ['claude-3-5-haiku-latest', 'claude-3-5-haiku'],
    ['gpt-4.1-2025-04-14', 'gpt-4.1'],
    ['', ''],
  ])('%s', (written, plain) => {
    expect(plainModel(written)).toBe(plain)
  })
})

describe('what a reply costs', () => {
  test('each kind of token has its rate', () => {
    const one = (usage: Parameters<typeof costOf>[0]) => costOf(usage, 'claude-sonnet-4-5', AT_HOME)
    expect(one({ input: MILLION })).toBeCloseTo(3, 9)
    expect(one({ output: MILLION })).toBeCloseTo(15, 9)
    expect(one({ input: 0, cacheRead: MILLION })).toBeCloseTo(0.3, 9)
    expect(one({ input: 0, cacheWrite: MILLION })).toBeCloseTo(3.75, 9)
    expect(one({ input: 0, cacheWrite: MILLION, cacheWrite1h: MILLION })).toBeCloseTo(6, 9)
    const both = { cacheWrite: MILLION, cacheWrite5m: MILLION / 2, cacheWrite1h: MILLION / 2 }
    expect(one({ input: 0, ...both })).toBeCloseTo(4.875, 9)
    expect(one({ input: 0, output: 0, webSearches: 3 })).toBeCloseTo(0.03, 9)
    expect(one({ output: MILLION, thinking: MILLION })).toBeCloseTo(15, 9)
  })

  test('a long prompt makes the whole request dearer, the cached part counted', () => {
    const haiku = (usage: Parameters<typeof costOf>[0]) =>
      costOf(usage, 'claude-haiku-5-5', AT_HOME)
    expect(haiku({ input: 100_000, output: 1000 })).toBeCloseTo(0.01 + 0.0005, 9)
    expect(haiku({ input: 100_001, output: 1000 })).toBeCloseTo(0.0500005 + 0.0025, 9)
    expect(haiku({ input: 1, cacheRead: 60_000, cacheWrite: 40_000 })).toBeCloseTo(
      (0.5 + 60_000 * 0.05 + 40_000 * 0.625) / MILLION,
      9,
    )
  })

  test('the fast mode, US-only inference, batches and regional clouds change it', () => {
    const usage = { output: MILLION }
    expect(costOf({ ...usage, fast: true }, 'claude-opus-5', AT_HOME)).toBeCloseTo(50, 9)
    expect(costOf({ ...usage, fast: true }, 'claude-sonnet-5', AT_HOME)).toBeCloseTo(10, 9)
    expect(costOf({ ...usage, usOnly: true }, 'claude-sonnet-5', AT_HOME)).toBeCloseTo(11, 9)
    expect(costOf({ ...usage, batch: true }, 'claude-sonnet-5', AT_HOME)).toBeCloseTo(5, 9)
    const bedrock = { kind: 'bedrock' }
    expect(costOf(usage, 'us.anthropic.claude-sonnet-5', bedrock)).toBeCloseTo(11, 9)
    expect(costOf(usage, 'global.anthropic.claude-sonnet-5', bedrock)).toBeCloseTo(10, 9)
    expect(costOf(usage, 'us.anthropic.claude-opus-4-1-20250805-v1:0', bedrock)).toBeCloseTo(75, 9)
    expect(costOf(usage, 'claude-sonnet-5', { kind: 'vertex', regional: true })).toBeCloseTo(11, 9)
    expect(costOf(usage, 'claude-sonnet-5', { kind: 'vertex' })).toBeCloseTo(10, 9)
  })

  test('an unknown model has no price, and what was not counted costs nothing known', () => {
    for (const model of ['gpt-5', 'llama', '', 'constructor', '__proto__', 'toString']) {
      expect(costOf({ input: 5, output: 5 }, model, AT_HOME)).toBeUndefined()
    }
    expect(costOf({ input: 5 }, undefined, AT_HOME)).toBeUndefined()
    expect(costOf({}, 'claude-sonnet-5', AT_HOME)).toBeUndefined()
    expect(costOf({ input: 0, output: 0 }, 'claude-sonnet-5', AT_HOME)).toBe(0)
  })

  test('the table is dated, and every price of it is in order', () => {
    expect(PRICES_DATE).toMatch(/^20\d\d-\d\d-\d\d$/)
    for (const [model, price] of Object.entries(PRICES)) {
      expect({ model, plain: plainModel(model) }).toEqual({ model, plain: model })
      expect(price.write5m).toBeCloseTo(price.input * 1.25, 9)
      expect(price.write1h).toBeCloseTo(price.input * 2, 9)
      expect(price.read).toBeLessThan(price.input)
      expect(price.output).toBeCloseTo(price.input * 5, 9)
    }
  })
})

/** LiteLLM's list, in miniature. */
const LIST = {
  sample_spec: { input_cost_per_token: 0, output_cost_per_token: 0, mode: 'chat' },
  'claude-sonnet-5': {
    ...{ input_cost_per_token: 1e-6, output_cost_per_token: 4e-6, mode: 'chat' },
    cache_creation_input_token_cost: 1.25e-6,
    cache_read_input_token_cost: 1e-7,
  },
  'bedrock/us-east-1/anthropic.claude-sonnet-5': {
    ...{ input_cost_per_token: 9e-6, output_cost_per_token: 9e-6, mode: 'chat' },
  },
  'gpt-5': { input_cost_per_token: 1.25e-6, output_cost_per_token: 1e-5, mode: 'chat' },
  'azure/gpt-5-mini': { input_cost_per_token: 2.5e-7, output_cost_per_token: 2e-6, mode: 'chat' },
  'claude-haiku-5-5': { input_cost_per_token: 1e-7, output_cost_per_token: 5e-7, mode: 'chat' },
  'claude-fable-5-2': { input_cost_per_token: 8e-6, output_cost_per_token: 4e-5, mode: 'chat' },
  'dall-e-3': { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6, mode: 'image_generation' },
  'a-negative-one': { input_cost_per_token: -1, output_cost_per_token: 1e-6, mode: 'chat' },
  'a-mad-one': { input_cost_per_token: 5, output_cost_per_token: 1e-6, mode: 'chat' },
  'a-text-one': { input_cost_per_token: '1', output_cost_per_token: 1e-6, mode: 'chat' },
  'not-even': null,
  __proto__: { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 },
}

describe('prices that are looked up', () => {
  const folders: TempDir[] = []
  const servers: { stop(now: boolean): unknown }[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop(true)
    for (const folder of folders.splice(0)) folder.remove()
  })

  function serve(answer: (request: Request) => Response | Promise<Response>): string {
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer })
    servers.push(server)
    return server.url.href
  }

  function updatesFrom(url: string, more: Partial<PriceUpdateOptions> = {}) {
    const folder = tempDir()
    folders.push(folder)
    const logger = memoryLog()
    const file = join(folder.path, 'data', 'prices.json')
    const options = { url, everyMs: 3_600_000, file, logger, version: '1.2.3', ...more }
    return { updates: priceUpdates(options), file: options.file, logger, options }
  }

  test('the usable entries of a list, the plain name before the others', () => {
    const prices = readList(JSON.parse(JSON.stringify(LIST)))
    expect(Object.keys(prices).sort()).toEqual([
      'claude-fable-5-2',
      'claude-haiku-5-5',
      'claude-sonnet-5',
      'gpt-5',
      'gpt-5-mini',
    ])
    expect(prices['claude-sonnet-5']).toEqual({
      ...{ input: 1, output: 4, write5m: 1.25, write1h: 2, read: 0.1 },
    })
    expect(readList('nonsense')).toEqual({})
  })

  test('tell what a long prompt costs, where the list does', async () => {
    const entry = { input_cost_per_token: 2e-6, output_cost_per_token: 1.2e-5, mode: 'chat' }
    const long = {
      input_cost_per_token_above_200k_tokens: 4e-6,
      output_cost_per_token_above_200k_tokens: 1.8e-5,
      cache_read_input_token_cost: 2e-7,
      cache_read_input_token_cost_above_200k_tokens: 4e-7,
      input_cost_per_token_above_200k_tokens_priority: 9e-4,
      input_cost_per_token_above_500k_tokens: 8e-6,
    }
    const bad = { ...entry, input_cost_per_token_above_128k_tokens: -1 }
    const url = serve(() =>
      Response.json({ ...LIST, 'gemini/gemini-3-pro': { ...entry, ...long }, 'a-bad-band': bad }),
    )
    const { updates, options } = updatesFrom(url)
    await updates.update()
    // The next process reads them from the file.
    for (const list of [updates.prices(), priceUpdates(options).prices()]) {
      const cost = (usage: Parameters<typeof costOf>[0], model = 'gemini-3-pro') =>
        costOf(usage, model, { kind: 'openai' }, list)
      expect(cost({ input: 200_000, output: 0 })).toBeCloseTo(0.4, 9)
      expect(cost({ input: 100_000, cacheRead: 200_000, output: 1000 })).toBeCloseTo(0.498, 9)
      expect(cost({ input: 200_000, output: 0 }, 'a-bad-band')).toBeCloseTo(0.4, 9)
      expect(priceOf('claude-haiku-5-5', list)?.long?.rates.input).toBe(0.5)
    }
  })

  test('win over the built-in table, whose bands and surcharges stay', async () => {
    const url = serve(() => Response.json(LIST))
    const { updates, file } = updatesFrom(url)
    expect(priceOf('gpt-5', updates.prices())).toBeUndefined()
    await updates.update()
    const list = updates.prices()
    expect(priceOf('claude-sonnet-5', list)?.input).toBe(1)
    expect(priceOf('claude-opus-5', list)?.input).toBe(5)
    expect(costOf({ output: MILLION }, 'gpt-5', AT_HOME, list)).toBeCloseTo(10, 9)
    expect(priceOf('claude-haiku-5-5', list)?.long?.rates.input).toBe(0.5)
    expect(priceOf('claude-fable-5-2', list)?.fast).toBe(2)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('are asked for with the ETag, and kept where nothing has changed', async () => {
    const asked: (string | null)[] = []
    const url = serve((request) => {
      expect(request.headers.get('user-agent')).toBe('ccproxy/1.2.3')
      asked.push(request.headers.get('if-none-match'))
      if (asked.length > 1) return new Response(null, { status: 304 })
      return Response.json(LIST, { headers: { etag: '"one"' } })
    })
    const { updates, options } = updatesFrom(url)
    await updates.update()
    await updates.update()
    expect(asked).toEqual([null, '"one"'])
    expect(priceOf('gpt-5', updates.prices())?.output).toBe(10)
    // The next process begins with them.
    const next = priceUpdates(options)
    expect(priceOf('gpt-5', next.prices())?.output).toBe(10)
    await next.update()
    expect(asked).toEqual([null, '"one"', '"one"'])
    // Another address is another list.
    expect(priceOf('gpt-5', priceUpdates({ ...options, url: 'http://x' }).prices())).toBeUndefined()
  })

  test('are good where they cannot be kept', async () => {
    const folder = tempDir()
    folders.push(folder)
    const taken = join(folder.path, 'a-file')
    writeFileSync(taken, '')
    const url = serve(() => Response.json(LIST))
    const { updates, logger } = updatesFrom(url, { file: join(taken, 'prices.json') })
    await updates.update()
    expect(priceOf('gpt-5', updates.prices())?.output).toBe(10)
    expect(logger.lines).toMatchObject([{ level: 'warn', message: 'prices updated but not kept' }])
  })

  test('that are no prices change nothing', async () => {
    const answers: (() => Response)[] = [
      () => Response.json(LIST),
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      () => Response.json({ error: 'no' }),
      () => Response.json(LIST, { status: 500 }),
      () => Response.json([]),
      () => new Response(new Uint8Array(17 * 1024 * 1024)),
    ]
    let at = 0
    const url = serve(() => answers[at++]?.() ?? new Response(null, { status: 404 }))
    const { updates, file } = updatesFrom(url)
    await updates.update()
    const good = readFileSync(file, 'utf8')
    for (let more = 1; more < answers.length; more++) {
      await expect(updates.update()).rejects.toThrow('see scheduler.pricing_url')
    }
    expect(priceOf('gpt-5', updates.prices())?.output).toBe(10)
    expect(readFileSync(file, 'utf8')).toBe(good)
  })

  test('a kept file that is torn or edited is no list', () => {
    const { file, options } = updatesFrom('http://127.0.0.1:1', {})
    const folder = tempDir()
    folders.push(folder)
    const torn = join(folder.path, 'prices.json')
    writeFileSync(torn, '{"url":"http://127.0.0.1:1","prices":{"gpt-5":{"input":"1"')
    expect(existsSync(file)).toBe(false)
    expect(priceUpdates({ ...options, file: torn }).prices()).toEqual(PRICES)
    writeFileSync(
      torn,
      JSON.stringify({ url: options.url, etag: null, checked: 1, prices: { a: 1 } }),
    )
    expect(priceUpdates({ ...options, file: torn }).prices()).toEqual(PRICES)
  })
})
