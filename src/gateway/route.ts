import { ProxyError } from '../kit/error.ts'
import type { NamedUpstream } from '../provider/index.ts'
import { mayMap } from '../provider/mode.ts'
import type { Provider } from '../provider/provider.ts'
import type { Exchange } from './exchange.ts'

/** Who serves what, as the settings say. */
export interface Routes {
  readonly upstreams: ReadonlyMap<string, NamedUpstream>
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

/** The prefix under which foreign models are listed, so that Claude Code's picker takes them. */
export const FOREIGN = 'anthropic/'
/** What Claude Code adds to a name for the long context; no upstream knows it. */
const LONG_CONTEXT = /\[1m\]$/

/** The provider and model for an exchange; `/min` and `/pt` never map a name. */
export function chooseRoute(routes: Routes, exchange: Exchange, model?: string): Route {
  if (!mayMap(exchange.mode) || model === undefined) {
    return { provider: findUpstream(routes, exchange.provider ?? routes.default).provider, model }
  }
  const asked = model.replace(LONG_CONTEXT, '')
  const target = exchange.provider === undefined ? lookUp(routes.models, asked) : undefined
  if (target !== undefined) return targetRoute(routes, target)
  const listed = listedRoute(routes, asked)
  if (listed !== undefined) return listed
  const upstream = findUpstream(routes, exchange.provider ?? routes.default)
  return { provider: upstream.provider, model: nameAt(upstream, asked, exchange) }
}

/** Splits `provider/model` at the first `/` that ends a provider's name. */
function targetRoute(routes: Routes, target: string): Route {
  const split = splitTarget(routes, target)
  if (split === undefined) {
    const text = `routing.models names "${target}", which begins with no provider: use one of ${names(routes)}`
    throw new ProxyError('invalid_request', text, { field: 'model' })
  }
  const { upstream, model } = split
  return {
    provider: upstream.provider,
    model: forced(upstream) ?? lookUp(upstream.models, model) ?? model,
  }
}

/** `anthropic/<provider>/<upstream id>`, as lists of models name a foreign one. */
function listedRoute(routes: Routes, asked: string): Route | undefined {
  if (!asked.startsWith(FOREIGN)) return undefined
  const split = splitTarget(routes, asked.slice(FOREIGN.length))
  if (split === undefined) return undefined
  return { provider: split.upstream.provider, model: forced(split.upstream) ?? split.model }
}

/** A target's provider and its model's name there; undefined where it begins with no provider's name. */
export function splitTarget(
  routes: Routes,
  target: string,
): { upstream: NamedUpstream; model: string } | undefined {
  for (let slash = target.indexOf('/'); slash !== -1; slash = target.indexOf('/', slash + 1)) {
    const upstream = routes.upstreams.get(target.slice(0, slash))
    if (upstream !== undefined) return { upstream, model: target.slice(slash + 1) }
  }
  return undefined
}

function nameAt(upstream: NamedUpstream, asked: string, exchange: Exchange): string {
  const always = forced(upstream)
  if (always !== undefined) return always
  const own = lookUp(upstream.models, asked)
  if (own !== undefined) return own
  const isOpenAi = exchange.endpoint === 'chat' || exchange.endpoint === 'responses'
  const builtIn = isOpenAi ? lookUp(upstream.openAiModels, asked) : undefined
  return builtIn ?? upstream.defaultModel ?? asked
}

function forced(upstream: NamedUpstream): string | undefined {
  return upstream.forceModel ? upstream.defaultModel : undefined
}

/** The provider of a name; throws `not_found` naming the ones there are. */
export function findUpstream(routes: Routes, name: string): NamedUpstream {
  const upstream = routes.upstreams.get(name)
  if (upstream !== undefined) return upstream
  const text = `Provider "${name}" is not configured: use one of ${names(routes)}`
  throw new ProxyError('not_found', text)
}

/** An exact name wins; then the longest pattern that fits. */
function lookUp(models: Readonly<Record<string, string>>, model: string): string | undefined {
  if (Object.hasOwn(models, model)) return models[model]
  let best: string | undefined
  for (const pattern in models) {
    if (pattern.includes('*') && fits(pattern, model)) {
      if (best === undefined || pattern.length > best.length) best = pattern
    }
  }
  return best === undefined ? undefined : models[best]
}

/** Takes each part at its first place: no name of a client's can make it search long, as a regular expression could. */
function fits(pattern: string, model: string): boolean {
  const parts = pattern.split('*')
  const head = parts.shift() ?? ''
  const tail = parts.pop() ?? ''
  const end = model.length - tail.length
  if (end < head.length || !model.startsWith(head) || !model.endsWith(tail)) return false
  let at = head.length
  for (const part of parts) {
    const found = model.indexOf(part, at)
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

function names(routes: Routes): string {
  return [...routes.upstreams.keys()].map((name) => `"${name}"`).join(', ')
}
