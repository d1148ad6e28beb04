import type { Elysia } from 'elysia'
import type { App } from '../context.ts'
import { incomingOf } from '../incoming.ts'
import { type Named, PREFIXES, type Prefix, paramsOf } from '../prefixes.ts'

const HEALTH_TYPE = 'application/health+json'
const NO_STORE = 'no-cache, no-store, must-revalidate'

/** What these routes use. */
type ServiceApp = Pick<App, 'gateway' | 'version' | 'draining'>

/** Health, status and Claude Code's start-up traffic. */
export function addServiceRoutes(app: Elysia, context: ServiceApp): void {
  app
    .get('/', () => Response.json(about(context)), { detail: { summary: 'What this is' } })
    .head('/', () => new Response(null, { status: 200 }), { detail: { hide: true } })
    .head('/api/hello', () => new Response(null, { status: 200 }), { detail: { hide: true } })
    .get('/api/hello', () => Response.json({ message: 'hello' }), { detail: { hide: true } })
    .post('/api/event_logging/*', () => new Response(null, { status: 204 }), {
      parse: 'none',
      detail: { hide: true },
    })
    .get('/health/live', () => health(context, true, false), { detail: service('Is it running') })
    .get('/health/ready', () => health(context, !context.draining(), false), {
      detail: service('Does it take requests'),
    })
    .get(
      '/health',
      ({ request }) => health(context, !context.draining(), incomingOf(request).admission.trusted),
      { detail: service('Health') },
    )
  for (const prefix of PREFIXES) {
    app.get(`${prefix.path}/status`, ({ params: named }) => status(context, prefix, named), {
      ...paramsOf(prefix),
      detail: service('What this mode would use'),
    })
  }
}

async function status(context: ServiceApp, prefix: Prefix, named?: Named): Promise<Response> {
  const provider = prefix.provider ?? named?.provider
  const { details, ...upstream } = await context.gateway.status(provider)
  return Response.json({ mode: prefix.mode, ...upstream, ...details, version: context.version })
}

function service(summary: string) {
  return { summary, tags: ['service'] }
}

function about(context: ServiceApp): object {
  return { name: 'ccproxy', version: context.version, documentation: '/swagger' }
}

/** @see draft-inadarei-api-health-check; details only for a client that may see them. */
function health(context: ServiceApp, pass: boolean, details: boolean): Response {
  const body = {
    status: pass ? 'pass' : 'fail',
    ...(pass ? {} : { output: 'Shutting down: no new requests are taken' }),
    ...(details ? { version: context.version, serviceId: 'ccproxy' } : {}),
  }
  return new Response(JSON.stringify(body), {
    status: pass ? 200 : 503,
    headers: { 'content-type': HEALTH_TYPE, 'cache-control': NO_STORE },
  })
}
