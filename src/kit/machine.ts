import type { ProxyError } from './error.ts'

/**
 * A synchronous state machine on a stream. `push` is called per input, then exactly one of `end`
 * (the input closed by itself) or `fail` (it broke); each gives what is to be sent. An `end` that comes too early
 * throws, and `fail` is then called with what it threw.
 */
export interface Machine<Input, Output> {
  push(input: Input): Output
  end(): Output
  fail(error: ProxyError): Output
}

/** What `pump` drives: bytes to bytes. `undefined` is nothing to send. */
export interface ByteMachine extends Machine<Uint8Array, Uint8Array | undefined> {
  /** What keeps a silent stream alive, where one may be sent just now. */
  ping(): Uint8Array | undefined
  /** Whether a failure is to cut the connection, as the upstream's was, instead of being written. */
  readonly cuts: boolean
  /** What the input said of a failure of its own, in events that went on as they are. */
  readonly failure?: string | undefined
}
