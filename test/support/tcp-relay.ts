import type { Socket } from 'bun'

/** A way to a server that can be broken: what runs is cut, and nobody gets through until it is mended. */
export interface TcpRelay {
  readonly port: number
  break(): void
  mend(): void
  stop(): void
}

interface Pair {
  other: Socket<Pair> | undefined
  early: Uint8Array[]
}

/** Relays to a port of this machine. */
export function startTcpRelay(port: number): TcpRelay {
  const open = new Set<Socket<Pair>>()
  let broken = false
  const pass = (socket: Socket<Pair>, bytes: Uint8Array) => {
    const { other, early } = socket.data
    // The buffer is Bun's: it is copied before it waits.
    if (other === undefined) early.push(bytes.slice())
    else other.write(bytes)
  }
  const end = (socket: Socket<Pair>) => {
    open.delete(socket)
    socket.data.other?.end()
  }
  const server = Bun.listen<Pair>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      async open(socket) {
        socket.data = { other: undefined, early: [] }
        if (broken) return void socket.terminate()
        open.add(socket)
        const other = await Bun.connect<Pair>({
          hostname: '127.0.0.1',
          port,
          data: { other: socket, early: [] },
          socket: { data: pass, close: end },
        })
        for (const bytes of socket.data.early) other.write(bytes)
        socket.data.other = other
      },
      data: pass,
      close: end,
    },
  })
  return {
    port: server.port,
    break() {
      broken = true
      for (const socket of open) socket.terminate()
    },
    mend() {
      broken = false
    },
    stop: () => server.stop(true),
  }
}
