import type { ProxyError } from '../kit/error.ts'
import type { Span } from '../kit/json-splice.ts'
import { ShuttingDown } from '../kit/shutting-down.ts'
import type { ProtocolName, Usage } from '../protocol/protocol.ts'
import type { Ending, Observer, Started } from '../record/observer.ts'
import type { Exchange } from './exchange.ts'
import type { Route } from './route.ts'
import { sessionOf } from './session-of.ts'

/** What an upstream calls its fields is its own affair, and may be anything. */
const MOST_NOTES = 100
const NOTE_CHARS = 300

let serial = 0

/** Collects what is learnt of an exchange and tells the observer each thing once: start, first byte, end. */
export class Settlement {
  readonly #exchange: Exchange
  readonly #observer: Observer
  readonly #serial = ++serial
  readonly #time = Date.now()
  #done = false
  #started: Started | undefined
  #after: (() => void) | undefined
  #firstByteMs: number | undefined
  bytesIn = 0
  status = 200
  /** Calls made upstream. */
  attempts = 0
  /** Whether a plan login went up. */
  planLogin = false
  protocol: ProtocolName | undefined
  wire: ProtocolName | undefined
  route: Route | undefined
  model: string | undefined
  stream = false
  /** Where the body's `metadata` stands. */
  metadata: Span | undefined
  requestId: string | undefined
  limits: Readonly<Record<string, string>> | undefined
  usage: Usage = {}
  notes: readonly string[] = []
  /** The answer as the client gets it, in pieces, where it is to be kept; undefined where not. */
  reply: Uint8Array[] | undefined

  constructor(exchange: Exchange, observer: Observer) {
    this.#exchange = exchange
    this.#observer = observer
    if (exchange.body instanceof Uint8Array) this.bytesIn = exchange.body.length
  }

  /** The way is chosen. */
  started(): void {
    if (this.#started !== undefined || this.#observer.started === undefined) return
    this.#started = this.#known()
    this.#observer.started(this.#started)
  }

  /** What is learnt to be lost, once. */
  note(note: string): void {
    if (this.notes.length < MOST_NOTES && !this.notes.includes(note)) {
      this.notes = [...this.notes, note.slice(0, NOTE_CHARS)]
    }
  }

  firstByte(): void {
    if (this.#firstByteMs !== undefined) return
    this.#firstByteMs = performance.now() - this.#exchange.started
    this.#observer.firstByte?.(this.#started ?? this.#known())
  }

  /** What is to be done once the exchange is over. */
  onSettled(after: () => void): void {
    this.#after = after
  }

  /** How it ends with this error: what looks like a refusal is the upstream's own once that was asked. */
  endingOf(error: ProxyError): Ending {
    const ending = endingOf(error)
    // An upload is read while it goes up, and may be refused here meanwhile.
    const told = this.attempts > 0 && this.#exchange.endpoint !== 'upload'
    return ending === 'refused' && told ? 'upstream_error' : ending
  }

  settle(ending: Ending, bytesOut: number, error?: ProxyError | string): void {
    if (this.#done) return
    this.#done = true
    this.#after?.()
    this.started()
    const { body, started } = this.#exchange
    this.#observer.settled({
      ...this.#known(),
      status: this.status,
      attempts: this.attempts,
      bytesIn: this.bytesIn,
      bytesOut,
      usage: this.usage,
      firstByteMs: this.#firstByteMs,
      durationMs: performance.now() - started,
      ending,
      notes: this.notes,
      error: typeof error === 'string' ? error : error?.message,
      requestId: this.requestId,
      session: sessionOf(this.#exchange, this.metadata),
      planLogin: this.planLogin,
      limits: this.limits,
      bodies:
        this.reply === undefined
          ? undefined
          : { request: body instanceof Uint8Array ? body : undefined, reply: this.reply },
    })
  }

  #known(): Started {
    const { id, method, path, client, mode } = this.#exchange
    const query = path.indexOf('?')
    const provider = this.route?.provider
    return {
      place: this.#started?.place ?? -1,
      serial: this.#serial,
      id,
      time: this.#time,
      method,
      path: query === -1 ? path : path.slice(0, query),
      client: client.name,
      address: client.address,
      mode,
      protocol: this.protocol,
      wire: this.wire,
      upstream: provider?.name,
      kind: provider?.kind,
      model: this.model,
      upstreamModel: this.route?.model,
      stream: this.stream,
    }
  }
}

/** How an exchange that failed with this error ended, where no upstream was asked. */
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
      return error instanceof ShuttingDown ? 'drained' : 'upstream_error'
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
