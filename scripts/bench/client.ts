import type { Socket } from 'bun'
import { type Expected, Template } from './template.ts'

/** What came back for one request. */
export interface Reply {
  status: number
  /** Bytes of body, without chunk framing. */
  length: number
  /** Body bytes that were not the expected ones begin here; -1 when all were right. */
  mismatch: number
  /** True when the body ended as HTTP says, not by a cut. */
  complete: boolean
  /** Milliseconds (performance.now) when the request was written, and when the first body byte came. */
  sent: number
  firstByte: number
  end: number
}

type State = 'idle' | 'head' | 'sized' | 'chunk-size' | 'chunk-data' | 'trailer' | 'closed'

const HEAD_END = Buffer.from('\r\n\r\n')
const EMPTY = Buffer.alloc(0)

/** One keep-alive client connection that compares each body with what it must be, as it arrives. */
export class Connection {
  state: State = 'idle'
  reply: Reply = newReply()
  /** Called with each stretch of body, after its comparison. */
  onBody: ((length: number) => void) | undefined
  #socket: Socket<undefined> | undefined
  #expected: Buffer = EMPTY
  /** Set until enough has come to fill it. */
  #template: Template | undefined
  #early: Buffer = EMPTY
  #unsent: Buffer = EMPTY
  #partial: Buffer = EMPTY
  #remaining = 0
  #resolve: ((reply: Reply) => void) | undefined

  /** Connects to a port of this machine. */
  static async open(port: number): Promise<Connection> {
    const connection = new Connection()
    connection.#socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (_, bytes) => connection.#data(bytes as Buffer),
        drain: () => connection.#flush(),
        close: () => connection.#closed(),
        error: () => connection.#closed(),
      },
    })
    connection.#socket.setNoDelay(true)
    return connection
  }

  /** Sends a prepared request; resolves when its reply has ended or the connection is gone. */
  request(wire: Buffer, expected: Expected): Promise<Reply> {
    if (this.state !== 'idle') {
      throw new Error(`Cannot send on a connection that is ${this.state}`)
    }
    this.state = 'head'
    this.reply = newReply()
    this.#template = expected instanceof Template ? expected : undefined
    this.#expected = expected instanceof Template ? expected.body : expected
    this.#early = EMPTY
    this.#partial = EMPTY
    const settled = new Promise<Reply>((resolve) => {
      this.#resolve = resolve
    })
    this.reply.sent = performance.now()
    this.#unsent = wire
    this.#flush()
    return settled
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  /** Leaves at once, as a client that goes away does. */
  leave(): void {
    this.#socket?.terminate()
  }

  #flush(): void {
    if (this.#unsent.length === 0 || this.#socket === undefined) return
    const written = Math.max(0, this.#socket.write(this.#unsent))
    this.#unsent = this.#unsent.subarray(written)
  }

  #closed(): void {
    const waiting = this.state !== 'idle' && this.state !== 'closed'
    this.state = 'closed'
    if (waiting) this.#finish(false)
  }

  #finish(complete: boolean): void {
    const reply = this.reply
    reply.complete = complete
    reply.end = performance.now()
    const short = this.#template !== undefined || reply.length !== this.#expected.length
    if (reply.mismatch < 0 && short) reply.mismatch = reply.length
    if (this.state !== 'closed') this.state = 'idle'
    this.#resolve?.(reply)
  }

  #data(input: Buffer): void {
    let bytes = this.#partial.length > 0 ? Buffer.concat([this.#partial, input]) : input
    this.#partial = EMPTY
    while (bytes.length > 0) {
      const used = this.#step(bytes)
      if (used < 0) {
        // The socket reuses its buffer: what is kept for the next read must be copied.
        this.#partial = Buffer.from(bytes)
        return
      }
      bytes = bytes.subarray(used)
    }
  }

  /** Advances by one state; tells the bytes used, or -1 when more are needed. */
  #step(bytes: Buffer): number {
    switch (this.state) {
      case 'head':
        return this.#head(bytes)
      case 'sized':
      case 'chunk-data':
        return this.#content(bytes)
      case 'chunk-size':
        return this.#chunkSize(bytes)
      case 'trailer': {
        if (bytes.length < 2) return -1
        this.#finish(true)
        return 2
      }
      case 'idle':
      case 'closed':
        this.reply.mismatch = this.reply.length
        return bytes.length
    }
  }

  #head(bytes: Buffer): number {
    const end = bytes.indexOf(HEAD_END)
    if (end < 0) return -1
    const head = bytes.toString('latin1', 0, end).toLowerCase()
    this.reply.status = Number(head.slice(9, 12))
    if (head.includes('\r\ntransfer-encoding: chunked')) {
      this.state = 'chunk-size'
      return end + 4
    }
    this.#remaining = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0)
    this.state = 'sized'
    if (this.#remaining === 0) this.#finish(true)
    return end + 4
  }

  #content(bytes: Buffer): number {
    const take = Math.min(bytes.length, this.#remaining)
    this.#compare(take === bytes.length ? bytes : bytes.subarray(0, take), take)
    this.#remaining -= take
    if (this.#remaining > 0) return take
    if (this.state === 'sized') {
      this.#finish(true)
      return take
    }
    // The line end after the chunk's data is skipped together with the next size line.
    this.state = 'chunk-size'
    return take
  }

  #chunkSize(bytes: Buffer): number {
    let at = bytes[0] === 13 ? 2 : 0
    let size = 0
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (byte === 13) break
      size = size * 16 + (byte <= 57 ? byte - 48 : (byte | 32) - 87)
    }
    if (at + 1 >= bytes.length) return -1
    this.#remaining = size
    this.state = size === 0 ? 'trailer' : 'chunk-data'
    return at + 2
  }

  #compare(bytes: Buffer, length: number): void {
    const reply = this.reply
    if (reply.length === 0) reply.firstByte = performance.now()
    const at = reply.length
    reply.length = at + length
    if (this.#template === undefined) this.#check(bytes, length, at)
    else this.#fill(this.#template, bytes.subarray(0, length))
    this.onBody?.(length)
  }

  #check(bytes: Buffer, length: number, at: number): void {
    if (this.reply.mismatch >= 0) return
    // Beyond the end of what is expected, compare would throw instead of telling.
    const long = at + length > this.#expected.length
    if (long || this.#expected.compare(bytes, 0, length, at, at + length) !== 0) {
      this.reply.mismatch = at
    }
  }

  /** Keeps what comes until the template's holes are known, then compares all of it. */
  #fill(template: Template, bytes: Buffer): void {
    this.#early = Buffer.concat([this.#early, bytes])
    if (this.#early.length < template.needed) return
    const filled = template.filledFrom(this.#early)
    this.#template = undefined
    if (filled === undefined) {
      this.reply.mismatch = 0
      return
    }
    this.#expected = filled
    this.#check(this.#early, this.#early.length, 0)
  }
}

function newReply(): Reply {
  return { status: 0, length: 0, mismatch: -1, complete: false, sent: 0, firstByte: 0, end: 0 }
}
