import { concat } from '../kit/bytes.ts'
import { ProxyError, withHeaders } from '../kit/error.ts'
import { copyResponseHeaders } from '../kit/headers.ts'
import type { ByteReader, Source } from '../kit/pump.ts'
import type { PreparedCall, Provider } from '../provider/provider.ts'
import { beginsEvents, decode, isOpening, leftEncoded, UNSAID_BYTES } from './decode.ts'
import { fetchFailure, stoppedBy } from './fetch-failure.ts'
import type { PoolGuess } from './pool-guess.ts'
import { headerTimeout, idleTimeout, timedReader, withIdleTimeout } from './upstream-timeout.ts'
import { bounded, readWhole, wholeBody } from './whole-body.ts'

/** A dead connection shows at once; what failed later may have been worked on and is not sent again. */
const DEAD_WITHIN_MS = 1000

/** A compressed format's magic number shows in this many bytes. */
const TELLING_BYTES = 4
const EVENT_STREAM = /^text\/event-stream/i
/** What servers say of a stream that do not say what it is: a framework's plain text, or nothing (2026-11). */
const UNSAID = /^($|text\/plain|application\/(octet-stream|x-ndjson))/i
const NOTHING = new Uint8Array(0)
const BRACE = 0x7b

/** What an upstream answered: a stream that has begun, or a whole body. */
export type Reply =
  | {
      readonly kind: 'events' | 'raw'
      readonly status: number
      readonly headers: Headers
      /** Comes late where the reply passes on before its first byte. */
      readonly source: Source | Promise<Source>
    }
  | {
      readonly kind: 'body'
      readonly status: number
      readonly headers: Headers
      readonly bytes: Uint8Array
    }

/** One call to one upstream. */
export interface RelayCall {
  readonly provider: Provider
  readonly prepared: PreparedCall
  /** Counts the calls that were made for one exchange. */
  readonly tries: { attempts: number }
  /** Ends the call: the client's leaving, a timeout, the drain. Its reason is the error. */
  readonly controller: AbortController
  readonly headerTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly pool: PoolGuess
  /** Uploads and downloads go through unbuffered, whatever they are. */
  readonly raw: boolean
  /** Whether to wait for the first event before the reply counts as begun. */
  readonly waits: boolean
  /** Whether a chunk lets the reply begin; a translated stream waits for content, and throws the upstream's error. */
  readonly opens: ((chunk: Uint8Array | undefined) => boolean) | undefined
}

/** Sends a call and reads as far as is needed to know how the reply begins; throws a ProxyError. */
export async function relay(call: RelayCall): Promise<Reply> {
  const { controller } = call
  let timer = setTimeout(() => controller.abort(headerTimeout(call)), call.headerTimeoutMs)
  try {
    let response = await send(call, call.prepared)
    if (response.status >= 400) response = await sendAnother(call, response)
    clearTimeout(timer)
    const streaming = begin(call, response)
    if (streaming !== undefined) return await streaming
    timer = setTimeout(() => controller.abort(idleTimeout(call)), call.idleTimeoutMs)
    const bytes = await wholeBody(response, () => timer.refresh())
    return await (call.waits && response.status < 400 && beginsEvents(bytes)
      ? stream(call, new Blob([bytes]).stream(), response.status, response.headers, false)
      : bodyReply(call, response, bytes))
  } catch (error) {
    throw ended(call, error)
  } finally {
    clearTimeout(timer)
  }
}

/** Why a call came to its end; what is left of a reply that is not wanted must not go on arriving. */
function ended(call: RelayCall, error: unknown): ProxyError {
  const failure = stoppedBy(call.controller.signal) ?? fetchFailure(error, call.provider.name)
  call.controller.abort(failure)
  return failure
}

/** A failed answer is given up for that of the provider's other call, where it has one; once. */
async function sendAnother(call: RelayCall, response: Response): Promise<Response> {
  const next = await call.prepared.retry?.(response.status)
  if (next === undefined) return response
  await response.body?.cancel()
  return send(call, next)
}

function send(call: RelayCall, prepared: PreparedCall): Promise<Response> {
  const { provider, pool } = call
  const { signal } = call.controller
  const reused = pool.take(prepared.url)
  const sent = performance.now()
  call.tries.attempts += 1
  return provider.send(prepared, signal).catch((error) => {
    const died = reused && isClosed(error) && performance.now() - sent < DEAD_WITHIN_MS
    if (!died || signal.aborted || prepared.body instanceof ReadableStream) throw error
    call.tries.attempts += 1
    return provider.send({ ...prepared, fresh: true }, signal)
  })
}

/** The reply where it streams; undefined where its body is to be read whole. */
function begin(call: RelayCall, response: Response): Reply | Promise<Reply> | undefined {
  const { status, headers } = response
  if (status > 599) throw strangeStatus(call, status)
  if (status >= 300 && status < 400 && status !== 304) throw redirected(call, response)
  const type = headers.get('content-type') ?? ''
  const named = EVENT_STREAM.test(type)
  const events = status < 400 && (named || (call.waits && UNSAID.test(type)))
  // To ask for `body` makes a stream of it: not where it is to be read whole.
  if (!(call.raw || events) || response.body === null) return undefined
  if (!call.raw) return stream(call, response.body, status, headers, named)
  return { kind: 'raw', status, headers, source: { reader: response.body.getReader(), ahead: [] } }
}

