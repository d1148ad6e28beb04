import type { Server } from 'bun'
import type { Settings } from '../config/schema.ts'
import { errorCode, ProxyError } from '../kit/error.ts'
import { KEEP_ALIVE_SECONDS } from './connection.ts'
import { portOwner } from './port-owner.ts'

type Handler = (request: Request, server: Server<unknown>) => Response | Promise<Response>

/** Begins to listen; throws a ProxyError where the address or the port cannot be had. */
export async function listen(settings: Settings, handler: Handler): Promise<Server<unknown>> {
  const { host, port } = settings.server
  try {
    return Bun.serve({
      hostname: host,
      port,
      // Two instances on one port would split the requests between them.
      reusePort: false,
      idleTimeout: KEEP_ALIVE_SECONDS,
      // Above our own limits: Bun's refusals have no body.
      maxRequestBodySize: Math.max(settings.limits.body_bytes, settings.limits.upload_bytes) * 2,
      development: false,
      fetch(request, server) {
        return handler(request, server)
      },
    })
  } catch (error) {
    throw await listenError(error, host, port)
  }
}

async function listenError(error: unknown, host: string, port: number): Promise<unknown> {
  const code = errorCode(error)
  if (code === 'EADDRINUSE') {
    const owner = await portOwner(port)
    const by = owner === undefined ? '' : ` by ${owner}`
    const text = `Port ${port} is in use${by}: stop it, or choose another with --port`
    return new ProxyError('unavailable', text, { cause: error })
  }
  if (code === 'EACCES') {
    const text = `Port ${port} needs more rights: choose one above 1023 with --port`
    return new ProxyError('unavailable', text, { cause: error })
  }
  // EINVAL stands for a name that cannot be resolved (Bun 1.4.5, 2026-11).
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EINVAL') {
    const text = `Address "${host}" is not one of this machine: set server.host to one that is`
    return new ProxyError('unavailable', text, { cause: error })
  }
  return error
}
