import { Elysia, t } from 'elysia'
import { swaggerRoutes } from '../../src/http/swagger.ts'

/** A program that serves /swagger of a small app; with a key as argument the description asks for it. */
const key = process.argv[2]
const app = new Elysia()
app
  .onBeforeHandle({ as: 'global' }, ({ path, headers }) => {
    if (key !== undefined && path === '/swagger/json' && headers['x-api-key'] !== key) {
      return new Response(null, { status: 401 })
    }
  })
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
  .listen({ hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(port))