function stream(
  call: RelayCall,
  body: ReadableStream<Uint8Array>,
  status: number,
  headers: Headers,
  named: boolean,
): Reply | Promise<Reply> {
  const opened = opening(call, body.getReader(), headers, named).catch((error) => {
    throw error instanceof ProxyError ? withHeaders(error, copyResponseHeaders(headers)) : error
  })
  if (call.waits) {
    return opened.then(({ source, whole }) =>
      whole
        ? wholeReply(call, source, status, named ? asJson(headers) : headers)
        : { kind: 'events', status, headers, source },
    )
  }
  const source = opened.then((begun) => begun.source)
  source.catch(() => undefined)
  return { kind: 'events', status, headers, source }
}

/** How a reply that may be a stream begins: gateways write errors, or all, as JSON under that name. */
interface Opening {
  readonly source: Source
  readonly whole: boolean
}

/** Reads as far as it takes to tell whether fetch left the stream encoded, and undoes that. */
async function opening(
  call: RelayCall,
  reader: ByteReader,
  headers: Headers,
  named: boolean,
): Promise<Opening> {
  const ahead: Uint8Array[] = []
  let first: Uint8Array = NOTHING
  const silence = setTimeout(() => call.controller.abort(idleTimeout(call)), call.idleTimeoutMs)
  try {
    while (first.length < (named ? TELLING_BYTES : UNSAID_BYTES)) {
      const { value, done } = await reader.read()
      if (done || value === undefined) break
      ahead.push(value)
      first = first.length === 0 ? value : concat(first, value)
      if (named && isOpening(first[0])) break
      silence.refresh()
    }
  } finally {
    clearTimeout(silence)
  }
  if (named && first.length === 0) throw empty(call)
  const formats = leftEncoded(headers.get('content-encoding'), first)
  const source: Source =
    formats.length === 0
      ? { reader, ahead }
      : { reader: decode(resumed(first, reader), formats).getReader(), ahead: [] }
  const whole = named ? formats.length === 0 && first[0] === BRACE : !beginsEvents(first)
  if (whole || call.opens === undefined) return { source, whole }
  return { source: await content(call, call.opens, source), whole }
}

async function wholeReply(
  call: RelayCall,
  { reader, ahead }: Source,
  status: number,
  headers: Headers,
): Promise<Reply> {
  const rest = await readWhole(timedReader(call, reader))
  return { kind: 'body', status, headers, bytes: Buffer.concat([...ahead, rest]) }
}

function asJson(upstream: Headers): Headers {
  const headers = new Headers(upstream)
  headers.set('content-type', 'application/json')
  return headers
}

/** Hands the machine what comes before any content; its first push then gives what it has written by then. */
async function content(
  call: RelayCall,
  opens: (chunk: Uint8Array | undefined) => boolean,
  source: Source,
): Promise<Source> {
  let open = false
  for (const chunk of source.ahead) open = opens(chunk) || open
  while (!open) {
    const { value, done } = await withIdleTimeout(call, () => source.reader.read())
    // The end is told too: an answer without any content is an error that still has its own status.
    if (done || value === undefined) {
      opens(undefined)
      break
    }
    open = opens(value)
  }
  return { reader: source.reader, ahead: [NOTHING] }
}

/** Reads a begun stream to its end in one go; whatever goes wrong ends the call and is thrown as a ProxyError. */
export async function readOn<Value>(
  call: RelayCall,
  source: Source | Promise<Source>,
  read: (source: Source) => Promise<Value>,
): Promise<Value> {
  try {
    const { reader, ahead } = await source
    return await read({ reader: timedReader(call, bounded(reader)), ahead })
  } catch (error) {
    throw ended(call, error)
  }
}

/** The stream again as it was before its first chunk was read. */
function resumed(first: Uint8Array, reader: ByteReader): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(first)
    },
    async pull(controller) {
      const { value, done } = await reader.read()
      if (done || value === undefined) controller.close()
      else controller.enqueue(value)
    },
    cancel: () => reader.cancel(),
  })
}

function bodyReply(
  call: RelayCall,
  { status, headers }: Response,
  bytes: Uint8Array,
): Reply | Promise<Reply> {
  const formats = bytes.length === 0 ? [] : leftEncoded(headers.get('content-encoding'), bytes)
  call.pool.free(call.prepared.url)
  if (formats.length === 0) return { kind: 'body', status, headers, bytes }
  return decoded(bytes, formats).then((plain) => ({ kind: 'body', status, headers, bytes: plain }))
}

async function decoded(
  bytes: Uint8Array,
  formats: readonly Bun.CompressionFormat[],
): Promise<Uint8Array> {
  try {
    const plain = decode(new Blob([bytes]).stream(), formats)
    return await readWhole(plain.getReader())
  } catch (cause) {
    if (cause instanceof ProxyError) throw cause
    throw new ProxyError('upstream_protocol', 'Upstream answered with bytes that are no text', {
      cause,
    })
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CLOSED.has(String(error.code))
}

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'ConnectionClosed', 'EPIPE'])

function redirected(call: RelayCall, response: Response): ProxyError {
  const location = response.headers.get('location') ?? 'nowhere'
  return new ProxyError(
    'upstream_protocol',
    `Upstream "${call.provider.name}" answered ${response.status} and points to "${location}": redirects are not followed, check its base_url`,
  )
}

function strangeStatus(call: RelayCall, status: number): ProxyError {
  const text = `Upstream "${call.provider.name}" answered with the unknown status ${status}`
  return new ProxyError('upstream_protocol', text)
}

function empty(call: RelayCall): ProxyError {
  return new ProxyError(
    'upstream_protocol',
    `Upstream "${call.provider.name}" closed its stream before the first event`,
  )
}
