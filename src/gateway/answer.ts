import { ProxyError } from '../kit/error.ts'
import { splice } from '../kit/json-splice.ts'
import { limitQuirk } from '../protocol/chat/limit-quirk.ts'
import type { Codec } from '../protocol/codec.ts'
import { CODECS } from '../protocol/index.ts'
import type { Note, ProtocolName } from '../protocol/protocol.ts'
import { readUpstreamError } from '../protocol/read-error.ts'
import { mayMap } from '../provider/mode.ts'
import type { PreparedCall } from '../provider/provider.ts'
import { answerCount } from './answer-count.ts'
import { condenseBody } from './condense-body.ts'
import { type ReadEnvelope, readEnvelope } from './envelope.ts'
import type { Endpoint, Exchange } from './exchange.ts'
import type { Hub } from './hub.ts'
import { type RelayCall, type Reply, relay } from './relay.ts'
import { openEarly, respond } from './respond.ts'
import { chooseRoute, type Route } from './route.ts'
import type { Settlement } from './settlement.ts'
import {
  type Translation,
  translate,
  withoutForeignItems,
  withoutForeignThinking,
} from './translate.ts'
import { Work } from './work.ts'

/** The protocol in which each endpoint's client speaks; lists of models have none of their own. */
const SPEAKS: Readonly<Record<Endpoint, Codec | undefined>> = {
  messages: CODECS.messages,
  count_tokens: CODECS.messages,
  upload: CODECS.messages,
  chat: CODECS.chat,
  responses: CODECS.responses,
  models: undefined,
  model: undefined,
}

/** The longest that a timer takes. */
const FOREVER_MS = 2_147_483_647

/** What one request becomes on its way up. */
interface Ascent {
  readonly body: Exchange['body']
  readonly path: string
  readonly notes: readonly Note[]
  readonly translation: Translation | undefined
}

/** The way of one exchange: envelope, route, request, reply. */
export async function answer(
  gateway: Hub,
  exchange: Exchange,
  settlement: Settlement,
): Promise<Response> {
  const envelope = readsBody(exchange) ? readEnvelope(exchange.body) : undefined
  settlement.model = envelope?.model
  const route = chooseRoute(gateway.options.routes, exchange, envelope?.model)
  const { provider } = route
  const spoken = SPEAKS[exchange.endpoint]
  const upstream = CODECS[wireOf(route, spoken)]
  const client = spoken ?? upstream
  const streams = envelope?.stream === true && exchange.endpoint !== 'count_tokens'
  settlement.route = route
  settlement.protocol = spoken?.name
  settlement.wire = upstream.name
  settlement.stream = streams
  settlement.metadata = envelope?.metadataSpan
  settlement.started()
  const foreign = client !== upstream || provider.answersOnly === true
  if (foreign && exchange.endpoint === 'count_tokens') {
    return answerCount(exchange, route, settlement)
  }
  if (foreign && exchange.endpoint === 'upload') throw noUploads(exchange, route)
  const ascent =
    client === upstream
      ? passUp(exchange, route, envelope)
      : translateUp(exchange, route, envelope, client, upstream, settlement)
  const preparing = prepare(exchange, route, ascent)
  const prepared = preparing instanceof Promise ? await preparing : preparing
  learn(settlement, ascent, prepared)
  const { translation } = ascent
  const work = new Work({
    gateway,
    exchange,
    settlement,
    call: relayCall(gateway, exchange, settlement, route, prepared, translation),
    route,
    client,
    upstream,
    translation,
    streams,
  })
  const reply = send(work)
  const earlyOpenMs = mayOpenEarly(work) ? gateway.options.timing.earlyOpenMs : Infinity
  const begun = await (earlyOpenMs === Infinity ? reply : within(reply, earlyOpenMs))
  return begun === undefined ? openEarly(work, reply) : respond(work, begun)
}

/** What the upstream is spoken to in. */
function wireOf({ provider, model }: Route, client: Codec | undefined): ProtocolName {
  if (client === undefined || model === undefined) return provider.wire
  return provider.wireFor?.(client.name, model) ?? provider.wire
}

/** What the way up tells of an exchange. */
function learn(settlement: Settlement, ascent: Ascent, { notes, planLogin }: PreparedCall): void {
  settlement.notes = notes === undefined ? ascent.notes : [...ascent.notes, ...notes]
  settlement.planLogin = planLogin === true
}

/** The client's bytes as they came, but for a mapped model name. */
function passUp(exchange: Exchange, route: Route, envelope: ReadEnvelope | undefined): Ascent {
  const { path } = exchange
  if (!readsBody(exchange) || envelope === undefined || !mayMap(exchange.mode)) {
    return { body: exchange.body, path, notes: [], translation: undefined }
  }
  const named =
    route.model === envelope.model
      ? exchange.body
      : splice(exchange.body, envelope.modelSpan, JSON.stringify(route.model))
  return { ...withoutForeign(exchange.endpoint, named), path, translation: undefined }
}

