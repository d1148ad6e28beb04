import { Elysia } from 'elysia'
import { ProxyError } from '../kit/error.ts'
import { allowedMethods } from './allowed-methods.ts'
import type { App } from './context.ts'
import { familyOf } from './errors.ts'
import { incomingOf } from './incoming.ts'

type Routes = () => Elysia['routes']

const CODES: Readonly<Record<string, (request: Request, routes: Routes) => ProxyError>> = {
  NOT_FOUND: (request, routes) => {
    const { path } = incomingOf(request)
    const allow = allowedMethods(routes(), path)
    // Codex with its own provider opens a WebSocket first: this status alone sends it to HTTP without five more tries (0.169).
    if (allow !== undefined && request.headers.get('upgrade')?.toLowerCase() === 'websocket') {
      const text = `WebSockets are not served here: use ${allow} over HTTP`
      const headers = { allow, upgrade: 'HTTP/1.1', connection: 'upgrade' }
      return new ProxyError('method_not_allowed', text, { status: 426, headers })
    }
    if (allow !== undefined) {
      const text = `Method ${request.method} is not allowed: use ${allow}`
      return new ProxyError('method_not_allowed', text, { headers: { allow } })
    }
    const family = familyOf(path, request.headers)
    const where = family === 'service' ? 'see /swagger' : 'see the URLs at /swagger'
    return new ProxyError('not_found', `Path "${path}" does not exist: ${where}`)
  },
  VALIDATION: (request) => {
    const { path } = incomingOf(request)
    const why = path.startsWith('/sdk/')
      ? 'a session id has 8 to 64 letters, digits, "-" or "_"'
      : 'see the URLs at /swagger'
    return new ProxyError('invalid_request', `Path "${path}" is not valid: ${why}`)
  },
}

/**
 * An app without routes that answers what no route takes: 405 where another method is one, else 404. `outer` is the app
 * that hands a group its requests, and may have routes of its own among the group's.
 */
export function emptyApp(fail: App['fail'], outer?: Elysia): Elysia {
  const app = new Elysia({
    name: 'ccproxy',
    normalize: false,
    // Else it takes for granted that a host's name has four letters, and cuts the path behind a shorter one.
    handler: { standardHostname: false },
  })
  app.onError(({ error, code, request }) => {
    const routes = () => [...(outer?.routes ?? []), ...app.routes]
    return fail(CODES[String(code)]?.(request, routes) ?? error, request)
  })
  return app
}
