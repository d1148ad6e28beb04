import { ProxyError } from '../kit/error.ts'

/** The slowest upload that is still waited for, bytes a second. */
const SLOWEST = 10 * 1024

/** What bounds the reading of a body. */
export interface BodyLimits {
  /** Bytes; more is refused with 413, before it is read where the client says its size. */
  readonly bytes: number
  /** Time that any body may take, ms, beside what its size allows it. */
  readonly timeoutMs: number
}

/** Reads a request's whole body once; throws `too_large` or `request_timeout`. */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const length = declaredLength(request)
  if (length !== undefined && length > limits.bytes) throw tooLarge(limits.bytes)
  if (length === undefined) return await readUnknown(request, limits)
  return await inTime(request.bytes(), limits.timeoutMs + (length / SLOWEST) * 1000)
}

/** The size that the client declares, where it does. */
export function declaredLength(request: Request): number | undefined {
  const header = request.headers.get('content-length')
  return header === null ? undefined : Number(header)
}

/** A body that passes through, counted on its way; over the limit it breaks. */
export function countedBody(
  body: ReadableStream<Uint8Array>,
  limit: number,
  onLimit: (error: ProxyError) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let bytes = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await reader.read()
        if (done) return controller.close()
        bytes += value.length
        if (bytes <= limit) return controller.enqueue(value)
        const error = tooLarge(limit)
        onLimit(error)
        controller.error(error)
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
  const chunks: Uint8Array[] = []
  let bytes = 0
  const started = performance.now()
  for (;;) {
    const allowed = limits.timeoutMs + (bytes / SLOWEST) * 1000 - (performance.now() - started)
    const { value, done } = await inTime(reader.read(), Math.max(allowed, 1))
    if (done) return Buffer.concat(chunks)
    bytes += value.length
    if (bytes > limits.bytes) {
      reader.cancel().catch(() => undefined)
      throw tooLarge(limits.bytes)
    }
    chunks.push(value)
  }
}

function tooSlow(): ProxyError {
  return new ProxyError('request_timeout', 'Request body came too slowly: send it again')
}

async function inTime<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow()), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
