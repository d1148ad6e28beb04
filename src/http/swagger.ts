import type { ElysiaSwaggerConfig } from '@elysiajs/swagger'
import { Elysia, type InternalRoute } from 'elysia'
import { pageAsset } from './page-asset.ts'

/**
 * 2026-11: `@elysiajs/swagger` makes the description, but its page loads a script from a CDN. The
 * page here is our own, its Swagger UI comes out of the binary, and its policy forbids the rest.
 * Everything is imported when first asked for, so that start-up pays nothing.
 */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]

const JSON_PATH = '/swagger/json'

/** The page's static files: they hold nothing of this installation and need no client key. */
export const SWAGGER_SHELL_PATHS: ReadonlySet<string> = new Set([
  '/swagger',
  '/swagger/assets/swagger-ui.css',
  '/swagger/assets/swagger-ui-bundle.js',
  '/swagger/assets/page.js',
])

/** What the description is made of. */
export interface SwaggerOptions {
  /** The routes to describe: `() => app.routes`; those with `detail.hide` stay out. */
  readonly routes: () => readonly InternalRoute[] | Promise<readonly InternalRoute[]>
  /** Title, version, tags, and paths that no single route stands for (wildcards are left out). */
  readonly documentation: NonNullable<ElysiaSwaggerConfig['documentation']>
}

/** Serves the page at `/swagger` and the OpenAPI 3.0 description at `/swagger/json`. */
export function swaggerRoutes({ routes, documentation }: SwaggerOptions) {
  const app = new Elysia({ name: 'swagger' })
  for (const path of SWAGGER_SHELL_PATHS) {
    app.get(path, () => shell(path), { detail: { hide: true } })
  }
  return app.get(JSON_PATH, async () => description(await routes(), documentation), {
    detail: { hide: true },
  })
}

async function shell(path: string): Promise<Response> {
  const { swaggerAssets } = await import('./swagger/assets.ts')
  return pageAsset(swaggerAssets, path, POLICY)
}

/** The plugin looks only at the routes of the app that it is used in: it is handed ours instead. */
async function description(
  routes: readonly InternalRoute[],
  documentation: SwaggerOptions['documentation'],
): Promise<Response> {
  const { swagger } = await import('@elysiajs/swagger')
  const plugin = swagger({ specPath: JSON_PATH, documentation })
  Object.assign(plugin, { getGlobalRoutes: () => routes })
  const reply = await plugin.handle(new Request(`http://localhost${JSON_PATH}`))
  return new Response(reply.body, {
    status: reply.status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}
