import { type ClientKeys, checkClientKey, sentKey } from '../auth/client-key.ts'
import type { ClientCredential } from '../auth/credential.ts'
import type { Session, Sessions } from '../auth/sessions.ts'
import { isLoopback } from '../config/loopback.ts'
import { ProxyError } from '../kit/error.ts'
import { Secret } from '../kit/secret.ts'
import { DASHBOARD_SHELL_PATHS } from './dashboard/shell.ts'
import type { RateLimit } from './rate-limit.ts'
import { signedIn } from './session-cookie.ts'
import { SWAGGER_SHELL_PATHS } from './swagger.ts'

/** Who may call, as the settings say. */
export interface GuardOptions {
  readonly keys: ClientKeys
  /** Host names beside localhost and IP literals, lower case, without port. */
  readonly allowedHosts: ReadonlySet<string>
  readonly corsOrigins: ReadonlySet<string>
  readonly rateLimit: RateLimit | undefined
  /** Loopback clients are counted too. */
  readonly limitsLoopback: boolean
  readonly publicHealth: boolean
  readonly publicMetrics?: boolean
  /** Browsers that are signed in with a cookie. */
  readonly sessions?: Sessions
}

/** What the guard learnt of a client that it let in. */
export interface Admission {
  readonly client: { readonly name: string | undefined; readonly address: string | undefined }
  readonly credential: ClientCredential | undefined
  /** What the caller sent as its key, where the proxy asks for none. */
  readonly callerKey: Secret | undefined
  /** False on a public path where no valid key came: answers hold no details. */
  readonly trusted: boolean
  /** Headers for the reply: the rate limit's, and CORS for an allowed origin. */
  readonly headers: Readonly<Record<string, string>>
}

/** Static or harmless: asked for before any key can be known. */
const OPEN_PATHS: ReadonlySet<string> = new Set([
  '/health/live',
  '/oauth/callback',
  '/dashboard/login',
  '/dashboard/logout',
  ...DASHBOARD_SHELL_PATHS,
  ...SWAGGER_SHELL_PATHS,
])
/** How browsers mark what a page of another site loads or leads to; images and links tell no Origin. */
const OTHER_SITES: ReadonlySet<string> = new Set(['cross-site', 'same-site'])
const OTHER_SITE =
  'A page of another site may not load this: open the address yourself, or call it with fetch from an origin of security.cors_origins'
const NO_HEADERS = {}
const HEALTH_PATHS: ReadonlySet<string> = new Set(['/health', '/health/ready'])

/** Lets a request in, or throws the ProxyError that refuses it. `path` is canonical. */
export function admit(
  request: Request,
  path: string,
  address: string | undefined,
  options: GuardOptions,
): Admission {
  const { headers } = request
  checkHost(request, options)
  const cors = checkOrigin(headers, path, options)
  const check = checkClientKey(headers, options.keys, Date.now())
  const session = check.ok ? undefined : byCookie(request, path, check.reason, options)
  // The dashboard asks three times a second while there is traffic, and must not use up what the models are asked by.
  const limited = session === undefined ? checkRate(address, options) : undefined
  const known = check.ok ? check : session
  if (known === undefined && !check.ok && !isOpen(request, path, options, cors !== undefined)) {
    throw refusal(check.reason)
  }
  return {
    client: { name: known?.name, address },
    credential: check.ok ? check.credential : undefined,
    callerKey: options.keys.length === 0 ? callerKey(headers) : undefined,
    trusted: known !== undefined,
    headers: limited === undefined && cors === undefined ? NO_HEADERS : { ...limited, ...cors },
  }
}

/** A cookie counts where no key came; a wrong key stays wrong. */
function byCookie(
  request: Request,
  path: string,
  reason: string,
  { sessions }: GuardOptions,
): Session | undefined {
  if (sessions === undefined || reason !== 'missing') return undefined
  return signedIn(request, path, sessions, Date.now())
}

