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
}

const known = new WeakMap<Request, Incoming>()

/** Notes what is known of a request, for its handler. */
export function remember(request: Request, incoming: Incoming): void {
  known.set(request, incoming)
}

/** What is known of a request that came in through the server. */
export function incomingOf(request: Request): Incoming {
  const incoming = known.get(request)
  if (incoming === undefined) throw new Error('Request did not come in through the server')
  return incoming
}
