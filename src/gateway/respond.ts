import { ProxyError } from '../kit/error.ts'
import { copyResponseHeaders } from '../kit/headers.ts'
import { isRecord, parseJson } from '../kit/json.ts'
import { parseExact } from '../kit/json-exact.ts'
import type { ByteMachine } from '../kit/machine.ts'
import { Pump, type Source } from '../kit/pump.ts'
import { tapUsage } from '../protocol/messages/usage.ts'
import type { Message, Note, Noted } from '../protocol/protocol.ts'
import { readUpstreamError } from '../protocol/read-error.ts'
import { readPlanLimits } from '../record/plan-limits.ts'
import { type BodyReply, type CheckedReply, checkReply } from './check-reply.ts'
import { keepReply } from './keep-reply.ts'
import { setNotes, setOwnHeaders } from './own-headers.ts'
import { passRaw } from './passthrough.ts'
import { type Reply, readOn } from './relay.ts'
import { ALL_READ, asBody, asEvents, foldEvents } from './reshape.ts'
import { noteUnheld, type Translation } from './translate.ts'
import type { Work } from './work.ts'

const EVENT_STREAM = 'text/event-stream; charset=utf-8'
type StreamReply = Exclude<Reply, BodyReply>

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** The client's response to what the upstream answered. */
export function respond(work: Work, reply: Reply): Response | Promise<Response> {
  const { settlement } = work
  settlement.status = reply.status
  settlement.requestId = upstreamId(reply)
  settlement.limits = readPlanLimits(reply.headers)
  const headers = headersFor(work, copyResponseHeaders(reply.headers))
  // x-request-id will be ours: the upstream's own stays under Anthropic's name for it.
  if (settlement.requestId !== undefined) headers.set('request-id', settlement.requestId)
  if (reply.kind === 'raw') {
    const { source, status } = reply
    return new Response(pumped(work, source, passRaw()), { status, headers })
  }
  if (reply.kind === 'body') {
    if (turnsToStream(work, reply))
      return streamResponse(work, reply.status, lateBody(work, reply, headers), headers)
    return respondBody(work, reply, headers)
  }
  if (work.streams || work.untouched) {
    return streamResponse(work, reply.status, reply.source, headers)
  }
  return respondFolded(work, reply, headers)
}

/** A stream where a whole reply was asked for, as that reply. */
async function respondFolded(work: Work, reply: StreamReply, headers: Headers): Promise<Response> {
  const { translation } = work
  if (translation !== undefined) {
    const { upstream, read } = translation
    const folded = await readOn(work.call, reply.source, (source) =>
      foldEvents(upstream, source, read),
    )
    return whole(work, reply.status, writeMessage(work, translation, folded, headers), headers)
  }
  const bytes = await readOn(work.call, reply.source, (source) =>
    asBody(work.upstream, source, work.model),
  )
  headers.set('content-type', 'application/json')
  return respondBody(work, { ...reply, kind: 'body', bytes }, headers)
}

/** A stream that begins before its upstream has answered: 200 and pings, errors within. */
export function openEarly(work: Work, reply: Promise<Reply>): Response {
  const headers = headersFor(work, new Headers({ 'cache-control': 'no-cache' }))
  const source = reply.then((late) => {
    work.settlement.requestId = upstreamId(late)
    work.settlement.limits = readPlanLimits(late.headers)
    return late.kind === 'body' ? lateBody(work, late) : late.source
  })
  // A client that leaves just now never reads it; the failure is then nobody's any more.
  source.catch(() => undefined)
  return streamResponse(work, 200, source, headers)
}

function streamResponse(
  work: Work,
  status: number,
  source: Source | Promise<Source>,
  headers: Headers,
): Response {
  if (!headers.get('content-type')?.startsWith('text/event-stream')) {
    headers.set('content-type', EVENT_STREAM)
  }
  headers.set('x-accel-buffering', 'no')
  return new Response(pumped(work, source, work.machine()), { status, headers })
}

/** An upstream that answers JSON where a stream was asked for, and no error: `/pt` leaves even that as it is. */
function turnsToStream(work: Work, reply: BodyReply): boolean {
  return work.streams && reply.status < 300 && !work.untouched
}

/** A whole reply where a stream was asked for, as that stream; an error is thrown for the stream to end with. */
function lateBody(work: Work, reply: BodyReply, headers?: Headers): Source {
  if (reply.status >= 400) {
    throw readUpstreamError({ status: reply.status, body: decoder.decode(reply.bytes) })
  }
  const { translation } = work
  if (translation === undefined) {
    return asEvents(work.upstream, reply.bytes, work.model, wantsUsage(work))
  }
  const { value, notes } = readMessage(translation, reply.bytes)
  work.tell(value)
  learnNotes(work, notes, headers)
  return ALL_READ
}

