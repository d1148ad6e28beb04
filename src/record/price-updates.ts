import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ProxyError } from '../kit/error.ts'
import { isRecord, parseJson } from '../kit/json.ts'
import { ownValue } from '../kit/own-value.ts'
import type { Logger } from './log.ts'
import { PRICES, type Price, type Rates } from './price-table.ts'
import { type PriceList, plainModel } from './prices.ts'

/** What the updates are made with. */
export interface PriceUpdateOptions {
  readonly url: string
  readonly everyMs: number
  /** Where the last good list is kept. */
  readonly file: string
  readonly logger: Logger
  /** Of this ccproxy, for the host of the list. */
  readonly version: string
  readonly fetch?: typeof fetch | undefined
  readonly now?: (() => number) | undefined
}

/** Prices that are looked up now and then. */
export interface PriceUpdates {
  /** The built-in table, and over it the last good list. */
  prices(): PriceList
  /** Looks now; rejects where that fails, and the last good list stays. */
  update(): Promise<void>
  begin(): void
  end(): void
}

const TIMEOUT_MS = 15_000
const MOST_BYTES = 16 * 1024 * 1024
/** How long after the start the first look comes, so that nothing waits for it. */
const FIRST_MS = 5000
/** A list with fewer good entries is none. */
const FEWEST = 5
/** USD per token: a thousand a million tokens is more than any model costs. */
const cost = () => Type.Number({ minimum: 0, maximum: 1e-3 })
const optionalCost = () => Type.Optional(Type.Union([cost(), Type.Null()]))

/** One model of LiteLLM's list, as far as it is used. */
const Entry = Type.Object(
  {
    input_cost_per_token: cost(),
    output_cost_per_token: cost(),
    cache_creation_input_token_cost: optionalCost(),
    cache_creation_input_token_cost_above_1hr: optionalCost(),
    cache_read_input_token_cost: optionalCost(),
    mode: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    litellm_provider: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  },
  { additionalProperties: true },
)
type Entry = Static<typeof Entry>

const RatesSchema = Type.Object({
  input: Type.Number({ minimum: 0 }),
  output: Type.Number({ minimum: 0 }),
  write5m: Type.Number({ minimum: 0 }),
  write1h: Type.Number({ minimum: 0 }),
  read: Type.Number({ minimum: 0 }),
})
/** What one model costs by the list. */
const Listed = Type.Composite([
  RatesSchema,
  Type.Object({
    long: Type.Optional(Type.Object({ above: Type.Number({ minimum: 0 }), rates: RatesSchema })),
  }),
])
type Listed = Static<typeof Listed>
/** The file of the last good list. */
const Kept = Type.Object({
  url: Type.String(),
  etag: Type.Union([Type.String(), Type.Null()]),
  checked: Type.Number(),
  prices: Type.Record(Type.String(), Listed),
})
type Kept = Static<typeof Kept>

const Cost = cost()
/** As `input_cost_per_token_above_200k_tokens`: what a longer prompt costs, all of it. */
const BAND = /^input_cost_per_token_above_(\d{1,6})k_tokens$/
const MODES: ReadonlySet<string> = new Set(['chat', 'responses', 'completion'])
const MILLION = 1e6

/** Looks prices up at intervals; a failure is logged and changes nothing. */
export function priceUpdates(options: PriceUpdateOptions): PriceUpdates {
  const { everyMs, logger, now = Date.now } = options
  let kept = readKept(options)
  let list = merged(kept?.prices ?? {})
  let timer: ReturnType<typeof setTimeout> | undefined
  let ended = false
  const update = async () => {
    const fresh = await fetchList(options, kept, now())
    if (ended) return
    kept = fresh
    list = merged(fresh.prices)
    try {
      writeKept(options.file, fresh)
    } catch (error) {
      // They are good all the same; only the next process has to look for itself.
      logger.log('warn', 'prices updated but not kept', { error: String(error) })
    }
  }
  const look = async () => {
    try {
      await update()
      logger.log('debug', 'prices updated', { models: Object.keys(kept?.prices ?? {}).length })
    } catch (error) {
      logger.log('warn', 'prices not updated: the last good ones stay', { error: String(error) })
    }
    wait(everyMs)
  }
  const wait = (ms: number) => {
    if (!ended) timer = setTimeout(look, ms).unref()
  }
  return {
    prices: () => list,
    update,
    begin: () => wait(Math.max(FIRST_MS, (kept?.checked ?? 0) + everyMs - now())),
    end() {
      ended = true
      clearTimeout(timer)
    },
  }
}

