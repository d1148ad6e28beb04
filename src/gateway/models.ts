import { ProxyError } from '../kit/error.ts'
import { isRecord, parseJson } from '../kit/json.ts'
import { CODECS } from '../protocol/index.ts'
import { readUpstreamError } from '../protocol/read-error.ts'
import type { NamedUpstream } from '../provider/index.ts'
import type { Exchange } from './exchange.ts'
import type { Gateway } from './gateway.ts'
import { FOREIGN, findUpstream, splitTarget } from './route.ts'

/** More pages than this are not asked for: no account has that many models. */
const MAX_PAGES = 10
const PAGE = 1000

/** What every list of models boils down to. */
interface Model {
  readonly id: string
  /** Seconds since the epoch. */
  readonly created: number
  readonly ownedBy: string
}

/**
 * Lists models, or one model, in the client's shape. An upstream's own list passes untouched where it is in that shape
 * already; for Anthropic's clients foreign models are named `anthropic/<provider>/<id>`, which is taken back everywhere.
 */
export async function answerModels(gateway: Gateway, exchange: Exchange): Promise<Response> {
  const { routes } = gateway.options
  const upstream = findUpstream(routes, exchange.provider ?? routes.default)
  const isAnthropic = upstream.provider.wire === 'messages'
  const wantsAnthropic = exchange.shape === 'messages'
  if (exchange.endpoint === 'model') return oneModel(gateway, exchange, isAnthropic)
  const others = foreignUpstreams(gateway, exchange).filter((other) => other !== upstream)
  if (isAnthropic && wantsAnthropic) {
    return others.length === 0 ? gateway.handle(exchange) : withForeign(gateway, exchange, others)
  }
  if (!isAnthropic && !wantsAnthropic) return ownList(gateway, exchange, upstream)
  const { reply, models } = await listOf(gateway, exchange, upstream)
  if (!reply.ok) return inShape(reply, exchange)
  if (!wantsAnthropic) return withBody(reply, openAiList(models))
  const named = models.map((model) => foreign(model, upstream.provider.name))
  const more = await Promise.all(others.map((other) => foreignModels(gateway, exchange, other)))
  return withBody(reply, anthropicList([...named, ...more.flat()]))
}

/** An upstream's list as it is; where it has none, the models that the settings name. */
async function ownList(
  gateway: Gateway,
  exchange: Exchange,
  upstream: NamedUpstream,
): Promise<Response> {
  const reply = await gateway.handle(exchange)
  const models = configured(upstream)
  if (hasNone(reply) && models.length > 0) return withBody(new Response(null), openAiList(models))
  if (!reply.ok) return reply
  const bytes = await reply.bytes()
  const list = parseJson(new TextDecoder().decode(bytes))
  if (Array.isArray(list)) return withBody(reply, openAiList(modelsIn(list, false)))
  return new Response(bytes, { status: reply.status, headers: reply.headers })
}

async function oneModel(
  gateway: Gateway,
  exchange: Exchange,
  isAnthropic: boolean,
): Promise<Response> {
  const wantsAnthropic = exchange.shape === 'messages'
  const id = idIn(exchange.path)
  const named = id.startsWith(FOREIGN) ? id.slice(FOREIGN.length) : undefined
  const split = named && splitTarget(gateway.options.routes, named)
  if (split) {
    const { name: provider, wire } = split.upstream.provider
    const path = `/v1/models/${split.model.split('/').map(encodeURIComponent).join('/')}`
    const reply = await gateway.handle({ ...exchange, provider, path })
    return reshapeOne(reply, exchange, wire === 'messages', id)
  }
  const reply = await gateway.handle(exchange)
  return isAnthropic === wantsAnthropic ? reply : reshapeOne(reply, exchange, isAnthropic, id)
}

/** The id that a path asks for; one that would climb out of the list of models is none. */
function idIn(path: string): string {
  const coded = path.slice('/v1/models/'.length).split('?')[0] ?? ''
  let id = ''
  try {
    id = decodeURIComponent(coded)
  } catch (cause) {
    throw new ProxyError('invalid_request', `Model "${coded}" is not percent-encoded`, { cause })
  }
  if (!/(^|\/)\.{1,2}(\/|$)/.test(id)) return id
  throw new ProxyError('not_found', `Model "${id}" does not exist: see /v1/models`)
}

async function reshapeOne(
  reply: Response,
  exchange: Exchange,
  isAnthropic: boolean,
  id: string,
): Promise<Response> {
  if (!reply.ok) return inShape(reply, exchange)
  const model = modelOf(parseJson(await reply.text()), isAnthropic)
  if (model === undefined) throw new ProxyError('upstream_protocol', 'Upstream named no model')
  const named = { ...model, id }
  return withBody(reply, exchange.shape === 'messages' ? toAnthropic(named) : toOpenAi(named))
}

