import { describe, expect, test } from 'bun:test'
import { Metrics } from '../../src/record/metrics.ts'
import { observers } from '../../src/record/observer.ts'
import { PRICES } from '../../src/record/price-table.ts'
import { Running } from '../../src/record/running.ts'
import { settled } from '../support/ledger-rows.ts'

function metrics(models: readonly string[] = [], lost = 0, running = new Running()): Metrics {
  const prices = () => PRICES
  return new Metrics({ ledgerLosses: () => lost, models, prices, running, version: '1.2.3' })
}

/** The lines of one metric: labels, sorted and without quotes, and the value. */
async function linesOf(from: Metrics, name: string): Promise<Record<string, number>> {
  const { text } = await from.read()
  const found = text.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line))
  return Object.fromEntries(
    found.map((line) => {
      const [, labels = '', value = ''] = /^[^{ ]+(?:\{(.*)\})? (.*)$/.exec(line) ?? []
      return [labels.replaceAll('"', '').split(',').sort().join(' '), Number(value)]
    }),
  )
}

describe('what is counted', () => {
  test('requests by provider, protocol, mode, endpoint, model, status and end', async () => {
    const own = metrics()
    own.observer.settled(settled())
    own.observer.settled(settled())
    own.observer.settled(settled({ status: 429, ending: 'upstream_error', usage: {} }))
    own.observer.settled(
      settled({ upstream: undefined, protocol: undefined, path: '/v1/models/x', usage: {} }),
    )
    const rest = 'mode=full model=claude-sonnet-5'
    expect(await linesOf(own, 'ccproxy_requests_total')).toEqual({
      [`ended=complete endpoint=messages ${rest} protocol=messages provider=anthropic status=200`]: 2,
      [`ended=upstream_error endpoint=messages ${rest} protocol=messages provider=anthropic status=429`]: 1,
      [`ended=complete endpoint=models ${rest} protocol=none provider=none status=200`]: 1,
    })
  })

  test('tokens and cost, of plan logins apart', async () => {
    const own = metrics()
    const usage = {
      input: 1_000_000,
      output: 100,
      cacheRead: 10,
      cacheWrite: 7,
      cacheWrite1h: 3,
      thinking: 40,
    }
    own.observer.settled(settled({ usage: { input: 1_000_000, output: 0 } }))
    own.observer.settled(settled({ usage: { input: 1_000_000, output: 0 }, planLogin: true }))
    own.observer.settled(settled({ usage, upstreamModel: 'nobody-knows' }))
    const of = 'provider=anthropic'
    expect(await linesOf(own, 'ccproxy_tokens_total')).toMatchObject({
      [`kind=input model=claude-sonnet-5 ${of}`]: 2_000_000,
      [`kind=input model=nobody-knows ${of}`]: 1_000_000,
      [`kind=output model=nobody-knows ${of}`]: 100,
      [`kind=cache_read model=nobody-knows ${of}`]: 10,
      [`kind=cache_write model=nobody-knows ${of}`]: 7,
      [`kind=cache_write_1h model=nobody-knows ${of}`]: 3,
      [`kind=thinking model=nobody-knows ${of}`]: 40,
    })
    const price = PRICES['claude-sonnet-5']
    if (price === undefined) throw new Error('The price list has no claude-sonnet-5')
    const { rates } = price.long === undefined ? { rates: price } : price.long
    const cost = await linesOf(own, 'ccproxy_cost_usd_total')
    expect(cost[`basis=money model=claude-sonnet-5 ${of}`]).toBeCloseTo(rates.input, 6)
    expect(cost[`basis=list_price model=claude-sonnet-5 ${of}`]).toBeCloseTo(rates.input, 6)
    expect(cost[`basis=money model=nobody-knows ${of}`]).toBe(0)
    expect(await linesOf(own, 'ccproxy_unpriced_requests_total')).toMatchObject({
      [`model=nobody-knows ${of}`]: 1,
    })
  })

  test('durations and first bytes in buckets up to 600 s', async () => {
    const own = metrics()
    for (const durationMs of [20, 50, 700, 599_000, 600_001]) {
      own.observer.settled(settled({ durationMs, firstByteMs: undefined }))
    }
    own.observer.settled(settled({ durationMs: 1, firstByteMs: 1 }))
    const of = 'protocol=messages provider=anthropic stream=true'
    const buckets = await linesOf(own, 'ccproxy_request_duration_seconds_bucket')
    expect(Object.entries(buckets).map(([labels, count]) => [labels.split(' ')[0], count])).toEqual(
      [
        ['le=0.05', 3],
        ['le=0.1', 3],
        ['le=0.25', 3],
        ['le=0.5', 3],
        ['le=1', 4],
        ['le=2.5', 4],
        ['le=5', 4],
        ['le=10', 4],
        ['le=20', 4],
        ['le=40', 4],
        ['le=60', 4],
        ['le=120', 4],
        ['le=300', 4],
        ['le=600', 5],
        ['le=+Inf', 6],
      ],
    )
    const total = { [of]: 6 }
    expect(await linesOf(own, 'ccproxy_request_duration_seconds_count')).toEqual(total)
    const sum = await linesOf(own, 'ccproxy_request_duration_seconds_sum')
    expect(sum[of]).toBeCloseTo(1199.772, 3)
    expect(await linesOf(own, 'ccproxy_time_to_first_byte_seconds_count')).toEqual({ [of]: 1 })
  })

  test('what runs, and 0 once it is over', async () => {
    const running = new Running()
    const own = metrics([], 0, running)
    const { started, settled: end } = observers([running.observer, own.observer])
    const [first, second] = [settled(), settled({ stream: false })]
    started?.(first)
    started?.(second)
    expect(await linesOf(own, 'ccproxy_active_requests')).toEqual({ 'provider=anthropic': 2 })
    expect(await linesOf(own, 'ccproxy_active_streams')).toEqual({ 'provider=anthropic': 1 })
    end(first)
    end(second)
    expect(await linesOf(own, 'ccproxy_active_requests')).toEqual({ 'provider=anthropic': 0 })
    expect(await linesOf(own, 'ccproxy_active_streams')).toEqual({ 'provider=anthropic': 0 })
  })

  test('upstream errors by kind, retries, ledger losses', async () => {
    const own = metrics([], 7)
    const failed = [
      [429, 'upstream_error', 'rate_limit'],
      [529, 'upstream_error', 'overloaded'],
      [401, 'upstream_error', 'authentication'],
      [400, 'upstream_error', 'invalid_request'],
      [503, 'upstream_error', 'server'],
      [200, 'upstream_error', 'in_stream'],
      [200, 'upstream_cut', 'cut'],
      [502, 'upstream_cut', 'unreachable'],
      [504, 'upstream_timeout', 'timeout'],
    ] as const
    for (const [status, ending] of failed) {
      own.observer.settled(settled({ status, ending, usage: {}, attempts: 3 }))
    }
    own.observer.settled(settled({ status: 400, ending: 'refused', usage: {}, attempts: 0 }))
    own.observer.settled(settled({ status: 499, ending: 'client_left' }))
    expect(await linesOf(own, 'ccproxy_upstream_errors_total')).toEqual(
      Object.fromEntries(failed.map(([, , kind]) => [`kind=${kind} provider=anthropic`, 1])),
    )
    const retries = await linesOf(own, 'ccproxy_upstream_retries_total')
    expect(retries).toEqual({ 'provider=anthropic': 2 * failed.length })
    expect(await linesOf(own, 'ccproxy_ledger_lost_rows_total')).toEqual({ '': 7 })
  })

  test('the process and its version', async () => {
    const own = metrics()
    expect(await linesOf(own, 'ccproxy_build_info')).toEqual({ 'version=1.2.3': 1 })
    const values = await Promise.all(
      ['resident_memory_bytes', 'heap_bytes', 'cpu_seconds_total', 'start_time_seconds'].map(
        async (name) => (await linesOf(own, `ccproxy_process_${name}`))[''] ?? 0,
      ),
    )
    for (const value of values) expect(value).toBeGreaterThan(0)
    expect(Math.abs((values[3] ?? 0) - Date.now() / 1000)).toBeLessThan(600)
  })
})

