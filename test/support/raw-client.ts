import { connect, type Socket } from 'node:net'
import { until, within } from './wait.ts'

/** A client that sends and reads bytes as they are. */
export interface RawClient {
  readonly socket: Socket
  send(bytes: string | Uint8Array): void
  /** All bytes that came back so far. */
  received(): Buffer
  /** Resolves when the server closed: `end` in order, `cut` with an error. */
  readonly closed: Promise<'end' | 'cut'>
  /** Waits until the bytes so far satisfy a condition. */
  readUntil(what: string, found: (text: string) => boolean, timeout?: number): Promise<string>
  /** Stops reading, so that the server meets back-pressure. */
  pause(): void
  leave(): void
}

/** Opens a connection to a loopback port. */
export async function rawClient(port: number): Promise<RawClient> {
  const chunks: Buffer[] = []
  const socket = connect(port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve())
    socket.once('error', reject)
  })
  socket.setNoDelay(true)
  let failed = false
  const closed = new Promise<'end' | 'cut'>((resolve) => {
    socket.on('error', () => {
      failed = true
    })
    socket.on('close', () => resolve(failed ? 'cut' : 'end'))
  })
  socket.on('data', (bytes: Buffer) => chunks.push(Buffer.from(bytes)))
  const received = () => Buffer.concat(chunks)
  return {
    socket,
    received,
    closed,
    send: (bytes) => void socket.write(bytes),
    readUntil: async (what, found, timeout = 5000) => {
      await until(what, () => found(received().toString('latin1')), timeout)
      return received().toString('latin1')
    },
    pause: () => void socket.pause(),
    leave: () => void socket.destroy(),
  }
}

/** A reply read from raw bytes. */
export interface RawReply {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** Whether the framing came to its proper end. */
  readonly whole: boolean
}

/** Sends one request and reads until the server closes. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<RawReply> {
  const client = await rawClient(port)
  client.send(bytes)
  await within(10000, 'the reply and its close', client.closed)
  return parseReply(client.received())
}

/** Reads a whole reply; header names in lower case. */
export function parseReply(bytes: Buffer): RawReply {
  const end = bytes.indexOf('\r\n\r\n')
  const lines = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map(
    lines.slice(1).map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const status = Number((lines[0] ?? '').split(' ')[1])
  const rest = bytes.subarray(end + 4)
  if (headers.get('transfer-encoding') === 'chunked') return { status, headers, ...dechunk(rest) }
  const length = headers.get('content-length')
  const whole = length === undefined || rest.length === Number(length)
  return { status, headers, body: rest, whole }
}

/** Takes chunked framing off. */
function dechunk(bytes: Buffer): { body: Buffer; whole: boolean } {
  const parts: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const line = bytes.indexOf('\r\n', at)
    if (line === -1) break
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    if (size === 0) return { body: Buffer.concat(parts), whole: true }
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
  return { body: Buffer.concat(parts), whole: false }
}

/** The bytes of a POST with a JSON body; `connection: close` unless told. */
export function post(
  path: string,
  body: string | Uint8Array,
  headers: readonly (readonly [string, string])[] = [],
): Buffer {
  const bytes = Buffer.from(body)
  const lines = [
    ['host', 'localhost'],
    ['content-type', 'application/json'],
    ['anthropic-version', '2023-06-01'],
    ['content-length', String(bytes.length)],
    ['connection', 'close'],
  ]
  const given = new Set(headers.map(([name]) => name.toLowerCase()))
  const all = [...lines.filter(([name]) => !given.has(name ?? '')), ...headers]
  const head = all.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${head}\r\n`), bytes])
}

/** A small valid Messages request. */
export function messageBody(stream: boolean, extra: Record<string, unknown> = {}): string {
  return JSON.stringify({
    model: 'claude-sonnet-4-6',
    max_tokens: 100,
    stream,
    messages: [{ role: 'user', content: 'Hello' }],
    ...extra,
  })
}
