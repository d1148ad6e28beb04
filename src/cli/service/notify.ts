import { messageOf } from '../../kit/error.ts'

/** What the service manager is told by `sd_notify`, or nobody where none listens. */
export interface Notifier {
  /** Requests are taken: what waits for this service may start. Also starts the watchdog's signs of life. */
  ready(status: string): void
  /** The end has begun and may take this long, ms. */
  stopping(drainMs: number): void
  close(): void
}

type Environment = Readonly<Record<string, string | undefined>>
type Send = (message: string) => void

/** Beyond the drain, for what follows it, ms. */
const END_MS = 5000
const SILENT: Notifier = { ready: () => {}, stopping: () => {}, close: () => {} }

/**
 * Speaks to the service manager that started this process. The protocol is one datagram to a Unix socket, which
 * neither Bun nor node:dgram can send (Bun 1.4.5, 2026-11), and the helper `systemd-notify` is another process, whose
 * word does not count for this one: so libc is called, and loaded only where NOTIFY_SOCKET asks for it.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export async function createNotifier(
  env: Environment,
  complain: (problem: string) => void,
): Promise<Notifier> {
  const path = env.NOTIFY_SOCKET
  if (process.platform !== 'linux' || path === undefined || !/^[/@]/.test(path)) return SILENT
  let send: Send
  try {
    send = await datagramsTo(path)
  } catch (error) {
    complain(`Cannot tell the service manager that ccproxy runs: ${messageOf(error)}`)
    return SILENT
  }
  let timer: ReturnType<typeof setInterval> | undefined
  return {
    ready(status) {
      send(`READY=1\nSTATUS=${status}`)
      const every = watchdogMs(env)
      // From the loop that serves: where it hangs, the signs of life end.
      if (every !== undefined) timer = setInterval(() => send('WATCHDOG=1'), every / 2)
    },
    stopping(drainMs) {
      const microseconds = Math.ceil(drainMs + END_MS) * 1000
      send(`STOPPING=1\nSTATUS=Ending\nEXTEND_TIMEOUT_USEC=${microseconds}`)
    },
    close: () => clearInterval(timer),
  }
}

/** The environment of what this process starts: it must not speak in its name. */
export function withoutNotifier<Env extends Environment>(env: Env): Environment {
  const { NOTIFY_SOCKET: _, WATCHDOG_USEC: __, WATCHDOG_PID: ___, ...rest } = env
  return rest
}

function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment): number | undefined {
  const microseconds = Number(WATCHDOG_USEC)
  const meant = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid)
  return meant && microseconds > 0 ? microseconds / 1000 : undefined
}

const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000
const MSG_NOSIGNAL = 0x4000

async function datagramsTo(path: string): Promise<Send> {
  const libc = await openLibc()
  const address = socketAddress(path)
  const descriptor = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0)
  if (descriptor < 0) throw new Error('no socket can be made')
  return (message) => {
    const bytes = Buffer.from(message)
    libc.sendto(descriptor, bytes, bytes.length, MSG_NOSIGNAL, address, address.length)
  }
}

/** A `sockaddr_un`; a name that begins with `@` is no file but one of the kernel's own. */
function socketAddress(path: string): Buffer {
  const family = Buffer.alloc(2)
  new DataView(family.buffer, family.byteOffset).setUint16(0, AF_UNIX, true)
  const name = path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`
  return Buffer.concat([family, Buffer.from(name)])
}

async function openLibc() {
  const { dlopen, FFIType } = await import('bun:ffi')
  const functions = {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    sendto: {
      args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32],
      returns: FFIType.i64,
    },
  } as const
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const problems: string[] = []
  for (const name of ['libc.so.6', `libc.musl-${machine}.so.1`]) {
    try {
      return dlopen(name, functions).symbols
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  throw new Error(problems.join('; '))
}
