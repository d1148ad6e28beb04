import type { Elysia } from 'elysia'
import type { App } from './context.ts'
import { emptyApp } from './empty-app.ts'
import { HIDDEN } from './hidden.ts'
import { PREFIX_GROUPS, type Prefix } from './prefixes.ts'
import { addOauthRoutes } from './routes/oauth.ts'
import { addProxyRoutes } from './routes/proxy.ts'
import { addServiceRoutes, addStatusRoutes } from './routes/service.ts'
import { swaggerRoutes } from './swagger.ts'

/** All routes. The guard has let a request in before it comes here. */
export function createApp(context: App) {
  const app = emptyApp(context.fail)
  addServiceRoutes(app, context)
  addOauthRoutes(app, context)
  addPrefixRoutes(app, context, PREFIX_GROUPS.get('') ?? [])
  const groups = [...addGroups(app, context), addOwnGroup(app, context)]
  return app.use(
    swaggerRoutes({
      routes: async () => {
        const made = await Promise.all(groups.map((group) => group()))
        return [app, ...made].flatMap(({ routes }) => routes)
      },
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

type Group = Pick<Elysia, 'routes' | 'fetch'>

function addPrefixRoutes(app: Elysia, context: App, prefixes: readonly Prefix[]): void {
  addStatusRoutes(app, context, prefixes)
  addProxyRoutes(app, context, prefixes)
}

/**
 * Hands what is below a prefix to an app of that prefix's own, made when the first request for it comes: to make all
 * of them at the start took a quarter of it. Gives what makes them, for their description.
 */
function addGroups(app: Elysia, context: App): (() => Group)[] {
  return [...PREFIX_GROUPS]
    .filter(([segment]) => segment !== '')
    .map(([segment, prefixes]) => {
      let made: Group | undefined
      const group = () => {
        made ??= createGroup(app, context, prefixes)
        return made
      }
      app.all(`/${segment}/*`, ({ request }) => group().fetch(request), HIDDEN)
      return group
    })
}

/** What few requests ask for. */
const OWN_PATHS = [
  '/metrics',
  '/logs/*',
  '/dashboard',
  '/dashboard/*',
  '/permissions',
  '/permissions/*',
] as const

/** The same for what people and their tools ask, whose code is loaded with the first such request. */
function addOwnGroup(app: Elysia, context: App): () => Promise<Group> {
  let made: Promise<Group> | undefined
  const group = () => {
    made ??= createOwnGroup(app, context)
    return made
  }
  for (const path of OWN_PATHS) {
    app.all(path, async ({ request }) => (await group()).fetch(request), HIDDEN)
  }
  return group
}

async function createOwnGroup(outer: Elysia, context: App): Promise<Group> {
  const { addOwnRoutes } = await import('./routes/own.ts')
  const app = emptyApp(context.fail, outer)
  addOwnRoutes(app, context)
  return { routes: app.routes, fetch: app.compile().fetch }
}

function createGroup(outer: Elysia, context: App, prefixes: readonly Prefix[]): Group {
  const app = emptyApp(context.fail, outer)
  addPrefixRoutes(app, context, prefixes)
  // `fetch` is a getter that composes the whole handler: asked once, not at each request.
  return { routes: app.routes, fetch: app.compile().fetch }
}
