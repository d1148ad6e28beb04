import { ProxyError } from '../kit/error.ts'
import type { ByteReader } from '../kit/pump.ts'

/** The slowest upload that is still waited for, bytes a second. */
const SLOWEST = 10 * 1024

/** What bounds the reading of a body. */
export interface BodyLimits {
  /** Bytes; more is refused with 413, before it is read where the client says its size. */
  readonly bytes: number
  /** Time that any body may take, ms, beside what its size allows it. */
  readonly timeoutMs: number
}

/** Reads a request's whole body once; throws `too_large`, `request_timeout` or `client_closed`. */
export function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const length = declaredLength(request)
  if (length !== undefined && length > limits.bytes) throw tooLarge(limits.bytes)
  if (length === undefined) return readUnknown(request, limits)
  return inTime(request.bytes(), limits.timeoutMs + (length / SLOWEST) * 1000)
}

/** The size that the client declares, where it does. */
export function declaredLength(request: Request): number | undefined {
  const header = request.headers.get('content-length')
  return header === null ? undefined : Number(header)
}

/** A body that passes through, counted and timed on its way; over a limit it breaks, and `onBroken` hears why. */
export function passingBody(
  body: ReadableStream<Uint8Array>,
  limits: BodyLimits,
  onBroken: (error: ProxyError) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const next = limitedReads(reader, limits)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const value = await next()
          if (value === undefined) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          if (error instanceof ProxyError) onBroken(error)
          controller.error(error)
        }
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  )
}

/** The error for a body over the limit. */
export function tooLarge(limit: number): ProxyError {
  const size = limit >= 1024 * 1024 ? `${Math.floor(limit / 1024 / 1024)} MiB` : `${limit} bytes`
  return new ProxyError('too_large', `Request body exceeds the limit of ${size}: send less`)
}

async function readUnknown(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array(0)
  const reader = request.body.getReader()
  const next = limitedReads(reader, limits)
  const chunks: Uint8Array[] = []
  try {
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) chunks.push(chunk)
  } catch (error) {
    reader.cancel().catch(() => undefined)
    throw error
  }
  return Buffer.concat(chunks)
}

/** Reads chunk by chunk within the limits; only the time that the client takes counts. */
function limitedReads(
  reader: ByteReader,
  limits: BodyLimits,
): () => Promise<Uint8Array | undefined> {
  let bytes = 0
  let spent = 0
  return async () => {
    const started = performance.now()
    const allowed = limits.timeoutMs + (bytes / SLOWEST) * 1000 - spent
    const { value } = await inTime(reader.read(), Math.max(allowed, 1))
    spent += performance.now() - started
    bytes += value?.length ?? 0
    if (bytes > limits.bytes) throw tooLarge(limits.bytes)
    return value
  }
}

function tooSlow(): ProxyError {
  return new ProxyError('request_timeout', 'Request body came too slowly: send it again')
}

/** One promise and no `Promise.race`: every request comes through here. */
function inTime<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(tooSlow()), ms)
    promise.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (cause) => {
        clearTimeout(timer)
        // A body breaks off where its sender leaves, or sends what is no HTTP.
        reject(new ProxyError('client_closed', 'Client closed the request', { cause }))
      },
    )
  })
}
