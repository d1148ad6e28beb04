import type { Elysia } from 'elysia'
import type { App } from '../context.ts'
import { incomingOf } from '../incoming.ts'
import { checkMode, type Named, type Prefix, paramsOf } from '../prefixes.ts'

const HEALTH_TYPE = 'application/health+json'
const NO_STORE = 'no-cache, no-store, must-revalidate'

/** Health, status and Claude Code's start-up traffic. */
export function addServiceRoutes(app: Elysia, context: App): void {
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
}

/** What each mode would use. */
export function addStatusRoutes(app: Elysia, context: App, prefixes: readonly Prefix[]): void {
  for (const prefix of prefixes) {
    app.get(`${prefix.path}/status`, ({ params: named }) => status(context, prefix, named), {
      ...paramsOf(prefix),
      detail: service('What this mode would use'),
    })
  }
}

async function status(context: App, prefix: Prefix, named?: Named): Promise<Response> {
  checkMode(prefix)
  const provider = prefix.provider ?? named?.provider
  const upstream = await context.gateway.status(provider)
  return Response.json({ mode: prefix.mode, ...upstream, version: context.version })
}

function service(summary: string) {
  return { summary, tags: ['service'] }
}

function about(context: App): object {
  return { name: 'ccproxy', version: context.version, documentation: '/swagger' }
}

/** @see draft-inadarei-api-health-check; details only for a client that may see them. */
function health(context: App, pass: boolean, details: boolean): Response {
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
