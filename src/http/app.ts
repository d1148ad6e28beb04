import { Elysia } from 'elysia'
import { ProxyError } from '../kit/error.ts'
import type { App } from './context.ts'
import { familyOf } from './errors.ts'
import { incomingOf } from './incoming.ts'
import { addDashboardRoutes } from './routes/dashboard.ts'
import { addLogRoutes } from './routes/logs.ts'
import { addMetricsRoute } from './routes/metrics.ts'
import { addOauthRoutes } from './routes/oauth.ts'
import { addPermissionRoutes } from './routes/permissions.ts'
import { addProxyRoutes } from './routes/proxy.ts'
import { addServiceRoutes } from './routes/service.ts'
import { swaggerRoutes } from './swagger.ts'

const CODES: Readonly<Record<string, (request: Request) => ProxyError>> = {
  NOT_FOUND: (request) => {
    const { path } = incomingOf(request)
    const family = familyOf(path, request.headers)
    const where = family === 'service' ? 'see /swagger' : 'see the URLs at /swagger'
    return new ProxyError('not_found', `Path "${path}" does not exist: ${where}`)
  },
  VALIDATION: (request) =>
    new ProxyError('invalid_request', `Path "${incomingOf(request).path}" is not valid`),
}

/** All routes. The guard has let a request in before it comes here. */
export function createApp(context: App) {
  const app = new Elysia({ name: 'ccproxy', normalize: false })
  app.onError(({ error, code, request }) =>
    context.fail(CODES[String(code)]?.(request) ?? error, request),
  )
  addServiceRoutes(app, context)
  addOauthRoutes(app, context)
  addPermissionRoutes(app, context)
  addMetricsRoute(app, context)
  addLogRoutes(app, context)
  addDashboardRoutes(app, context)
  addProxyRoutes(app, context)
  return app.use(
    swaggerRoutes({
      routes: () => app.routes,
      documentation: {
        info: {
          title: 'ccproxy',
          version: context.version,
          description: 'One address for AI clients that want Claude',
        },
      },
    }),
  )
}
