import { ProxyError } from '../kit/error.ts'
import { copyResponseHeaders } from '../kit/headers.ts'
import type { ByteMachine } from '../kit/machine.ts'
import { Pump, type Source } from '../kit/pump.ts'
import { messagesErrors } from '../protocol/messages/error.ts'
import { createMessagesTap } from '../protocol/messages/tap.ts'
import { readUpstreamError } from '../protocol/read-error.ts'
import { checkReply } from './check-reply.ts'
import type { Exchange } from './exchange.ts'
import type { Hub, Running } from './hub.ts'
import { passRaw, passUntouched, passWhole } from './passthrough.ts'
import type { RelayCall, Reply } from './relay.ts'
import { endingOf, type Settlement } from './settlement.ts'

/** What one exchange works with once it is under way. */
export interface Work {
  readonly gateway: Hub
  readonly exchange: Exchange
  readonly settlement: Settlement
  readonly call: RelayCall
  /** The model's name at the upstream. */
  readonly model: string | undefined
  /** Who ends the exchange calls this; a stream takes it over when it begins. */
  readonly running: Running
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8'
const PING = 'event: ping\ndata: {"type": "ping"}\n\n'

/** The client's response to what the upstream answered. */
export function respond(work: Work, reply: Reply): Response {
  const { settlement } = work
  settlement.status = reply.status
  settlement.requestId = reply.headers.get('request-id') ?? undefined
  const headers = headersFor(work, copyResponseHeaders(reply.headers))
  if (reply.kind === 'body') return respondBody(work, reply, headers)
  if (reply.kind === 'events') headers.set('x-accel-buffering', 'no')
  const machine = reply.kind === 'raw' ? passRaw() : eventMachine(work)
  return new Response(pumped(work, reply.source, machine), { status: reply.status, headers })
}

/** A stream that begins before its upstream has answered: 200 and pings, errors within. */
export function openEarly(work: Work, reply: Promise<Reply>): Response {
  const headers = headersFor(work, new Headers({ 'content-type': EVENT_STREAM }))
  headers.set('cache-control', 'no-cache')
  headers.set('x-accel-buffering', 'no')
  const source = reply.then((late) => lateSource(work, late))
  return new Response(pumped(work, source, eventMachine(work)), { status: 200, headers })
}

function lateSource(work: Work, reply: Reply): Source | Promise<Source> {
  work.settlement.requestId = reply.headers.get('request-id') ?? undefined
  if (reply.kind !== 'body') return reply.source
  if (reply.status >= 400) {
    const body = new TextDecoder().decode(reply.bytes)
    throw readUpstreamError({ status: reply.status, body })
  }
  throw new ProxyError(
    'upstream_protocol',
    'Upstream answered a streaming request without a stream',
  )
}

function respondBody(
  work: Work,
  reply: Extract<Reply, { kind: 'body' }>,
  headers: Headers,
): Response {
  const { exchange, settlement } = work
  const checked = checkReply(reply, exchange)
  const tap = createMessagesTap()
  tap.reply(checked.bytes)
  settlement.usage = tap.usage
  settlement.status = checked.status
  settlement.firstByte()
  if (checked.contentType !== undefined) headers.set('content-type', checked.contentType)
  const ending = checked.status >= 400 ? 'upstream_error' : 'complete'
  settlement.settle(ending, checked.bytes.length, checked.error)
  return new Response(checked.bytes, { status: checked.status, headers })
}

/** The passed-through stream's machine: untouched under `/pt`, whole events with pings elsewhere. */
function eventMachine(work: Work): ByteMachine {
  const { exchange, settlement } = work
  const tap = createMessagesTap()
  settlement.usage = tap.usage
  if (exchange.mode === 'passthrough') return passUntouched(tap)
  return passWhole({ tap, errors: messagesErrors, requestId: exchange.id, ping: PING })
}

function pumped(
  work: Work,
  source: Source | Promise<Source>,
  machine: ByteMachine,
): ReadableStream<Uint8Array> {
  const { gateway, settlement, call, running, exchange } = work
  const { timing, ticker } = gateway.options
  const pump = new Pump({
    source,
    machine,
    ticker,
    pingAfter: timing.pingAfterMs,
    idleAfter: timing.idleTimeoutMs,
    cancel: (reason) => call.controller.abort(reason),
    firstByte: () => settlement.firstByte(),
    settled({ bytes, left, error }) {
      if (left) settlement.settle('client_left', bytes)
      else if (error === undefined) settlement.settle('complete', bytes)
      else settlement.settle(endingOf(error), bytes, error)
      if (!left && error === undefined) gateway.pool.free(call.prepared.url)
    },
  })
  running.end = (reason) => pump.end(reason)
  running.leave = () => pump.leave()
  if (exchange.signal.aborted) pump.leave()
  return pump.stream()
}

function headersFor(work: Work, headers: Headers): Headers {
  const { provider } = work.call
  const upstream = work.model === undefined ? provider.name : `${provider.name}/${work.model}`
  headers.set('x-ccproxy-upstream', upstream.replace(/[^\x20-\x7e]/g, '?'))
  return headers
}
