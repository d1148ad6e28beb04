import { callbackPage } from '../auth/callback-page.ts'
import type { LazyLogins } from '../auth/lazy-logins.ts'
import type { PendingLogins } from '../auth/login.ts'
import { ProxyError } from '../kit/error.ts'
import { isRecord, parseJson } from '../kit/json.ts'
import type { Logger } from '../record/log.ts'

/** What logins through the running server need. */
export interface LoginDeskOptions {
  readonly logins: LazyLogins
  readonly loopbackOnly: boolean
  /** Where the sign-in page sends the browser back to. */
  readonly redirectUri: () => string
  readonly logger: Logger
}

/** What a client gets that begins a login. */
export interface BegunLogin {
  /** The page to open in a browser. */
  readonly authorize_url: string
  readonly redirect_uri: string
  /** How long the browser may take. */
  readonly expires_in_seconds: number
}

/** Plan logins that are begun with POST /oauth/login and that the browser ends. */
export class LoginDesk {
  readonly #options: LoginDeskOptions
  #pending: PendingLogins | undefined

  constructor(options: LoginDeskOptions) {
    this.#options = options
  }

  /** Begins a login; the body must accept what a plan login means. */
  async begin(body: Uint8Array): Promise<BegunLogin> {
    if (!this.#options.loopbackOnly) throw beyondLoopback()
    checkAccepted(body)
    const { beginLogin, LOGIN_TIMEOUT_MS, PendingLogins } = await import('../auth/login.ts')
    const { oauth, store } = await this.#options.logins.load()
    await store.read() // A file that cannot be used is named before the user goes to the browser.
    const pending = beginLogin(oauth, this.#options.redirectUri())
    this.#pending ??= new PendingLogins(oauth.now)
    this.#pending.add(pending)
    return {
      authorize_url: pending.url,
      redirect_uri: pending.redirectUri,
      expires_in_seconds: LOGIN_TIMEOUT_MS / 1000,
    }
  }

  /** Ends the login of this state; whatever else comes here changes nothing. */
  async finish(query: URLSearchParams): Promise<Response> {
    const code = query.get('code')
    if (!code && !query.has('error')) return callbackPage('unknown')
    const pending = this.#pending?.take(query.get('state') ?? '')
    if (pending === undefined) return callbackPage('unknown')
    if (!code) return callbackPage('denied')
    const { logger, logins } = this.#options
    const { finishLogin, storeLogin } = await import('../auth/login.ts')
    const { oauth, store } = await logins.load()
    try {
      const { login } = await finishLogin(oauth, pending, code)
      await storeLogin(store, login, new Date(oauth.now()))
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error
      logger.log('error', error.message)
      return callbackPage('failed')
    }
    logger.log('info', 'plan login stored', { file: store.path })
    return callbackPage('done')
  }
}

function checkAccepted(body: Uint8Array): void {
  const json = parseJson(new TextDecoder().decode(body))
  if (isRecord(json) && json.accept_terms === true) return
  throw new ProxyError(
    'invalid_request',
    'A plan login needs your acceptance: Anthropic\'s published terms restrict plan credentials to its own applications, and a use outside them may be refused or cost you the account. ccproxy adds Claude Code\'s identity line and two betas to requests that use it. Send {"accept_terms": true} to accept this, or use an API key',
    { field: 'accept_terms' },
  )
}

function beyondLoopback(): ProxyError {
  return new ProxyError(
    'permission',
    'A plan login serves its holder alone and is refused while ccproxy listens beyond loopback: bind 127.0.0.1, or set api_key',
  )
}
