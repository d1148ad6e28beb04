import { Durations } from './durations.ts'
import { endpointOf, ModelNames, statusOf, upstreamFailure } from './metric-labels.ts'
import {
  type CountSeries,
  createMetricsPage,
  type MetricsPage,
  type ModelSeries,
} from './metrics-page.ts'
import type { Observer, Settled } from './observer.ts'
import { costOf, type PriceList } from './prices.ts'
import type { Running } from './running.ts'

/** Numbers that others keep, asked for when somebody looks. */
export interface MetricSources {
  /** Rows that the ledger could not keep. */
  readonly ledgerLosses: () => number
  /** Names of models that the settings name. */
  readonly models: readonly string[]
  readonly prices: () => PriceList
  readonly running: Running
  readonly version: string
}

/** What the counts of a usage are called. */
const TOKENS = [
  ['input', 'input'],
  ['output', 'output'],
  ['cache_read', 'cacheRead'],
  ['cache_write', 'cacheWrite'],
  ['cache_write_1h', 'cacheWrite1h'],
  ['thinking', 'thinking'],
] as const

/**
 * Counts exchanges for Prometheus. Counting is adding to plain numbers; the library is loaded, and given them, when
 * somebody looks. Label values are bounded: models that no upstream has answered by that name are `other`.
 */
export class Metrics {
  readonly observer: Observer
  readonly #sources: MetricSources
  readonly #names: ModelNames
  readonly #requests = new Map<string, CountSeries>()
  readonly #models = new Map<string, ModelSeries>()
  readonly #durations = new Durations()
  readonly #firstBytes = new Durations()
  readonly #retries = new Map<string, number>()
  readonly #failures = new Map<string, CountSeries>()
  #page: Promise<MetricsPage> | undefined

  constructor(sources: MetricSources) {
    this.#sources = sources
    this.#names = new ModelNames(sources.models)
    this.observer = { settled: (exchange) => this.#settled(exchange) }
  }

  /** The page that Prometheus reads, and its content type. */
  async read(): Promise<{ readonly text: string; readonly contentType: string }> {
    this.#page ??= createMetricsPage(this.#sources.version)
    const page = await this.#page
    return page.read({
      requests: [...this.#requests.values()],
      models: [...this.#models.values()],
      retries: this.#retries,
      failures: [...this.#failures.values()],
      active: this.#sources.running.all(),
      durations: this.#durations,
      firstBytes: this.#firstBytes,
      ledgerLosses: this.#sources.ledgerLosses(),
    })
  }

  #settled(exchange: Settled): void {
    const { upstream: provider = 'none', protocol = 'none' } = exchange
    const model = this.#names.label(exchange)
    this.#request(exchange, provider, protocol, model)
    if (exchange.attempts > 1) {
      this.#retries.set(provider, (this.#retries.get(provider) ?? 0) + exchange.attempts - 1)
    }
    this.#failure(exchange, provider)
    const timing = `${provider} ${protocol} ${exchange.stream}`
    const timed = { provider, protocol, stream: `${exchange.stream}` }
    this.#durations.add(timing, timed, exchange.durationMs)
    if (exchange.firstByteMs !== undefined) {
      this.#firstBytes.add(timing, timed, exchange.firstByteMs)
    }
    if (exchange.usage.output !== undefined || exchange.usage.input !== undefined) {
      this.#count(exchange, provider, model)
    }
  }

  #request(exchange: Settled, provider: string, protocol: string, model: string): void {
    const { mode, ending } = exchange
    const endpoint = endpointOf(exchange.path)
    const status = statusOf(exchange.status)
    const key = `${provider} ${protocol} ${mode} ${endpoint} ${model} ${status} ${ending}`
    const series = this.#requests.get(key)
    if (series !== undefined) {
      series.count += 1
      return
    }
    const labels = { provider, protocol, mode, endpoint, model, status, ended: ending }
    this.#requests.set(key, { labels, count: 1 })
  }

  #failure(exchange: Settled, provider: string): void {
    const kind = upstreamFailure(exchange)
    if (kind === undefined) return
    const key = `${provider} ${kind}`
    const series = this.#failures.get(key) ?? { labels: { provider, kind }, count: 0 }
    series.count += 1
    this.#failures.set(key, series)
  }

  #count(exchange: Settled, provider: string, model: string): void {
    const key = `${provider} ${model}`
    let series = this.#models.get(key)
    if (series === undefined) {
      series = {
        labels: { provider, model },
        tokens: {},
        cost: { money: 0, list: 0, unpriced: 0 },
      }
      this.#models.set(key, series)
    }
    const { usage } = exchange
    const { tokens, cost } = series
    for (const [kind, name] of TOKENS) {
      const count = usage[name]
      if (count !== undefined) tokens[kind] = (tokens[kind] ?? 0) + count
    }
    const { upstreamModel, model: asked, kind } = exchange
    const price = costOf(usage, upstreamModel ?? asked, { kind }, this.#sources.prices())
    if (price === undefined) cost.unpriced += 1
    else if (exchange.planLogin) cost.list += price
    else cost.money += price
  }
}