/** The body without what we made for another upstream, where the client's protocol carries that. */
function withoutForeign(endpoint: Endpoint, body: Uint8Array): Pick<Ascent, 'body' | 'notes'> {
  switch (endpoint) {
    case 'messages':
    case 'count_tokens':
      return withoutForeignThinking(body)
    case 'responses':
      return withoutForeignItems(body)
    default:
      return { body, notes: [] }
  }
}

function translateUp(
  exchange: Exchange,
  route: Route,
  envelope: ReadEnvelope | undefined,
  client: Codec,
  upstream: Codec,
  settlement: Settlement,
): Ascent {
  if (!readsBody(exchange) || envelope === undefined) {
    throw new ProxyError('internal', `No body to translate for "${exchange.endpoint}"`)
  }
  const model = route.model ?? envelope.model
  const translation = translate({
    client,
    upstream,
    body: exchange.body,
    condensed: condenseBody(exchange.body, envelope),
    asked: envelope.model,
    model,
    profile: route.provider.profile?.(model),
    defaultMaxTokens: route.provider.defaultMaxTokens,
    requestId: exchange.id,
    told: settlement,
  })
  return { body: translation.body, path: upstream.path, notes: translation.notes, translation }
}

function prepare(
  exchange: Exchange,
  route: Route,
  ascent: Ascent,
): PreparedCall | Promise<PreparedCall> {
  return route.provider.prepare({
    mode: exchange.mode,
    method: exchange.method,
    path: ascent.path,
    clientHeaders: exchange.headers,
    body: ascent.body,
    clientCredential: exchange.credential,
    callerKey: exchange.callerKey,
    translated: ascent.translation !== undefined,
    betas: ascent.translation?.betas ?? [],
    session: exchange.session,
    client: exchange.client.name,
  })
}

function relayCall(
  gateway: Hub,
  exchange: Exchange,
  tries: Settlement,
  route: Route,
  prepared: PreparedCall,
  translation: Translation | undefined,
): RelayCall {
  const { timing } = gateway.options
  const own = route.provider.watchesSilence === true
  return {
    provider: route.provider,
    prepared,
    tries,
    controller: new AbortController(),
    headerTimeoutMs: own ? FOREVER_MS : timing.headerTimeoutMs,
    idleTimeoutMs: own ? FOREVER_MS : timing.idleTimeoutMs,
    pool: gateway.pool,
    raw: exchange.endpoint === 'upload',
    waits: exchange.mode !== 'passthrough' || translation !== undefined,
    opens: undefined,
  }
}

/** From here on the client's leaving and the drain end the call. */
function keepEndable(work: Work): void {
  const { gateway, exchange, running, settlement } = work
  const leave = () => {
    const { reason } = exchange.signal
    if (reason instanceof ProxyError) running.end(reason)
    else running.leave()
  }
  if (exchange.signal.aborted) leave()
  else exchange.signal.addEventListener('abort', leave)
  settlement.onSettled(gateway.track(running))
}

function mayOpenEarly({ streams, exchange }: Work): boolean {
  return streams && exchange.mode !== 'passthrough'
}

function send(work: Work): Promise<Reply> {
  keepEndable(work)
  const { call, translation } = work
  if (translation === undefined) return relay(call)
  const opens = (chunk: Uint8Array | undefined) => work.opens(chunk)
  const sent = work.streams ? { ...call, opens } : call
  return translation.upstream.name === 'chat' ? relayToChat(work, sent, translation) : relay(sent)
}

/** An upstream that wants the other name of the token limit, or a lower one, is believed, once and from then on. */
async function relayToChat(work: Work, call: RelayCall, translation: Translation): Promise<Reply> {
  const { route, exchange } = work
  const reply = await relay(call)
  if (reply.status !== 400 || reply.kind !== 'body') return reply
  const body = new TextDecoder().decode(reply.bytes)
  const { message } = readUpstreamError({ status: 400, body })
  const quirk = limitQuirk(message, translation.profile)
  const model = route.model
  if (quirk === undefined || model === undefined) return reply
  route.provider.learn?.(model, quirk)
  const envelope = readsBody(exchange) ? readEnvelope(exchange.body) : undefined
  const { client, upstream, settlement } = work
  const ascent = translateUp(exchange, route, envelope, client, upstream, settlement)
  work.translation = ascent.translation
  const prepared = await prepare(exchange, route, ascent)
  learn(settlement, ascent, prepared)
  return relay({ ...call, prepared })
}

/** The reply, or undefined where it does not come in time. */
function within(reply: Promise<Reply>, ms: number): Promise<Reply | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms)
    reply.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function readsBody(exchange: Exchange): exchange is Exchange & { readonly body: Uint8Array } {
  return exchange.body instanceof Uint8Array && exchange.endpoint !== 'upload'
}

function noUploads(exchange: Exchange, route: Route): ProxyError {
  const { name, kind } = route.provider
  const what = /^\/v1\/(messages\/batches|files|skills)/.exec(exchange.path)?.[1] ?? 'this'
  const text = `Upstream "${name}" (${kind}) has no ${what}: use an Anthropic provider, as under /api`
  return new ProxyError('not_found', text)
}
