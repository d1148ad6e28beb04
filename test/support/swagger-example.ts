import { type AnyElysia, t } from 'elysia'
import { swaggerRoutes } from '../../src/http/swagger.ts'

/** Gives an app /swagger and a few routes of every kind: to describe, to hide, to leave out. */
export function withSwagger(app: AnyElysia): AnyElysia {
  return app
    .use(
      swaggerRoutes({
        routes: () => app.routes,
        documentation: {
          info: { title: 'ccproxy', version: '1.2.3' },
          paths: {
            '/v1/messages': {
              post: { summary: 'Messages', responses: { 200: { description: 'A message' } } },
            },
          },
        },
      }),
    )
    .get('/health', () => 'ok', { detail: { summary: 'Health' } })
    .get('/v1/models/:id', () => 'ok', { params: t.Object({ id: t.String() }) })
    .get('/hidden', () => 'ok', { detail: { hide: true } })
    .all('/*', () => 'rest')
}
