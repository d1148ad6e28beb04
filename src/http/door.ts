import type { Server } from 'bun'
import { ProxyError } from '../kit/error.ts'
import { ShuttingDown } from '../kit/shutting-down.ts'
import type { Logger } from '../record/log.ts'
import { Connection } from './connection.ts'
import { causeOf, errorResponse, familyOf, toProxyError } from './errors.ts'
import { type Admission, admit, type GuardOptions } from './guard.ts'
import { type Incoming, incomingOf, remember } from './incoming.ts'
import { canonicalPath } from './path.ts'
import { requestIdOf } from './request-id.ts'

/** What the door works with. */
export interface DoorOptions {
  readonly logger: Logger
  readonly guard: GuardOptions
  readonly draining: () => boolean
  /** The only address that a client can have here, where there is but one: asking costs a system call. */
  readonly onlyAddress?: string | undefined
}

type Routes = (request: Request) => Response | Promise<Response>

/** Refusals that leave a body unread. */
const UNREAD: ReadonlySet<number> = new Set([401, 403, 408, 413, 415])

const NOBODY: Admission = {
  client: { name: undefined, address: undefined },
  credential: undefined,
  callerKey: undefined,
  trusted: false,
  headers: {},
}

/** Where every request comes in: its id, its one spelling, the guard, and the headers of every reply. */
export class Door {
  readonly #options: DoorOptions

  constructor(options: DoorOptions) {
    this.#options = options
  }

  /** Answers one request by the routes, or refuses it. */
  async enter(request: Request, server: Server<unknown>, routes: Routes): Promise<Response> {
    const connection = new Connection(server, request)
    const { url } = request
    const address = this.#options.onlyAddress ?? server.requestIP(request)?.address
    const start = url.indexOf('/', 8)
    const query = url.indexOf('?', start)
    const rawPath = url.slice(start, query === -1 ? undefined : query)
    const path = canonicalPath(rawPath)
    const incoming = {
      id: requestIdOf(request.headers),
      started: performance.now(),
      path,
      query: query === -1 ? '' : url.slice(query),
      admission: NOBODY,
      connection,
    }
    const known = path === rawPath ? request : respelled(request, url.slice(0, start), incoming)
    remember(known, incoming)
    try {
      incoming.admission = this.#admit(request, path, address)
      if (isPreflight(request, incoming.admission)) {
        return finish(new Response(null, { status: 204 }), incoming)
      }
      return finish(await routes(known), incoming)
    } catch (thrown) {
      return finish(this.fail(thrown, known), incoming)
    } finally {
      connection.answered()
    }
  }

  /** Writes an error in the shape of the path that it happened on. */
  fail(thrown: unknown, request: Request): Response {
    const { id, path } = incomingOf(request)
    const error = toProxyError(thrown, id)
    if (error.kind === 'internal') {
      const { cause } = error
      const stack = cause instanceof Error ? cause.stack : error.stack
      this.#options.logger.log('error', error.message, { id, path, cause: causeOf(error), stack })
    }
    const response = errorResponse(error, familyOf(path, request.headers), id)
    // What is left of a body that is not wanted must not hold the connection.
    if (UNREAD.has(response.status)) response.headers.set('connection', 'close')
    return response
  }

  #admit(request: Request, path: string, address: string | undefined): Admission {
    const { guard, draining, logger } = this.#options
    if (draining() && !path.startsWith('/health')) {
      throw new ShuttingDown({ connection: 'close', 'retry-after': '1' })
    }
    try {
      return admit(request, path, address, guard)
    } catch (error) {
      if (error instanceof ProxyError) {
        const { method } = request
        logger.log('info', 'refused', {
          method,
          path,
          address,
          status: error.status,
          error: error.message,
        })
      }
      throw error
    }
  }
}

/** A browser asks so for an origin that the guard has allowed; it wants a good status, whatever the path. */
function isPreflight(request: Request, { headers }: Admission): boolean {
  return request.method === 'OPTIONS' && 'access-control-allow-methods' in headers
}

/** The same request under its one spelling, which the routes know. */
function respelled(
  request: Request,
  origin: string,
  incoming: { readonly path: string; readonly query: string },
): Request {
  return new Request(origin + incoming.path + incoming.query, request)
}

function finish(response: Response, incoming: Incoming): Response {
  const { headers } = response
  headers.set('x-request-id', incoming.id)
  const own = incoming.admission.headers
  for (const name in own) headers.set(name, own[name] ?? '')
  return response
}
