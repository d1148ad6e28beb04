import { ProxyError } from '../kit/error.ts'
import type { ByteReader } from '../kit/pump.ts'

/** What ends a call whose upstream says nothing. */
interface Timed {
  readonly provider: { readonly name: string }
  readonly controller: AbortController
  readonly headerTimeoutMs: number
  readonly idleTimeoutMs: number
}

/** The error for an upstream that sent no answer in time. */
export function headerTimeout(call: Timed): ProxyError {
  return timeout(call, 'sent no answer', call.headerTimeoutMs)
}

/** The error for an upstream that fell silent in its answer. */
export function idleTimeout(call: Timed): ProxyError {
  return timeout(call, 'went silent', call.idleTimeoutMs)
}

/** Reads once; silence ends the call. */
export async function withIdleTimeout<Value>(
  call: Timed,
  read: () => Promise<Value>,
): Promise<Value> {
  const timer = setTimeout(() => call.controller.abort(idleTimeout(call)), call.idleTimeoutMs)
  try {
    return await read()
  } finally {
    clearTimeout(timer)
  }
}

/** A reader each of whose reads is so timed. */
export function timedReader(call: Timed, reader: ByteReader): ByteReader {
  return {
    read: () => withIdleTimeout(call, () => reader.read()),
    cancel: () => reader.cancel(),
  }
}

function timeout(call: Timed, what: string, ms: number): ProxyError {
  const text = `Upstream "${call.provider.name}" ${what} for ${ms / 1000} seconds`
  return new ProxyError('upstream_timeout', text)
}
