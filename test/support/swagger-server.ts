import { Elysia } from 'elysia'
import { withSwagger } from './swagger-example.ts'

/** A program that serves /swagger of a small app; with a key as argument the description asks for it. */
const key = process.argv[2]
const app = new Elysia().onBeforeHandle({ as: 'global' }, ({ path, headers }) => {
  if (key !== undefined && path === '/swagger/json' && headers['x-api-key'] !== key) {
    return new Response(null, { status: 401 })
  }
})
withSwagger(app).listen({ hostname: '127.0.0.1', port: 0 }, ({ port }) => console.log(port))
