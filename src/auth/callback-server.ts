import type { Server } from 'bun'
import { errorCode, ProxyError } from '../kit/error.ts'
import { constantTimeEquals } from '../kit/secret.ts'
import { callbackPage } from './callback-page.ts'
import { LOGIN_TIMEOUT_MS } from './login.ts'

/** Where a port is in use the next free one is taken. */
const PORTS_TRIED = 20
/** The page waits for the trade of the code, and that may take two slow answers. */
const IDLE_SECONDS = 120

/** A loopback server that waits for the browser to bring one login's code. */
export interface CallbackServer {
  /** `http://localhost:<port>/callback`. */
  readonly redirectUri: string
  /**
   * Waits for the code of this state and ends the login with it; the browser's page tells how that
   * went. Stray requests and wrong states change nothing. Rejects after five minutes or on abort.
   */
  wait<Result>(
    state: string,
    finish: (code: string) => Promise<Result>,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<Result>
  stop(): Promise<void>
}

type Handler = (url: URL) => Promise<Response>

/** Starts the server on loopback only, on the first free port from `port` on. */
export async function startCallbackServer(port: number): Promise<CallbackServer> {
  let handler: Handler = () => Promise.resolve(callbackPage('unknown'))
  const { servers, boundPort } = await bindFrom(port, async (request) => {
    const url = new URL(request.url)
    if (url.pathname !== '/callback' || request.method !== 'GET') return callbackPage('not-found')
    return handler(url)
  })
  return {
    redirectUri: `http://localhost:${boundPort}/callback`,
    async wait(state, finish, { timeoutMs = LOGIN_TIMEOUT_MS, signal } = {}) {
      const { promise, resolve, reject } =
        Promise.withResolvers<Awaited<ReturnType<typeof finish>>>()
      const timer = setTimeout(() => reject(tooLate(timeoutMs)), timeoutMs)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      if (signal?.aborted) reject(signal.reason)
      handler = oneLogin(
        state,
        async (code) => {
          try {
            resolve(await finish(code))
            return true
          } catch (error) {
            reject(error)
            return false
          }
        },
        () => reject(deniedInBrowser()),
      )
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        handler = () => Promise.resolve(callbackPage('unknown'))
      }
    },
    async stop() {
      // Not by force: the browser is still to get its last page.
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

/** Takes the first code that comes with the right state, and no second one. */
function oneLogin(
  state: string,
  finish: (code: string) => Promise<boolean>,
  deny: () => void,
): Handler {
  let taken = false
  return async ({ searchParams }) => {
    if (!constantTimeEquals(searchParams.get('state') ?? '', state)) return callbackPage('unknown')
    if (taken) return callbackPage('unknown')
    const code = searchParams.get('code')
    if (code) {
      taken = true
      return callbackPage((await finish(code)) ? 'done' : 'failed')
    }
    if (!searchParams.has('error')) return callbackPage('unknown')
    taken = true
    deny()
    return callbackPage('denied')
  }
}

type Fetch = (request: Request) => Promise<Response>

async function bindFrom(port: number, fetch: Fetch) {
  for (let candidate = port; candidate < port + PORTS_TRIED; candidate += 1) {
    const servers = await bind(candidate, fetch)
    if (servers !== undefined) return { servers, boundPort: servers[0]?.port ?? candidate }
  }
  throw new ProxyError(
    'unavailable',
    `Cannot wait for the browser: ports ${port} to ${port + PORTS_TRIED - 1} are in use; set auth.oauth.callback_port, or use "ccproxy auth login --manual"`,
  )
}

/** Both loopback families, for "localhost" may mean either; undefined where one is in use. */
async function bind(port: number, fetch: Fetch): Promise<Server<undefined>[] | undefined> {
  const servers: Server<undefined>[] = []
  for (const hostname of ['127.0.0.1', '::1']) {
    try {
      const shared = servers[0]?.port ?? port
      servers.push(Bun.serve({ hostname, port: shared, fetch, idleTimeout: IDLE_SECONDS }))
    } catch (error) {
      const inUse = errorCode(error) === 'EADDRINUSE'
      // A machine without IPv6 needs no second one.
      if (!inUse && servers.length > 0) return servers
      await Promise.all(servers.map((server) => server.stop(true)))
      if (inUse) return undefined
      throw error
    }
  }
  return servers
}

function tooLate(timeoutMs: number): ProxyError {
  const minutes = Math.round(timeoutMs / 60_000)
  return new ProxyError(
    'request_timeout',
    `Cannot log in: nothing came back from the browser within ${minutes} minutes; run "ccproxy auth login" again, or add --manual`,
  )
}

function deniedInBrowser(): ProxyError {
  return new ProxyError(
    'authentication',
    'Cannot log in: the sign-in page sent no code, as it does when access is refused; run "ccproxy auth login" again',
  )
}
