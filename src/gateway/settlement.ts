import type { ProxyError } from '../kit/error.ts'
import type { Usage } from '../protocol/protocol.ts'
import type { Ending, Observer } from '../record/observer.ts'
import type { Exchange } from './exchange.ts'

/** Collects what is learnt of an exchange and tells the observer once, when it is over. */
export class Settlement {
  readonly #exchange: Exchange
  readonly #observer: Observer
  #done = false
  #after: (() => void) | undefined
  #firstByteMs: number | undefined
  bytesIn = 0
  status = 200
  upstream: string | undefined
  model: string | undefined
  requestId: string | undefined
  usage: Usage = {}
  notes: readonly string[] = []

  constructor(exchange: Exchange, observer: Observer) {
    this.#exchange = exchange
    this.#observer = observer
    if (exchange.body instanceof Uint8Array) this.bytesIn = exchange.body.length
  }

  firstByte(): void {
    this.#firstByteMs ??= performance.now() - this.#exchange.started
  }

  /** What is to be done once the exchange is over. */
  onSettled(after: () => void): void {
    this.#after = after
  }

  settle(ending: Ending, bytesOut: number, error?: ProxyError | string): void {
    if (this.#done) return
    this.#done = true
    this.#after?.()
    const { id, method, path, client, mode, started } = this.#exchange
    const query = path.indexOf('?')
    this.#observer.settled({
      id,
      method,
      path: query === -1 ? path : path.slice(0, query),
      client: client.name,
      address: client.address,
      mode,
      upstream: this.upstream,
      model: this.model,
      status: this.status,
      bytesIn: this.bytesIn,
      bytesOut,
      usage: this.usage,
      firstByteMs: this.#firstByteMs,
      durationMs: performance.now() - started,
      ending,
      notes: this.notes,
      error: typeof error === 'string' ? error : error?.message,
      requestId: this.requestId,
    })
  }
}

/** How an exchange that failed with this error ended. */
export function endingOf(error: ProxyError): Ending {
  switch (error.kind) {
    case 'client_closed':
      return 'client_left'
    case 'upstream_timeout':
      return 'upstream_timeout'
    case 'upstream_unreachable':
      return 'upstream_cut'
    case 'upstream_protocol':
    case 'overloaded':
      return 'upstream_error'
    case 'internal':
      return 'internal'
    case 'unavailable':
      return 'drained'
    case 'invalid_request':
    case 'authentication':
    case 'permission':
    case 'not_found':
    case 'method_not_allowed':
    case 'request_timeout':
    case 'conflict':
    case 'gone':
    case 'too_large':
    case 'unsupported_media_type':
    case 'rate_limit':
    case 'not_available':
      return 'refused'
  }
}