async function fetchList(
  { url, version, fetch: ask = fetch }: PriceUpdateOptions,
  kept: Kept | undefined,
  now: number,
): Promise<Kept> {
  const etag = kept?.etag ?? undefined
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const headers = {
    accept: 'application/json',
    'user-agent': `ccproxy/${version}`,
    ...(etag && { 'if-none-match': etag }),
  }
  const reply = await ask(url, { headers, signal })
  if (reply.status === 304 && kept !== undefined) return { ...kept, checked: now }
  if (!reply.ok) throw wrong(url, `answered ${reply.status}`)
  const prices = readList(parseJson(await boundedText(reply, url)))
  if (Object.keys(prices).length < FEWEST) throw wrong(url, 'sent no list of prices')
  return { url, etag: reply.headers.get('etag'), checked: now, prices }
}

async function boundedText(reply: Response, url: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of reply.body ?? []) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw wrong(url, `sent more than ${MOST_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function wrong(url: string, what: string): ProxyError {
  return new ProxyError(
    'upstream_protocol',
    `Price list "${url}" ${what}: see scheduler.pricing_url`,
  )
}

/** The usable entries of LiteLLM's list by plain model name; an entry that goes by that very name wins. */
export function readList(value: unknown): Record<string, Listed> {
  const prices: Record<string, Listed> = {}
  if (!isRecord(value)) return prices
  const exact = new Set<string>()
  for (const [name, entry] of Object.entries(value)) {
    if (!Value.Check(Entry, entry) || !MODES.has(entry.mode ?? 'chat')) continue
    const plain = plainModel(name)
    if (plain === '' || exact.has(plain) || (plain !== name && Object.hasOwn(prices, plain)))
      continue
    // A free entry is a placeholder: a model that costs nothing has no price to tell.
    if (entry.input_cost_per_token === 0 && entry.output_cost_per_token === 0) continue
    if (plain === name) exact.add(plain)
    const rates = ratesOf(entry)
    const long = longOf({ ...entry }, rates)
    prices[plain] = long === undefined ? rates : { ...rates, long }
  }
  return prices
}

/** What the list leaves out of the cache is priced as Anthropic does, or as the input where nothing is cached. */
function ratesOf(entry: Entry): Rates {
  const input = perMillion(entry.input_cost_per_token)
  const write = entry.cache_creation_input_token_cost
  const write5m = typeof write === 'number' ? perMillion(write) : input
  const hour = entry.cache_creation_input_token_cost_above_1hr
  const read = entry.cache_read_input_token_cost
  return {
    input,
    output: perMillion(entry.output_cost_per_token),
    write5m,
    write1h: typeof hour === 'number' ? perMillion(hour) : Math.max(write5m, input * 2),
    read: typeof read === 'number' ? perMillion(read) : input,
  }
}

/** The list's first band of long prompts; what it leaves out costs as much as in a short one. */
function longOf(entry: Readonly<Record<string, unknown>>, short: Rates): Price['long'] {
  const bands = Object.keys(entry).flatMap((name) => BAND.exec(name)?.slice(1).map(Number) ?? [])
  if (bands.length === 0) return undefined
  const thousand = Math.min(...bands)
  const at = (name: string, otherwise: number) => {
    const price = entry[`${name}_above_${thousand}k_tokens`]
    return Value.Check(Cost, price) ? perMillion(price) : otherwise
  }
  const rates = {
    input: at('input_cost_per_token', short.input),
    output: at('output_cost_per_token', short.output),
    write5m: at('cache_creation_input_token_cost', short.write5m),
    write1h: at('cache_creation_input_token_cost_above_1hr', short.write1h),
    read: at('cache_read_input_token_cost', short.read),
  }
  return { above: thousand * 1000, rates }
}

function perMillion(perToken: number): number {
  return Math.round(perToken * MILLION * 1e6) / 1e6
}

/** The built-in table with the list's rates over it; a band that the list leaves out stays where the base rates still agree. */
function merged(prices: Readonly<Record<string, Listed>>): PriceList {
  const all: Record<string, Price> = { ...PRICES }
  for (const [model, listed] of Object.entries(prices)) {
    const own = ownValue(PRICES, model)
    const agrees = own?.input === listed.input && own.output === listed.output
    all[model] = { ...own, ...listed, long: listed.long ?? (agrees ? own?.long : undefined) }
  }
  return all
}

function readKept({ file, url }: PriceUpdateOptions): Kept | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // None yet: the built-in table is all there is.
    return undefined
  }
  const value = parseJson(text)
  return Value.Check(Kept, value) && value.url === url ? value : undefined
}

/** Replaces the file at once, so that nobody reads half of it. */
function writeKept(file: string, kept: Kept): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, JSON.stringify(kept), { mode: 0o600 })
  renameSync(fresh, file)
}
