import { ProxyError } from '../kit/error.ts'
import { splice } from '../kit/json-splice.ts'
import { readEnvelope } from './envelope.ts'
import type { Exchange } from './exchange.ts'
import type { Hub, Running } from './hub.ts'
import { type RelayCall, type Reply, relay } from './relay.ts'
import { openEarly, respond, type Work } from './respond.ts'
import { chooseRoute } from './route.ts'
import type { Settlement } from './settlement.ts'

/** The way of one exchange: envelope, route, request, reply. */
export async function answer(
  gateway: Hub,
  exchange: Exchange,
  settlement: Settlement,
): Promise<Response> {
  const envelope = readsBody(exchange) ? readEnvelope(exchange.body) : undefined
  settlement.model = envelope?.model
  const { provider, model } = chooseRoute(gateway.options.routes, exchange, envelope?.model)
  settlement.upstream = provider.name
  const body =
    readsBody(exchange) && envelope !== undefined && model !== envelope.model
      ? splice(exchange.body, envelope.modelSpan, JSON.stringify(model))
      : exchange.body
  const prepared = await provider.prepare({
    mode: exchange.mode,
    method: exchange.method,
    path: exchange.path,
    clientHeaders: exchange.headers,
    body,
    clientCredential: exchange.credential,
  })
  const { timing } = gateway.options
  const call: RelayCall = {
    provider,
    prepared,
    controller: new AbortController(),
    headerTimeoutMs: timing.headerTimeoutMs,
    idleTimeoutMs: timing.idleTimeoutMs,
    pool: gateway.pool,
    raw: exchange.endpoint === 'upload',
    waits: exchange.mode !== 'passthrough',
  }
  const streams = envelope?.stream === true && exchange.endpoint !== 'count_tokens'
  return run({ gateway, exchange, settlement, call, model, running: runningOf(call) }, streams)
}

/** Sends the call. From here on the client's leaving and the drain end it. */
async function run(work: Work, streams: boolean): Promise<Response> {
  const { gateway, exchange, call, running, settlement } = work
  const leave = () => {
    const { reason } = exchange.signal
    if (reason instanceof ProxyError) running.end(reason)
    else running.leave()
  }
  if (exchange.signal.aborted) leave()
  else exchange.signal.addEventListener('abort', leave, { once: true })
  settlement.onSettled(gateway.track(running))
  const reply = relay(call)
  const mayOpenEarly = streams && exchange.mode !== 'passthrough'
  const earlyOpenMs = mayOpenEarly ? gateway.options.timing.earlyOpenMs : Number.POSITIVE_INFINITY
  const begun = await within(reply, earlyOpenMs)
  return begun === undefined ? openEarly(work, reply) : respond(work, begun)
}

/** Until a stream has begun, whoever ends the exchange ends the upstream request. */
function runningOf(call: RelayCall): Running {
  return {
    end: (reason) => call.controller.abort(reason),
    leave: () =>
      call.controller.abort(new ProxyError('client_closed', 'Client closed the request')),
  }
}

/** The reply, or undefined where it does not come in time. */
function within(reply: Promise<Reply>, ms: number): Promise<Reply | undefined> {
  if (ms === Number.POSITIVE_INFINITY) return reply
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms)
    reply.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function readsBody(exchange: Exchange): exchange is Exchange & { readonly body: Uint8Array } {
  return exchange.body instanceof Uint8Array && exchange.endpoint !== 'upload'
}
