import { clientKeys } from '../../src/auth/client-key.ts'
import { Door } from '../../src/http/door.ts'
import { emptyApp } from '../../src/http/empty-app.ts'
import { EventStreams } from '../../src/http/event-stream.ts'
import { addPermissionRoutes } from '../../src/http/routes/permissions.ts'
import { Secret } from '../../src/kit/secret.ts'
import { PermissionDesk } from '../../src/provider/claude-sdk/permission-desk.ts'
import { createLogger } from '../../src/record/log.ts'

/** A server with the permission endpoints behind the guard, whose desk the test holds. */
export interface PermissionServer {
  readonly url: string
  readonly port: number
  readonly desk: PermissionDesk
  readonly streams: EventStreams
  stop(): Promise<void>
}

/** Starts one on loopback. */
export function startPermissionServer(
  options: { key?: string; timeoutMs?: number; port?: number; pingAfterMs?: number } = {},
): PermissionServer {
  const { key, timeoutMs = 30_000, port = 0 } = options
  const desk = new PermissionDesk({ rules: [], timeoutMs })
  const streams = new EventStreams(options.pingAfterMs)
  const door = new Door({
    logger: createLogger('silent', 'json'),
    guard: {
      keys: clientKeys(key === undefined ? [] : [new Secret(key)], []),
      allowedHosts: new Set(),
      corsOrigins: new Set(),
      rateLimit: undefined,
      limitsLoopback: false,
      publicHealth: true,
    },
    draining: () => false,
  })
  const app = emptyApp((thrown, request) => door.fail(thrown, request))
  addPermissionRoutes(app, {
    permissions: desk,
    eventStreams: streams,
    bodyLimits: { bytes: 1024 * 1024, timeoutMs: 5000 },
  })
  const routes = app.compile().fetch
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port,
    fetch: (request, own) => door.enter(request, own, routes),
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port ?? 0,
    desk,
    streams,
    async stop() {
      desk.close()
      streams.endAll()
      await server.stop(true)
    },
  }
}
