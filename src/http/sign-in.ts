import type { Sessions } from '../auth/sessions.ts'
import { ProxyError } from '../kit/error.ts'
import { isRecord, parseJson } from '../kit/json.ts'
import type { Logger } from '../record/log.ts'
import { RateLimit } from './rate-limit.ts'
import { readCookie, setCookie } from './session-cookie.ts'

/** What signing in needs. */
export interface SignInOptions {
  readonly sessions: Sessions
  readonly logger: Logger
}

/** Tries a minute: of one address, and of all together. */
const TRIES = 10
const ALL_TRIES = 60
const NO_STORE = { 'cache-control': 'no-store' }

/** Exchanges a client key for a cookie, so that the dashboard need not keep the key. */
export class SignIn {
  readonly #options: SignInOptions
  readonly #tries = new RateLimit(TRIES, 0)
  readonly #allTries = new RateLimit(ALL_TRIES, 0)

  constructor(options: SignInOptions) {
    this.#options = options
  }

  /** Whether a client key is set at all. */
  get needed(): boolean {
    return this.#options.sessions.needed
  }

  /** Answers a body of {"key"}: with the cookie, or throws `authentication` or `rate_limit`. */
  login(headers: Headers, body: Uint8Array, address: string | undefined): Response {
    const key = keyOf(headers, body)
    if (!this.needed) return answer({ key_required: false })
    this.#count(address)
    const token = this.#options.sessions.open(key, Date.now())
    const { logger } = this.#options
    if (token === undefined) {
      logger.log('warn', 'dashboard sign-in refused', { address })
      throw new ProxyError(
        'authentication',
        'Client key is wrong or has expired: use the one of security.auth_token',
        { field: 'key' },
      )
    }
    logger.log('info', 'dashboard sign-in', { address })
    return answer({ key_required: true }, { 'set-cookie': setCookie(headers, token) })
  }

  /** Ends the session and has the browser forget it. */
  logout(headers: Headers): Response {
    const token = readCookie(headers)
    if (token !== undefined) this.#options.sessions.close(token)
    return new Response(null, {
      status: 204,
      headers: { ...NO_STORE, 'set-cookie': setCookie(headers, undefined) },
    })
  }

  #count(address: string | undefined): void {
    const now = Date.now()
    const own = this.#tries.take(address ?? '', now)
    // Refused tries of one address must not lock the others out.
    const check = own.allowed ? this.#allTries.take('', now) : own
    if (check.allowed) return
    const wait = check.headers['retry-after'] ?? '60'
    throw new ProxyError('rate_limit', `Too many sign-ins: try again in ${wait} seconds`, {
      headers: { 'retry-after': wait },
    })
  }
}

/** A form of a foreign page can send no JSON. */
function keyOf(headers: Headers, body: Uint8Array): string {
  if (!/^application\/json\b/i.test(headers.get('content-type') ?? '')) {
    throw new ProxyError('unsupported_media_type', 'Sign-in takes JSON: send {"key": "…"}')
  }
  const json = parseJson(new TextDecoder().decode(body))
  if (isRecord(json) && typeof json.key === 'string') return json.key.trim()
  throw new ProxyError('invalid_request', 'key: Must be a string, as in {"key": "…"}', {
    field: 'key',
  })
}

function answer(more: object, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ status: 'success', ...more }, { headers: { ...NO_STORE, ...headers } })
}
