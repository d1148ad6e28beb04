import type { Server } from 'bun'

/** A connection that holds no request is closed after this, seconds; 255 is the most that Bun takes. */
export const KEEP_ALIVE_SECONDS = 120

/**
 * The time that a request's connection may be silent. Our own times hold until the answer's end, for a silent upstream
 * must not cost the client its connection; what Bun is told counts for the connection's later requests too, so that it
 * has to be told again (Bun 1.4.5, 2026-11).
 */
export class Connection {
  readonly #server: Server<unknown>
  readonly #request: Request
  #held = false

  constructor(server: Server<unknown>, request: Request) {
    this.#server = server
    this.#request = request
    server.timeout(request, 0)
  }

  /** For an answer that comes bit by bit; what it gives is called before its end. */
  hold(): () => void {
    this.#held = true
    return () => this.#rest()
  }

  /** The answer is known; unless it is held it is whole. */
  answered(): void {
    if (!this.#held) this.#rest()
  }

  #rest(): void {
    this.#server.timeout(this.#request, KEEP_ALIVE_SECONDS)
  }
}
