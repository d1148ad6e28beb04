import type { Elysia } from 'elysia'
import type { App } from '../context.ts'
import { incomingOf } from '../incoming.ts'
import { readBody } from '../read-body.ts'

/** The plan login through a running server (interface.md 1). */
export function addOauthRoutes(app: Elysia, context: App): void {
  app
    .post('/oauth/login', ({ request }) => begin(context, request), {
      parse: 'none',
      detail: {
        summary: 'Begin a plan login',
        description:
          'Takes {"accept_terms": true} and gives authorize_url, the page to open in a browser.',
        tags: ['service'],
      },
    })
    .get('/oauth/callback', ({ request }) => finish(context, request), {
      detail: { summary: 'Where the sign-in page sends the browser back to', tags: ['service'] },
    })
}

async function begin(context: App, request: Request): Promise<Response> {
  const body = await readBody(request, context.bodyLimits)
  const begun = await context.loginDesk.begin(body)
  return Response.json(begun, { headers: { 'cache-control': 'no-store' } })
}

function finish(context: App, request: Request): Promise<Response> {
  return context.loginDesk.finish(new URLSearchParams(incomingOf(request).query))
}
