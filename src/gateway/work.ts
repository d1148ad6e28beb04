import { ProxyError } from '../kit/error.ts'
import type { ByteMachine } from '../kit/machine.ts'
import type { Codec } from '../protocol/codec.ts'
import type { Message } from '../protocol/protocol.ts'
import type { Exchange } from './exchange.ts'
import type { Hub, Running } from './hub.ts'
import { passUntouched, passWhole } from './passthrough.ts'
import type { RelayCall } from './relay.ts'
import type { Route } from './route.ts'
import type { Settlement } from './settlement.ts'
import type { Translation } from './translate.ts'
import { TranslateMachine } from './translate-machine.ts'

/** What an exchange under way is made of. */
export interface WorkParts {
  readonly gateway: Hub
  readonly exchange: Exchange
  readonly settlement: Settlement
  readonly call: RelayCall
  readonly route: Route
  readonly client: Codec
  readonly upstream: Codec
  readonly translation: Translation | undefined
  /** The client asked for a stream. */
  readonly streams: boolean
}

/** One exchange under way: what it works with, and the machine that its stream goes through. */
export class Work {
  readonly gateway: Hub
  readonly exchange: Exchange
  readonly settlement: Settlement
  readonly call: RelayCall
  readonly route: Route
  readonly client: Codec
  readonly upstream: Codec
  readonly streams: boolean
  /** Who ends the exchange calls this; a stream takes it over when it begins. */
  readonly running: Running
  translation: Translation | undefined
  #translating: TranslateMachine | undefined

  constructor(parts: WorkParts) {
    this.gateway = parts.gateway
    this.exchange = parts.exchange
    this.settlement = parts.settlement
    this.call = parts.call
    this.route = parts.route
    this.client = parts.client
    this.upstream = parts.upstream
    this.translation = parts.translation
    this.streams = parts.streams
    const { controller } = parts.call
    this.running = {
      place: -1,
      end: (reason) => controller.abort(reason),
      leave: () => controller.abort(new ProxyError('client_closed', 'Client closed the request')),
    }
  }

  /** The model as the upstream calls it. */
  get model(): string {
    return this.route.model ?? ''
  }

  /** `/pt` leaves an answer as it is, in whatever form it comes; a translated one is written anew anyhow. */
  get untouched(): boolean {
    return this.exchange.mode === 'passthrough' && this.translation === undefined
  }

  /** Whether this chunk lets a translated stream begin: only then has it content, or its error a status. */
  opens(chunk: Uint8Array | undefined): boolean {
    return this.#translate()?.opens(chunk) !== false
  }

  /** Takes an answer that came whole where the stream of a translation was asked for. */
  tell(message: Message): void {
    this.#translate()?.tell(message)
  }

  /** The machine for the upstream's events: translating, or untouched under `/pt`, or whole events with pings. */
  machine(): ByteMachine {
    const translating = this.#translate()
    if (translating !== undefined) return translating
    const { client, exchange, settlement } = this
    const tap = client.tap()
    settlement.usage = tap.usage
    if (exchange.mode === 'passthrough') return passUntouched(tap)
    return passWhole({ tap, errors: client.errors, requestId: exchange.id, ping: client.ping })
  }

  #translate(): TranslateMachine | undefined {
    if (this.translation === undefined) return undefined
    const pings = this.exchange.mode !== 'passthrough'
    this.#translating ??= new TranslateMachine(this.translation, this.settlement, pings)
    return this.#translating
  }
}
