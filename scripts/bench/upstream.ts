import type { Socket, TCPSocketListener } from 'bun'
import { RequestReader } from './request-reader.ts'

/** One request that reached the fake upstream, and the way to answer it. */
export class Exchange {
  closed = false
  /** Called once when the subject closes the connection while this exchange is open. */
  onClose: (() => void) | undefined
  /** Called when everything written so far has left. */
  onDrain: (() => void) | undefined
  #pending: Buffer[] = []

  constructor(
    readonly socket: Socket<Peer>,
    readonly body: Buffer,
  ) {}

  /** Writes now what fits and keeps the rest for the next drain; tells whether all of it left. */
  write(bytes: Buffer): boolean {
    if (this.closed) return false
    if (this.#pending.length > 0) {
      this.#pending.push(bytes)
      return false
    }
    const written = Math.max(0, this.socket.write(bytes))
    if (written === bytes.length) return true
    this.#pending.push(bytes.subarray(written))
    return false
  }

  /** Continues after a drain. */
  drain(): void {
    while (this.#pending.length > 0) {
      const bytes = this.#pending[0]!
      const written = Math.max(0, this.socket.write(bytes))
      if (written < bytes.length) {
        this.#pending[0] = bytes.subarray(written)
        return
      }
      this.#pending.shift()
    }
    this.onDrain?.()
  }

  /** Cuts the connection. */
  cut(): void {
    this.closed = true
    this.socket.terminate()
  }
}

interface Peer {
  reader: RequestReader
  exchange: Exchange | undefined
}

/** Answers one exchange. */
export type Behaviour = (exchange: Exchange) => void

/** Answers at once with a JSON body. */
export function answerWith(body: Buffer): Behaviour {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_bench\r\ncontent-length: ${body.length}\r\n\r\n`
  const wire = Buffer.concat([Buffer.from(head), body])
  return (exchange) => {
    exchange.write(wire)
  }
}

/** A fake upstream on a raw socket: cheap enough that it is never the bottleneck. */
export class FakeUpstream {
  /** What happens to the requests from now on. */
  behaviour: Behaviour = (exchange) => exchange.cut()
  /** When set, each request's body must equal it to the byte. */
  #expectedBody: Buffer | undefined
  /** When set, the first body must say this, and those after it the same to the byte. */
  #expectedWords: string | undefined
  /** Requests whose body was not the expected one, or that could not be read. */
  invalid: string[] = []
  #listener: TCPSocketListener<Peer>

  constructor() {
    this.#listener = Bun.listen<Peer>({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        open: (socket) => this.#open(socket),
        data: (socket, bytes) => socket.data.reader.push(bytes),
        drain: (socket) => socket.data.exchange?.drain(),
        close: (socket) => this.#closed(socket),
        error: (socket) => this.#closed(socket),
      },
    })
  }

  /** From now on each body must be this one, to the byte. */
  expect(body: Buffer): void {
    this.#expectedBody = body
    this.#expectedWords = undefined
  }

  /** From now on each body must say what this one says, whatever its protocol. */
  expectSame(body: Buffer): void {
    this.#expectedBody = undefined
    this.#expectedWords = wordsOf(body)
  }

  get port(): number {
    return this.#listener.port
  }

  stop(): void {
    this.#listener.stop(true)
  }

  #open(socket: Socket<Peer>): void {
    socket.setNoDelay(true)
    const reader = new RequestReader(
      (body) => this.#request(socket, body),
      (problem) => {
        this.invalid.push(problem)
        socket.terminate()
      },
    )
    socket.data = { reader, exchange: undefined }
  }

  #request(socket: Socket<Peer>, body: Buffer): void {
    if (this.#expectedWords !== undefined && wordsOf(body) === this.#expectedWords) {
      // Reading each body would cost the load's core more than the subject's.
      this.#expectedBody = Buffer.from(body)
      this.#expectedWords = undefined
    }
    const wrong = this.#expectedWords !== undefined || this.#expectedBody?.equals(body) === false
    if (wrong) {
      this.invalid.push(`The upstream got a body of ${body.length} bytes that is not what was sent`)
    }
    const exchange = new Exchange(socket, body)
    socket.data.exchange = exchange
    this.behaviour(exchange)
  }

  #closed(socket: Socket<Peer>): void {
    const exchange = socket.data?.exchange
    if (exchange === undefined || exchange.closed) return
    exchange.closed = true
    exchange.onClose?.()
  }
}

/** Who says what in a request, without the shape in which its protocol says it. */
function wordsOf(body: Buffer): string {
  const { model, stream, max_tokens, messages } = JSON.parse(body.toString())
  const said = messages.map(({ role, content }: { role: string; content: unknown }) => {
    const parts = Array.isArray(content) ? content : [{ text: content }]
    return [role, parts.map(({ text }) => text).join('')]
  })
  return JSON.stringify([model, stream === true, max_tokens, said])
}