describe('the bounds of labels', () => {
  test('10,000 made-up models and paths that upstreams refuse are one', async () => {
    const own = metrics(['claude-sonnet-5'])
    own.observer.settled(settled())
    for (let at = 0; at < 10_000; at += 1) {
      const model = `made-up-${at}`
      own.observer.settled(
        settled({
          ...{ model, upstreamModel: model, path: `/nowhere/${at}`, usage: {} },
          ...{ status: 404, ending: 'upstream_error' },
        }),
      )
    }
    expect(await valuesOf(own, 'model')).toEqual(['claude-sonnet-5', 'other'])
    expect(await valuesOf(own, 'endpoint')).toEqual(['messages', 'other'])
  })

  test('10,000 that an upstream takes are no more than a hundred; long names and odd statuses fold', async () => {
    const own = metrics()
    for (let at = 0; at < 10_000; at += 1) {
      const model = at % 10 === 0 ? `${at}${'x'.repeat(120)}` : `made-up-${at}`
      own.observer.settled(settled({ model, upstreamModel: model, path: `/v1/models/${at}` }))
    }
    for (let status = 100; status < 1000; status += 1) {
      own.observer.settled(settled({ status, ending: 'upstream_error', usage: {} }))
    }
    const models = await valuesOf(own, 'model')
    expect(models.length).toBe(101)
    expect(models).toContain('other')
    expect(await valuesOf(own, 'endpoint')).toEqual(['messages', 'models'])
    expect((await valuesOf(own, 'status')).length).toBeLessThan(40)
    expect((await own.read()).text.length).toBeLessThan(200_000)
  })

  test('names that would break a line do not', async () => {
    const own = metrics()
    own.observer.settled(settled({ upstreamModel: 'a"b\\c\nd' }))
    const { text } = await own.read()
    expect(text).toContain('model="a\\"b\\\\c\\nd"')
    for (const line of text.trim().split('\n')) expect(line).toMatch(/^(#.*|ccproxy_\S.*|)$/)
  })
})

async function valuesOf(from: Metrics, label: string): Promise<string[]> {
  const { text } = await from.read()
  const found = text.matchAll(new RegExp(`[{,]${label}="((?:[^"\\\\]|\\\\.)*)"`, 'g'))
  return [...new Set([...found].map(([, value = '']) => value))].sort()
}
