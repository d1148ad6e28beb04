import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A transparent hop that keeps what its clients sent and got, to the byte. */
export interface Tee {
  readonly url: string
  /** Per connection, what the client sent. */
  sent(): Buffer[]
  /** Per connection, what the client got. */
  got(): Buffer[]
  close(): void
}

/** Listens on a free port and carries every connection to `port`. */
export async function startTee(port: number): Promise<Tee> {
  const connections: { sent: Buffer[]; got: Buffer[]; sockets: Socket[] }[] = []
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    const record = { sent: [] as Buffer[], got: [] as Buffer[], sockets: [client, upstream] }
    connections.push(record)
    relay(client, upstream, record.sent)
    relay(upstream, client, record.got)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('Tee has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    sent: () => connections.map((entry) => Buffer.concat(entry.sent)),
    got: () => connections.map((entry) => Buffer.concat(entry.got)),
    close: () => {
      server.close()
      for (const { sockets } of connections) for (const socket of sockets) socket.destroy()
    },
  }
}

function relay(from: Socket, to: Socket, record: Buffer[]): void {
  from.on('data', (bytes: Buffer) => {
    record.push(Buffer.from(bytes))
    to.write(bytes)
  })
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
}
