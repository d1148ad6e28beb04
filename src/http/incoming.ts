import type { Connection } from './connection.ts'
import type { Admission } from './guard.ts'

/** What is known of a request before its route is. */
export interface Incoming {
  readonly id: string
  /** When it came, ms, monotonic. */
  readonly started: number
  /** Its one spelling, without query. */
  readonly path: string
  readonly query: string
  readonly admission: Admission
  readonly connection: Connection
}

const INCOMING = Symbol('incoming')
/** A request that carries what is known of it; a WeakMap instead costs each collection a pass over all requests. */
type Known = Request & { [INCOMING]?: Incoming }

/** Notes what is known of a request, for its handler. */
export function remember(request: Known, incoming: Incoming): void {
  request[INCOMING] = incoming
}

/** What is known of a request that came in through the server. */
export function incomingOf(request: Known): Incoming {
  const incoming = request[INCOMING]
  if (incoming === undefined) throw new Error('Request did not come in through the server')
  return incoming
}
