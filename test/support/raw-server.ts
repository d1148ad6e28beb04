import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** One request as its bytes came in: header names in their case and order. */
export interface RecordedRequest {
  readonly method: string
  /** The request target as sent, query included. */
  readonly target: string
  readonly path: string
  /** Header lines in order, names as sent. */
  readonly headers: readonly (readonly [string, string])[]
  /** All values of a header, joined by `, `; undefined where it was not sent. */
  header(name: string): string | undefined
  /** The body so far; complete once `complete` resolves. */
  readonly body: Buffer
  readonly text: string
  readonly complete: Promise<void>
  /** `performance.now()` at the head's last byte. */
  readonly at: number
  /** `performance.now()` when the client closed, if it did before the reply's end. */
  readonly leftAt: number | undefined
  /** Resolves with `leftAt` when the client leaves before the reply's end. */
  readonly left: Promise<number>
  /** Which connection it came on, counted from 0. */
  readonly connection: number
}

/** A request and the raw means to answer it. */
export interface Exchange {
  readonly request: RecordedRequest
  readonly socket: Socket
  /** Writes raw bytes and waits until the socket takes more; false once the client has left. */
  write(bytes: string | Uint8Array): Promise<boolean>
  /** Ends the reply; the connection is kept unless told. */
  finish(options?: { close?: boolean }): void
}

/** A raw HTTP/1.1 server on a free loopback port. */
export interface RawServer {
  readonly url: string
  readonly port: number
  /** Connections open now, and the most that were open at once. */
  readonly open: { now: number; most: number; total: number }
  close(): Promise<void>
  /** Closes every idle connection without a word, as a restarted upstream does. */
  dropConnections(): void
}

/** What the server calls when a request's head is complete (its body may still be coming). */
export type RawHandler = (exchange: Exchange) => void | Promise<void>

/** Starts a server that hides nothing: used where a test needs exact bytes or rude behaviour. */
export async function startRawServer(handler: RawHandler): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const open = { now: 0, most: 0, total: 0 }
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    const connection = new Connection(socket, open.total++, handler)
    open.now += 1
    open.most = Math.max(open.most, open.now)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => connection.push(chunk))
    // A reset is how some clients leave: 'close' follows and says all we need.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      open.now -= 1
      connection.closed()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  const port = portOf(server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    open,
    dropConnections: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('Server has no port')
  return address.port
}

/** A request while it is being received. */
class Incoming implements RecordedRequest {
  readonly at = performance.now()
  readonly complete: Promise<void>
  readonly left: Promise<number>
  leftAt: number | undefined
  done = false
  readonly #chunks: Buffer[] = []
  #joined: Buffer | undefined
  #complete: () => void = () => undefined
  #left: (at: number) => void = () => undefined

  constructor(
    readonly method: string,
    readonly target: string,
    readonly headers: readonly (readonly [string, string])[],
    readonly connection: number,
  ) {
    this.complete = new Promise((resolve) => {
      this.#complete = resolve
    })
    this.left = new Promise((resolve) => {
      this.#left = resolve
    })
  }

  get path(): string {
    return this.target.split('?')[0] ?? this.target
  }

  get body(): Buffer {
    this.#joined ??= Buffer.concat(this.#chunks)
    return this.#joined
  }

  get text(): string {
    return this.body.toString('utf8')
  }

  header(name: string): string | undefined {
    const wanted = name.toLowerCase()
    const values = this.headers.filter(([key]) => key.toLowerCase() === wanted)
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(', ')
  }

  add(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#joined = undefined
  }

  finished(): void {
    this.#complete()
  }

  clientLeft(): void {
    if (this.done || this.leftAt !== undefined) return
    this.leftAt = performance.now()
    this.#left(this.leftAt)
  }
}

type Phase =
  | { state: 'head' }
  | { state: 'length'; remaining: number }
  | { state: 'chunk-size' }
  | { state: 'chunk'; remaining: number }
  | { state: 'trailer' }

/** One connection: a request at a time, no pipelining. */
class Connection {
  #buffer: Buffer = Buffer.alloc(0)
  #phase: Phase = { state: 'head' }
  #request: Incoming | undefined

  constructor(
    readonly socket: Socket,
    readonly number: number,
    readonly handler: RawHandler,
  ) {}

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    while (this.#buffer.length > 0 && this.#step()) {
      // Each step takes one piece of the protocol off the buffer.
    }
  }

  closed(): void {
    this.#request?.clientLeft()
  }

  #step(): boolean {
    switch (this.#phase.state) {
      case 'head':
        return this.#head()
      case 'length':
        return this.#body(this.#phase.remaining, (remaining) => {
          this.#phase = remaining === 0 ? { state: 'head' } : { state: 'length', remaining }
          if (remaining === 0) this.#request?.finished()
        })
      case 'chunk':
        return this.#body(this.#phase.remaining, (remaining) => {
          this.#phase = remaining === 0 ? { state: 'chunk-size' } : { state: 'chunk', remaining }
        })
      case 'chunk-size':
        return this.#line((line) => {
          if (line === '') return
          const size = Number.parseInt(line, 16)
          this.#phase = size === 0 ? { state: 'trailer' } : { state: 'chunk', remaining: size }
        })
      case 'trailer':
        return this.#line((line) => {
          if (line !== '') return
          this.#phase = { state: 'head' }
          this.#request?.finished()
        })
    }
  }

  #head(): boolean {
    const end = this.#buffer.indexOf('\r\n\r\n')
    if (end === -1) return false
    const lines = this.#buffer.subarray(0, end).toString('latin1').split('\r\n')
    this.#buffer = this.#buffer.subarray(end + 4)
    const [method = '', target = ''] = (lines[0] ?? '').split(' ')
    const headers = lines.slice(1).map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    })
    const request = new Incoming(method, target, headers, this.number)
    this.#request = request
    const length = Number(request.header('content-length') ?? '0')
    const chunked = request.header('transfer-encoding')?.toLowerCase() === 'chunked'
    if (request.header('expect') === '100-continue') {
      this.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    }
    if (chunked) this.#phase = { state: 'chunk-size' }
    else if (length > 0) this.#phase = { state: 'length', remaining: length }
    else request.finished()
    void this.handler(this.#exchange(request))
    return true
  }

  #line(take: (line: string) => void): boolean {
    const end = this.#buffer.indexOf('\r\n')
    if (end === -1) return false
    const line = this.#buffer.subarray(0, end).toString('latin1')
    this.#buffer = this.#buffer.subarray(end + 2)
    take(line)
    return true
  }

  #body(remaining: number, left: (remaining: number) => void): boolean {
    const piece = this.#buffer.subarray(0, remaining)
    this.#request?.add(piece)
    this.#buffer = this.#buffer.subarray(piece.length)
    left(remaining - piece.length)
    return true
  }

  #exchange(request: Incoming): Exchange {
    const { socket } = this
    return {
      request,
      socket,
      write: async (bytes) => {
        if (socket.destroyed) return false
        if (socket.write(bytes)) return true
        await new Promise<void>((resolve) => {
          socket.once('drain', resolve)
          socket.once('close', resolve)
        })
        return !socket.destroyed
      },
      finish: ({ close = false } = {}) => {
        request.done = true
        if (close) socket.end()
      },
    }
  }
}