function callerKey(headers: Headers): Secret | undefined {
  const key = sentKey(headers)
  return key === undefined ? undefined : new Secret(key)
}

function isOpen(request: Request, path: string, options: GuardOptions, cors: boolean): boolean {
  if (OPEN_PATHS.has(path)) return true
  if (options.publicHealth && HEALTH_PATHS.has(path)) return true
  if (options.publicMetrics === true && path === '/metrics') return true
  if (request.method === 'OPTIONS') return cors
  return request.method === 'HEAD' && (path === '/' || path === '/api/hello')
}

/** A page of a hostile site can make its own name point here, but cannot change the Host that it sends. */
function checkHost({ headers, url }: Request, options: GuardOptions): void {
  const host = headers.get('host')
  const name = host === null ? '' : hostName(host)
  const known = isLocalName(name) || isAddress(name) || options.allowedHosts.has(name)
  // Of a Host that makes no URL the server leaves a bare path, which the routes would read otherwise than we do.
  if (known && !url.startsWith('/')) return
  throw new ProxyError(
    'permission',
    `Host "${name}" is not allowed: add it to security.allowed_hosts, or use an IP address`,
  )
}

/** The CORS headers of an allowed origin; undefined for a client that is no browser or is our own page. */
function checkOrigin(
  headers: Headers,
  path: string,
  options: GuardOptions,
): Readonly<Record<string, string>> | undefined {
  const origin = headers.get('origin')
  if (origin === null) {
    if (OTHER_SITES.has(headers.get('sec-fetch-site') ?? '') && !OPEN_PATHS.has(path)) {
      throw new ProxyError('permission', OTHER_SITE)
    }
    return undefined
  }
  if (options.corsOrigins.has(origin)) return corsHeaders(headers, origin)
  const host = headers.get('host')
  if (origin === `http://${host}` || origin === `https://${host}`) return undefined
  throw new ProxyError(
    'permission',
    `Origin "${origin.slice(0, 200)}" is not allowed: add it to security.cors_origins if it is yours`,
  )
}

/** What a preflight is told beside the headers that it asks for. */
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-max-age': '600',
}

/** What a page may read of a reply beside its type. */
const EXPOSED =
  'request-id, x-request-id, retry-after, x-should-retry, x-ccproxy-upstream, x-ccproxy-notes, x-ccproxy-attempts'

function corsHeaders(headers: Headers, origin: string): Record<string, string> {
  const asked = headers.get('access-control-request-headers')
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED,
    vary: 'Origin',
    ...(asked === null ? {} : { 'access-control-allow-headers': asked }),
    ...(headers.has('access-control-request-method') ? PREFLIGHT : {}),
  }
}

function checkRate(
  address: string | undefined,
  options: GuardOptions,
): Readonly<Record<string, string>> | undefined {
  const { rateLimit } = options
  if (rateLimit === undefined || address === undefined) return undefined
  if (!options.limitsLoopback && isLoopback(address)) return undefined
  const check = rateLimit.take(address, Date.now())
  if (check.allowed) return check.headers
  const wait = check.headers['retry-after'] ?? '1'
  throw new ProxyError('rate_limit', `Too many requests: try again in ${wait} seconds`, {
    headers: check.headers,
  })
}

function refusal(reason: 'missing' | 'wrong' | 'expired'): ProxyError {
  const text = {
    missing: 'Client key is missing: send it as x-api-key or as Authorization: Bearer',
    wrong: 'Client key is wrong: send the one of security.auth_token',
    expired: 'Client key has expired: ask for a new one',
  }[reason]
  return new ProxyError('authentication', text, { headers: { 'www-authenticate': 'Bearer' } })
}

/** The name in a Host header, without its port. */
function hostName(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':')
  return (end === -1 ? host : host.slice(0, end)).toLowerCase()
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}

function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^\[[0-9a-f:.%]+\]$/.test(name)
}
