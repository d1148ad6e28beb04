import { ownValue } from '../kit/own-value.ts'
import type { Usage } from '../protocol/protocol.ts'
import { PRICES, type Price, type Rates } from './price-table.ts'

/** A search that the upstream makes costs this much, USD. @see wire.md 1.12 */
const WEB_SEARCH = 0.01
const REGIONAL = 1.1
const BATCH = 0.5
const PER_MILLION = 1e-6

/** Where a model was asked, as far as that changes its price. */
export interface Place {
  /** The provider's kind: `anthropic`, `bedrock`, `vertex`, … */
  readonly kind: string | undefined
  /** For a cloud whose model names do not say it: whether its endpoint is a regional one. */
  readonly regional?: boolean | undefined
}

/** Prices by a model's plain name. */
export type PriceList = Readonly<Record<string, Price>>

/**
 * A model's name as price lists have it: without a provider before it, a date, a version or a mark behind it;
 * `us.anthropic.claude-sonnet-4-5-20250929-v1:0` and `claude-sonnet-4.5[1m]` are both `claude-sonnet-4-5`.
 */
export function plainModel(model: string): string {
  let name = model.toLowerCase().trim()
  name = name.slice(name.lastIndexOf('/') + 1)
  const vendor = name.lastIndexOf('anthropic.')
  if (vendor !== -1) name = name.slice(vendor + 'anthropic.'.length)
  name = name.replace(/\[\w+\]$/, '')
  const version = name.search(/[@:]/)
  if (version !== -1) name = name.slice(0, version)
  name = name.replace(/-v\d+$/, '').replace(/-(?:latest|default)$/, '')
  // Dates as 20250929 and as 2025-09-29.
  name = name.replace(/-20\d{6}$/, '').replace(/-20\d\d-\d\d-\d\d$/, '')
  return name.startsWith('claude-') ? name.replaceAll('.', '-') : name
}

/** What was looked up in a list; a list never changes, a newer one is another. */
const looked = new WeakMap<PriceList, Map<string, Price | undefined>>()
/** Names are the clients' to choose: more than these are forgotten. */
const MOST_LOOKED = 1000

/** The price of a model, by its own name first and then by its plain one; undefined where none is known. */
export function priceOf(model: string, list: PriceList = PRICES): Price | undefined {
  let known = looked.get(list)
  if (known === undefined || known.size > MOST_LOOKED) {
    known = new Map()
    looked.set(list, known)
  }
  if (known.has(model)) return known.get(model)
  const price = ownValue(list, model) ?? ownValue(list, plainModel(model))
  known.set(model, price)
  return price
}

/**
 * What a reply costs by the list, USD; undefined where the model has no known price, or where nothing was counted.
 * @see wire.md 1.12
 */
export function costOf(
  usage: Usage,
  model: string | undefined,
  place: Place,
  list: PriceList = PRICES,
): number | undefined {
  if (model === undefined || (usage.input === undefined && usage.output === undefined)) {
    return undefined
  }
  const price = priceOf(model, list)
  if (price === undefined) return undefined
  const { input = 0, output = 0, cacheRead = 0, cacheWrite1h = 0 } = usage
  const written = Math.max(usage.cacheWrite ?? 0, (usage.cacheWrite5m ?? 0) + cacheWrite1h)
  const prompt = input + cacheRead + written
  const rates: Rates =
    price.long !== undefined && prompt > price.long.above ? price.long.rates : price
  const tokens =
    input * rates.input +
    output * rates.output +
    cacheRead * rates.read +
    cacheWrite1h * rates.write1h +
    // What was written to the cache without saying for how long is written for five minutes, the default.
    (written - cacheWrite1h) * rates.write5m
  const searches = (usage.webSearches ?? 0) * WEB_SEARCH
  return tokens * PER_MILLION * factor(usage, price, model, place) + searches
}

function factor(usage: Usage, price: Price, model: string, place: Place): number {
  let factor = 1
  if (usage.fast === true) factor *= price.fast ?? 1
  if (usage.batch === true) factor *= BATCH
  if (price.surcharges === true && (usage.usOnly === true || isRegional(model, place))) {
    factor *= REGIONAL
  }
  return factor
}

/** Bedrock's model names say where they run; only `global.` is not bound to a region. */
function isRegional(model: string, { kind, regional }: Place): boolean {
  if (regional !== undefined) return regional
  return kind === 'bedrock' && !model.startsWith('global.')
}
