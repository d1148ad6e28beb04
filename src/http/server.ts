import type { Server } from 'bun'
import { clientKeys } from '../auth/client-key.ts'
import { type LazyLogins, lazyLogins } from '../auth/lazy-logins.ts'
import { Sessions } from '../auth/sessions.ts'
import { loginsOptions } from '../config/logins-options.ts'
import { isLoopback } from '../config/loopback.ts'
import { panelsOptions } from '../config/panels-options.ts'
import type { Settings } from '../config/schema.ts'
import { Gateway } from '../gateway/gateway.ts'
import { Ticker } from '../kit/clock.ts'
import type { ClaudeSdkOptions } from '../provider/claude-sdk/claude-sdk-options.ts'
import { createProviders } from '../provider/index.ts'
import { createLogger, type Format, type Logger } from '../record/log.ts'
import type { Panels } from '../record/panels.ts'
import { createApp } from './app.ts'
import type { App } from './context.ts'
import { Door } from './door.ts'
import { EventStreams } from './event-stream.ts'
import type { GuardOptions } from './guard.ts'
import { listen } from './listen.ts'
import { LoginDesk } from './login-desk.ts'
import { RateLimit } from './rate-limit.ts'
import { createRecords, type Records } from './records.ts'
import { claudeOf, permissionDeskOf, sdkEntries } from './sdk-wiring.ts'
import { SignIn } from './sign-in.ts'

/** A server that takes requests. */
export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Takes no new requests, waits for running streams, ends what is left with an error event. */
  drain(): Promise<void>
  /** Ends everything at once. */
  stop(): void
}

