import type { Counter, Gauge } from 'prom-client'
import { BOUNDS, type Durations } from './durations.ts'
import type { Started } from './observer.ts'

/** Names and values of labels. */
export type Labels = Readonly<Record<string, string>>

/** One combination of labels with its count of exchanges. */
export interface CountSeries {
  readonly labels: Labels
  count: number
}

/** What is counted of one model. */
export interface ModelSeries {
  readonly labels: Labels
  readonly tokens: Record<string, number>
  /** USD; `list` is what exchanges of plan logins would have cost. */
  readonly cost: { money: number; list: number; unpriced: number }
}

/** All that the page tells. */
export interface MetricValues {
  readonly requests: readonly CountSeries[]
  readonly models: readonly ModelSeries[]
  readonly retries: ReadonlyMap<string, number>
  /** By provider and kind. */
  readonly failures: readonly CountSeries[]
  readonly active: readonly Started[]
  readonly durations: Durations
  readonly firstBytes: Durations
  readonly ledgerLosses: number
}

/** The page that Prometheus reads. */
export interface MetricsPage {
  read(values: MetricValues): Promise<{ readonly text: string; readonly contentType: string }>
}

const MODEL = ['provider', 'model']
const REQUEST = ['provider', 'protocol', 'mode', 'endpoint', 'model', 'status', 'ended']
const TIMING = ['provider', 'protocol', 'stream']

/** Loads the library and names the metrics; all names begin with `ccproxy_`. */
export async function createMetricsPage(version: string): Promise<MetricsPage> {
  const { Counter, Gauge, Histogram, Registry } = await import('prom-client')
  const registry = new Registry()
  const own = (name: string, help: string, labelNames: readonly string[] = []) => ({
    name: `ccproxy_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  })
  const counters = countersOf((...named) => new Counter(own(...named)))
  const gauge = (...named: Parameters<typeof own>) => new Gauge(own(...named))
  const active = gauge('active_requests', 'Requests under way, streams among them', ['provider'])
  const streams = gauge('active_streams', 'Streams under way', ['provider'])
  const memory = gauge('process_resident_memory_bytes', 'Resident memory')
  const heap = gauge('process_heap_bytes', 'Memory that JavaScript objects take')
  gauge('build_info', 'The running version', ['version']).set({ version }, 1)
  const since = gauge('process_start_time_seconds', 'Start, in seconds since the epoch')
  since.set(Date.now() / 1000 - process.uptime())
  const counted = (name: string, help: string, give: () => Durations | undefined) => {
    const settings = { ...own(name, help, TIMING), buckets: [...BOUNDS] }
    const metric = new Histogram(settings)
    const about = { name: settings.name, help, type: 'histogram', aggregator: 'sum' }
    const get = async () => ({ ...about, values: valuesOf(settings.name, give()) })
    // What is printed is asked by another name than what is read (15.1).
    Object.assign(metric, { get, getForPromString: get })
  }
  let told: MetricValues | undefined
  counted('request_duration_seconds', 'From the request to its last byte', () => told?.durations)
  counted('time_to_first_byte_seconds', 'To the first byte', () => told?.firstBytes)
  return {
    async read(values) {
      told = values
      for (const counter of Object.values(counters)) counter.reset()
      fill(counters, values)
      countActive(values, active, streams)
      const { rss, heapUsed } = process.memoryUsage()
      memory.set(rss)
      heap.set(heapUsed)
      return { text: await registry.metrics(), contentType: registry.contentType }
    },
  }
}

/** All counters, by what they count. */
function countersOf(
  make: (name: string, help: string, labels?: readonly string[]) => Counter<string>,
): Counters {
  return {
    requests: make('requests_total', 'Requests that are over', REQUEST),
    errors: make('upstream_errors_total', 'Requests that an upstream failed', ['provider', 'kind']),
    retries: make('upstream_retries_total', 'Further calls to an upstream', ['provider']),
    tokens: make(
      'tokens_total',
      'Tokens by kind; thinking is part of output, cache_write_1h of cache_write',
      [...MODEL, 'kind'],
    ),
    cost: make(
      'cost_usd_total',
      'Cost by the price list; list_price is of plan logins and not spent',
      [...MODEL, 'basis'],
    ),
    unpriced: make(
      'unpriced_requests_total',
      'Requests with tokens of a model without a price',
      MODEL,
    ),
    losses: make('ledger_lost_rows_total', 'Requests that the ledger could not keep'),
    cpu: make('process_cpu_seconds_total', 'CPU time of the process'),
  }
}

type Counters = Readonly<
  Record<
    'requests' | 'errors' | 'retries' | 'tokens' | 'cost' | 'unpriced' | 'losses' | 'cpu',
    Counter<string>
  >
>

/** A provider once seen stays, at 0 where nothing runs, so that its line has no gaps. */
function countActive(values: MetricValues, requests: Gauge<string>, streams: Gauge<string>): void {
  const seen = values.requests.map(({ labels }) => labels.provider ?? 'none')
  for (const provider of new Set(seen)) {
    requests.set({ provider }, 0)
    streams.set({ provider }, 0)
  }
  for (const provider of new Set(values.active.map(providerOf))) {
    const own = values.active.filter((exchange) => providerOf(exchange) === provider)
    requests.set({ provider }, own.length)
    streams.set({ provider }, own.filter(({ stream }) => stream).length)
  }
}

function providerOf({ upstream = 'none' }: Started): string {
  return upstream
}

/** Gives the library what was counted beside it. */
function fill(counters: Counters, values: MetricValues): void {
  for (const { labels, count } of values.requests) counters.requests.inc(labels, count)
  for (const { labels, count } of values.failures) counters.errors.inc(labels, count)
  for (const [provider, count] of values.retries) counters.retries.inc({ provider }, count)
  for (const { labels, tokens, cost } of values.models) {
    for (const [kind, count] of Object.entries(tokens)) {
      counters.tokens.inc({ ...labels, kind }, count)
    }
    counters.cost.inc({ ...labels, basis: 'money' }, cost.money)
    counters.cost.inc({ ...labels, basis: 'list_price' }, cost.list)
    counters.unpriced.inc(labels, cost.unpriced)
  }
  counters.losses.inc(values.ledgerLosses)
  const { user, system } = process.cpuUsage()
  counters.cpu.inc((user + system) / 1_000_000)
}

/** A histogram's lines: counts add up from bucket to bucket. */
function valuesOf(name: string, durations: Durations | undefined) {
  return [...(durations?.series.values() ?? [])].flatMap(({ labels, counts, sum }) => {
    let total = 0
    const buckets = counts.map((count, at) => {
      total += count
      return {
        metricName: `${name}_bucket`,
        labels: { le: BOUNDS[at] ?? '+Inf', ...labels },
        value: total,
      }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: total },
    ]
  })
}