/** Every page of an upstream's list. */
async function listOf(
  gateway: Gateway,
  exchange: Exchange,
  upstream: NamedUpstream,
): Promise<{ reply: Response; models: Model[] }> {
  const isAnthropic = upstream.provider.wire === 'messages'
  const models: Model[] = []
  let after = ''
  for (let page = 0; ; page += 1) {
    const query = isAnthropic
      ? `?limit=${PAGE}${after && `&after_id=${encodeURIComponent(after)}`}`
      : ''
    const { name } = upstream.provider
    const reply = await gateway.handle({ ...exchange, provider: name, path: `/v1/models${query}` })
    if (hasNone(reply))
      return { reply: new Response(null, { status: 200 }), models: configured(upstream) }
    if (!reply.ok) return { reply, models }
    const list = parseJson(await reply.text())
    models.push(...modelsIn(list, isAnthropic))
    const last = isRecord(list) && list.has_more === true ? list.last_id : undefined
    if (typeof last !== 'string' || page + 1 === MAX_PAGES) return { reply, models }
    after = last
  }
}

/** Anthropic's own list with the models of other providers behind it, for Claude Code's picker. */
async function withForeign(
  gateway: Gateway,
  exchange: Exchange,
  others: readonly NamedUpstream[],
): Promise<Response> {
  const reply = await gateway.handle(exchange)
  if (!reply.ok) return reply
  const list = parseJson(await reply.text())
  if (!isRecord(list) || !Array.isArray(list.data) || list.has_more === true) {
    return withBody(reply, list)
  }
  const lists = await Promise.all(
    others.map((upstream) => foreignModels(gateway, exchange, upstream)),
  )
  const data = [...list.data, ...lists.flat().map(toAnthropic)]
  const last = data.at(-1)
  return withBody(reply, { ...list, data, last_id: isRecord(last) ? last.id : list.last_id })
}

/** A provider that does not answer must not hide the others: it is left out, and the log has its line. */
async function foreignModels(
  gateway: Gateway,
  exchange: Exchange,
  upstream: NamedUpstream,
): Promise<Model[]> {
  try {
    const { models } = await listOf(gateway, exchange, upstream)
    return models.map((model) => foreign(model, upstream.provider.name))
  } catch (error) {
    if (error instanceof ProxyError) return []
    throw error
  }
}

function foreignUpstreams(gateway: Gateway, exchange: Exchange): NamedUpstream[] {
  if (exchange.provider !== undefined || exchange.mode !== 'full') return []
  return [...gateway.options.routes.upstreams.values()].filter(
    ({ provider }) => provider.wire !== 'messages',
  )
}

/** What the settings name, for an upstream that lists nothing. */
function configured({ models, defaultModel, provider }: NamedUpstream): Model[] {
  const ids = new Set([
    ...(defaultModel === undefined ? [] : [defaultModel]),
    ...Object.values(models),
  ])
  return [...ids].map((id) => ({ id, created: 0, ownedBy: provider.name }))
}

/** An upstream's error in the shape that the client reads. */
async function inShape(reply: Response, exchange: Exchange): Promise<Response> {
  const error = readUpstreamError({ status: reply.status, body: await reply.text() })
  const body = CODECS[exchange.shape].errors.body(error, exchange.id)
  return new Response(body, { status: error.status, headers: reply.headers })
}

function foreign(model: Model, provider: string): Model {
  return { ...model, id: `${FOREIGN}${provider}/${model.id}` }
}

/** The entries of a list; Together sends them bare (2026-11). */
function modelsIn(list: unknown, isAnthropic: boolean): Model[] {
  const data: unknown = isRecord(list) ? list.data : list
  const entries: unknown[] = Array.isArray(data) ? data : []
  return entries.flatMap((entry) => modelOf(entry, isAnthropic) ?? [])
}

function modelOf(entry: unknown, isAnthropic: boolean): Model | undefined {
  if (!isRecord(entry) || typeof entry.id !== 'string') return undefined
  const created = isAnthropic ? Date.parse(String(entry.created_at)) / 1000 : Number(entry.created)
  return {
    id: entry.id,
    created: Number.isFinite(created) ? created : 0,
    ownedBy: isAnthropic ? 'anthropic' : String(entry.owned_by ?? 'unknown'),
  }
}

/** @see wire.md 2.4 */
function toOpenAi({ id, created, ownedBy }: Model): object {
  return { id, object: 'model', created, owned_by: ownedBy }
}

/** @see wire.md 1.9 */
function toAnthropic({ id, created }: Model): { id: string; [key: string]: unknown } {
  return {
    type: 'model',
    id,
    display_name: id.slice(id.lastIndexOf('/') + 1),
    created_at: new Date(created * 1000).toISOString(),
  }
}

/** Whether an upstream has no list of models at all. */
function hasNone(reply: Response): boolean {
  return reply.status === 404 || reply.status === 405 || reply.status === 501
}

function openAiList(models: readonly Model[]): object {
  return { object: 'list', data: models.map(toOpenAi) }
}

function anthropicList(models: readonly Model[]): object {
  const data = models.map(toAnthropic)
  return {
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  }
}

function withBody(reply: Response, body: unknown): Response {
  const headers = new Headers(reply.headers)
  headers.set('content-type', 'application/json')
  return new Response(JSON.stringify(body), { status: reply.status, headers })
}