/** A Chat client that did not ask for the usage chunk must not get one. */
function wantsUsage({ exchange }: Work): boolean {
  if (!(exchange.body instanceof Uint8Array)) return true
  const body = parseJson(decoder.decode(exchange.body))
  const options = isRecord(body) ? body.stream_options : undefined
  return isRecord(options) && options.include_usage === true
}

function respondBody(work: Work, reply: BodyReply, headers: Headers): Response {
  const { settlement, translation } = work
  const checked = checkReply(reply, work)
  settlement.status = checked.status
  if (checked.contentType !== undefined) headers.set('content-type', checked.contentType)
  const bytes =
    translation !== undefined && checked.status < 400
      ? writeMessage(work, translation, readMessage(translation, checked.bytes), headers)
      : tapped(work, checked)
  return whole(work, checked.status, bytes, headers, checked.error)
}

function whole(
  { settlement }: Work,
  status: number,
  bytes: Uint8Array,
  headers: Headers,
  error?: string,
): Response {
  settlement.reply?.push(bytes)
  settlement.firstByte()
  settlement.settle(status >= 400 ? 'upstream_error' : 'complete', bytes.length, error)
  return new Response(bytes, { status, headers })
}

function tapped(work: Work, checked: CheckedReply): Uint8Array {
  const tap = work.client.tap()
  tap.reply(checked.bytes)
  work.settlement.usage = tap.usage
  return checked.bytes
}

function readMessage({ upstream, read }: Translation, bytes: Uint8Array): Noted<Message> {
  const body = parseExact(decoder.decode(bytes))
  if (!isRecord(body)) throw new ProxyError('upstream_protocol', 'Upstream sent no JSON object')
  return upstream.replyIn(body, read)
}

function writeMessage(
  work: Work,
  { client, write }: Translation,
  { value, notes }: Noted<Message>,
  headers: Headers,
): Uint8Array {
  const usage = tapUsage(value.usage)
  if (value.stop_reason !== null) usage.stopReason = value.stop_reason
  work.settlement.usage = usage
  for (const block of value.content) noteUnheld(client, block, work.settlement)
  learnNotes(work, notes, headers)
  headers.set('content-type', 'application/json')
  return encoder.encode(JSON.stringify(client.replyOut(value, write)))
}

/** What the way down lost; the headers of a stream that was opened early are gone. */
function learnNotes({ settlement }: Work, notes: readonly Note[], headers?: Headers): void {
  for (const note of notes) settlement.note(note)
  if (headers !== undefined && settlement.notes.length > 0) setNotes(headers, settlement.notes)
}

function pumped(
  work: Work,
  source: Source | Promise<Source>,
  machine: ByteMachine,
): ReadableStream<Uint8Array> {
  const { gateway, settlement, call, running, exchange } = work
  const { timing, ticker, keptBytes = 0 } = gateway.options
  const { reply } = settlement
  const release = exchange.hold?.()
  const pump = new Pump({
    source,
    machine: reply === undefined ? machine : keepReply(machine, reply, keptBytes),
    ticker,
    pingAfter: timing.pingAfterMs,
    idleAfter: call.idleTimeoutMs,
    cancel: (reason) => call.controller.abort(reason),
    firstByte: () => settlement.firstByte(),
    settled({ bytes, left, error }) {
      release?.()
      // A client may leave at an error before the upstream's stream is over.
      const failure = error === undefined ? machine.failure : undefined
      if (failure !== undefined) settlement.settle('upstream_error', bytes, failure)
      else if (left) settlement.settle('client_left', bytes)
      else if (error === undefined) settlement.settle('complete', bytes)
      else settlement.settle(settlement.endingOf(error), bytes, error)
      if (!left && error === undefined) gateway.pool.free(call.prepared.url)
    },
  })
  running.end = (reason) => pump.end(reason)
  running.leave = () => pump.leave()
  if (exchange.signal.aborted) pump.leave()
  return pump.stream()
}

function headersFor(work: Work, headers: Headers): Headers {
  setOwnHeaders(headers, work.settlement)
  return headers
}

function upstreamId(reply: Reply): string | undefined {
  return reply.headers.get('request-id') ?? reply.headers.get('x-request-id') ?? undefined
}
