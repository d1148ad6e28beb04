import { Elysia } from 'elysia'
import { ProxyError } from '../kit/error.ts'
import type { App } from './context.ts'
import { familyOf } from './errors.ts'
import { incomingOf } from './incoming.ts'
import { PREFIX_GROUPS, type Prefix } from './prefixes.ts'
import { addOauthRoutes } from './routes/oauth.ts'
import { addProxyRoutes, methodNotAllowed } from './routes/proxy.ts'
import { addServiceRoutes, addStatusRoutes } from './routes/service.ts'
import { swaggerRoutes } from './swagger.ts'

/** Paths that are routes for one method only, and that. */
const METHODS: readonly (readonly [path: RegExp, method: string])[] = [
  [/^\/(health(\/live|\/ready)?|swagger(\/json)?|oauth\/callback|api\/hello)?$/, 'GET'],
  [/^(\/(full|api|min|pt|sdk(\/[^/]+)?|to\/[^/]+))?(\/openai)?\/status$/, 'GET'],
  [/^\/(oauth\/login|api\/event_logging\/.+)$/, 'POST'],
]

const CODES: Readonly<Record<string, (request: Request) => ProxyError>> = {
  NOT_FOUND: (request) => {
    const { path } = incomingOf(request)
    const allow = METHODS.find(([known]) => known.test(path))?.[1]
    // It is there, and only not for this method: a good one never comes here.
    if (allow !== undefined) return methodNotAllowed(request, allow)
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

/** All routes. The guard has let a request in before it comes here. */
export function createApp(context: App) {
  const app = emptyApp(context)
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

function emptyApp(context: App): Elysia {
  const app = new Elysia({ name: 'ccproxy', normalize: false })
  app.onError(({ error, code, request }) =>
    context.fail(CODES[String(code)]?.(request) ?? error, request),
  )
  return app
}

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
        made ??= createGroup(context, prefixes)
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
    made ??= createOwnGroup(context)
    return made
  }
  for (const path of OWN_PATHS) {
    app.all(path, async ({ request }) => (await group()).fetch(request), HIDDEN)
  }
  return group
}

async function createOwnGroup(context: App): Promise<Group> {
  const { addOwnRoutes } = await import('./routes/own.ts')
  const app = emptyApp(context)
  addOwnRoutes(app, context)
  return { routes: app.routes, fetch: app.compile().fetch }
}

function createGroup(context: App, prefixes: readonly Prefix[]): Group {
  const app = emptyApp(context)
  addPrefixRoutes(app, context, prefixes)
  // `fetch` is a getter that composes the whole handler: asked once, not at each request.
  return { routes: app.routes, fetch: app.compile().fetch }
}

const HIDDEN = { parse: 'none', detail: { hide: true } } as const