/** What the server is started with. */
export interface StartOptions {
  readonly settings: Settings
  readonly version: string
  readonly commit: string
  readonly terminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** How long the end of a drained server may wait for its last bytes to leave, ms. */
const LAST_BYTES_MS = 500

/** What changes while the server runs. */
interface State {
  draining: boolean
  port: number
}

/** Starts ccproxy; throws a ProxyError where the port is taken. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { settings, version } = options
  const panels = await panelsOf(options)
  const logger = createLogger(settings.server.log_level, formatOf(options), panels?.line)
  const logins = createLogins(options, logger)
  const records = createRecords({ ...options, panels }, logger)
  const state: State = { draining: false, port: settings.server.port }
  const guard = guardOf(settings)
  const own = ownOf(settings, logger, guard.sessions)
  const claude = claudeOf(options, own.permissions, () => state.port)
  const gateway = createGateway(options, logins, records, claude)
  const door = doorOf(guard, logger, state, settings.server.host)
  const context = {
    ...appOf(options, state),
    ...{ ...own, gateway, records },
    loginDesk: loginDeskOf(settings, logins, logger, state),
    fail: (thrown: unknown, request: Request) => door.fail(thrown, request),
  }
  // `fetch` is a getter that composes the whole handler: asked once, not at each request.
  const routes = createApp(context).compile().fetch
  const server = await listen(settings, (request, own) => door.enter(request, own, routes))
  state.port = server.port ?? state.port
  const url = `http://${hostInUrl(settings.server.host)}:${state.port}`
  logger.log('info', 'listening', { url, version, commit: options.commit })
  const running = { settings, logger, logins, records, own, gateway, state, server }
  return { url, port: state.port, drain: () => drain(running), stop: () => stop(running) }
}

/** What ends with the server. */
interface Running {
  readonly settings: Settings
  readonly logger: Logger
  readonly logins: LazyLogins
  readonly records: Records
  readonly own: Pick<App, 'permissions' | 'eventStreams'>
  readonly gateway: Gateway
  readonly state: State
  readonly server: Server<unknown>
}

async function drain(running: Running): Promise<void> {
  const { settings, logger, logins, records, own, gateway, state, server } = running
  const { drain_seconds: seconds } = settings.server
  state.draining = true
  logger.log('info', 'draining', { seconds })
  endOwn(own)
  const stopped = server.stop()
  await gateway.drain(seconds * 1000)
  await Promise.race([stopped, Bun.sleep(LAST_BYTES_MS)])
  server.stop(true)
  await gateway.close()
  await Promise.all([logins.close(), records.close()])
  logger.log('info', 'stopped')
}

function stop({ own, gateway, server, records }: Running): void {
  endOwn(own)
  gateway.endAll()
  server.stop(true)
  void records.close()
}

/** Loaded only where they are shown. */
async function panelsOf(options: StartOptions): Promise<Panels | undefined> {
  const shown = panelsOptions(options.settings, options)
  return shown && new (await import('../record/panels.ts')).Panels(shown)
}

function doorOf(guard: GuardOptions, logger: Logger, state: State, host: string): Door {
  const address = guard.limitsLoopback ? undefined : onlyAddress(host)
  return new Door({ logger, guard, draining: () => state.draining, onlyAddress: address })
}

/** What the routes need of the settings alone. */
function appOf({ settings, version }: StartOptions, state: State) {
  const { limits, record, server } = settings
  const timeoutMs = server.request_timeout_seconds * 1000
  return {
    bodyLimits: { bytes: limits.body_bytes, timeoutMs },
    uploadLimits: { bytes: limits.upload_bytes, timeoutMs },
    dashboard: record.dashboard,
    version,
    draining: () => state.draining,
  }
}

function loginDeskOf(settings: Settings, logins: LazyLogins, logger: Logger, state: State) {
  const { redirect_uri: redirect } = settings.auth.oauth
  return new LoginDesk({
    logins,
    loopbackOnly: isLoopback(settings.server.host),
    redirectUri: () => redirect ?? `http://localhost:${state.port}/oauth/callback`,
    logger,
  })
}

function ownOf(settings: Settings, logger: Logger, sessions: Sessions) {
  return {
    permissions: permissionDeskOf(settings, logger),
    eventStreams: new EventStreams(),
    signIn: new SignIn({ sessions, logger }),
  }
}

/** What nobody can answer any more is denied, and those who listen hear so. */
function endOwn({ permissions, eventStreams }: Pick<App, 'permissions' | 'eventStreams'>): void {
  permissions.close()
  eventStreams.endAll()
}

/** Nothing of them is loaded before a request, the status or a login asks. */
function createLogins(options: StartOptions, logger: Logger): LazyLogins {
  const { settings, env, home, version } = options
  const shout = (message: string) => logger.log('error', message)
  return lazyLogins(loginsOptions(settings, { env, home, version, shout }))
}

function createGateway(
  options: StartOptions,
  logins: LazyLogins,
  records: Records,
  claude: ClaudeSdkOptions,
): Gateway {
  const { settings, version } = options
  const { server, network, routing } = settings
  const configured = Object.entries(settings.providers)
  const entries = configured.map(([name, own]) => ({ name, version, ...own }))
  const upstreams = createProviders([...entries, ...sdkEntries(settings, version)], {
    logins: logins.sources,
    loopbackOnly: isLoopback(server.host),
    identity: settings.auth.oauth.system_prompt_injection,
    claude,
  })
  return new Gateway({
    routes: { upstreams, default: routing.default, models: routing.models },
    timing: {
      headerTimeoutMs: network.header_timeout_seconds * 1000,
      idleTimeoutMs: network.idle_timeout_seconds * 1000,
      pingAfterMs: server.ping_seconds * 1000,
      earlyOpenMs:
        server.early_open_seconds === 0
          ? Number.POSITIVE_INFINITY
          : server.early_open_seconds * 1000,
    },
    observer: records.observer,
    ticker: new Ticker(),
    keptBytes: records.keptBytes,
  })
}

/** Who listens on one loopback address hears from this machine only. */
function onlyAddress(host: string): string | undefined {
  return host === '127.0.0.1' || host === '::1' ? host : undefined
}

function guardOf(settings: Settings) {
  const { security } = settings
  const token = security.auth_token
  const limits = security.rate_limit !== 'off'
  const keys = clientKeys(token === undefined ? [] : [token], security.tokens)
  return {
    keys,
    sessions: new Sessions(keys),
    allowedHosts: new Set(security.allowed_hosts.map((host) => host.toLowerCase())),
    corsOrigins: new Set(security.cors_origins),
    rateLimit: limits
      ? new RateLimit(security.rate_limit_per_minute, security.rate_limit_burst)
      : undefined,
    limitsLoopback: security.rate_limit === 'on',
    publicHealth: security.public_health,
    publicMetrics: security.public_metrics,
  }
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function formatOf(options: StartOptions): Format {
  const format = options.settings.server.log_format
  if (format !== 'auto') return format
  if (!options.terminal) return 'json'
  return options.env.NO_COLOR ? 'plain' : 'pretty'
}
