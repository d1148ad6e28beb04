import { ProxyError } from '../kit/error.ts'
import type { Provider } from '../provider/provider.ts'
import type { Exchange } from './exchange.ts'

/** A provider with the map of its model names. */
export interface Upstream {
  readonly provider: Provider
  /** From the client's name, exact or with `*`, to the upstream's. */
  readonly models: Readonly<Record<string, string>>
}

/** Who serves what, as the settings say. */
export interface Routes {
  readonly upstreams: ReadonlyMap<string, Upstream>
  /** The provider's name of `routing.default`. */
  readonly default: string
  /** From the client's model name to `provider/model`. */
  readonly models: Readonly<Record<string, string>>
}

/** Where one exchange goes. */
export interface Route {
  readonly provider: Provider
  /** The model's name at the upstream; undefined where the request names none. */
  readonly model: string | undefined
}

/** The provider and model for an exchange; `/min` and `/pt` never map a name. */
export function chooseRoute(routes: Routes, exchange: Exchange, model?: string): Route {
  const maps = exchange.mode === 'full'
  if (maps && exchange.provider === undefined && model !== undefined) {
    const target = lookUp(routes.models, model)
    if (target !== undefined) return targetRoute(routes, target)
  }
  const upstream = findUpstream(routes, exchange.provider ?? routes.default)
  const mapped = maps && model !== undefined ? lookUp(upstream.models, model) : undefined
  return { provider: upstream.provider, model: mapped ?? model }
}

/** Splits `provider/model` at the first `/` that ends a provider's name. */
function targetRoute(routes: Routes, target: string): Route {
  for (let slash = target.indexOf('/'); slash !== -1; slash = target.indexOf('/', slash + 1)) {
    const upstream = routes.upstreams.get(target.slice(0, slash))
    if (upstream === undefined) continue
    const model = target.slice(slash + 1)
    return { provider: upstream.provider, model: lookUp(upstream.models, model) ?? model }
  }
  throw new ProxyError(
    'invalid_request',
    `routing.models names "${target}", which begins with no provider: use one of ${names(routes)}`,
    { field: 'model' },
  )
}

/** The provider of a name; throws `not_found` naming the ones there are. */
export function findUpstream(routes: Routes, name: string): Upstream {
  const upstream = routes.upstreams.get(name)
  if (upstream !== undefined) return upstream
  throw new ProxyError(
    'not_found',
    `Provider "${name}" is not configured: use one of ${names(routes)}`,
  )
}

/** An exact name wins; then the longest pattern that fits. */
function lookUp(models: Readonly<Record<string, string>>, model: string): string | undefined {
  if (Object.hasOwn(models, model)) return models[model]
  let best: string | undefined
  for (const pattern of Object.keys(models)) {
    if (pattern.includes('*') && fits(pattern, model)) {
      if (best === undefined || pattern.length > best.length) best = pattern
    }
  }
  return best === undefined ? undefined : models[best]
}

function fits(pattern: string, model: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(model)
}

function names(routes: Routes): string {
  return [...routes.upstreams.keys()].map((name) => `"${name}"`).join(', ')
}
