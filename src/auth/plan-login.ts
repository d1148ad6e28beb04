import { messageOf, ProxyError } from '../kit/error.ts'
import type { Secret } from '../kit/secret.ts'
import { denied, LOGIN_AGAIN, refreshLimited, refreshRefused } from './login-error.ts'
import { type OAuthOptions, refreshTokens, type Tokens } from './oauth.ts'
import { PendingSave } from './pending-save.ts'
import type { CredentialStore } from './store.ts'
import type { Credentials, StoredLogin } from './stored-login.ts'
import type { TokenSource, TokenState } from './token-source.ts'

/** What a plan login needs of the world. */
export interface PlanLoginOptions {
  readonly store: CredentialStore
  readonly oauth: OAuthOptions
  /** `auth.oauth.refresh_before_seconds` in ms; 5 minutes where nothing is said. */
  readonly refreshBeforeMs?: number
  /** Told what must not go unseen: a login that could not be saved. */
  readonly shout?: (message: string) => void
}

const REFRESH_BEFORE_MS = 300_000
/** How long the file's version is believed: another process's login or logout shows within it. */
const VERSION_TTL_MS = 1_000
/** After a failed refresh requests fail at once for this long instead of waiting in turn. */
const FAILURE_PAUSE_MS = 5_000
/** A token this young is not refreshed again because an upstream refuses it. */
const FRESH_MS = 30_000

/** The plan login of `ccproxy auth login`: its file, its refresh and what other processes do to both. */
export class PlanLogin implements TokenSource {
  readonly kind = 'plan-login'
  readonly #store: CredentialStore
  readonly #oauth: OAuthOptions
  readonly #refreshBeforeMs: number
  readonly #pending: PendingSave
  readonly #shout: (message: string) => void
  #shouted: unknown
  #cache: { readonly credentials: Credentials; readonly version: string } | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #reading: Promise<Credentials> | undefined
  #flight: Promise<StoredLogin> | undefined
  #pause: { readonly until: number; readonly error: (now: number) => ProxyError } | undefined
  /** The refresh token that the server has refused: it is not sent twice. */
  #dead: Secret | undefined
  #refreshed: { readonly token: Secret; readonly at: number } | undefined

  constructor(options: PlanLoginOptions) {
    this.#store = options.store
    this.#oauth = options.oauth
    this.#refreshBeforeMs = options.refreshBeforeMs ?? REFRESH_BEFORE_MS
    this.#shout = options.shout ?? (() => undefined)
    this.#pending = new PendingSave(options.store, this.#shout)
  }

  async state(): Promise<TokenState> {
    try {
      const { login, termsAcceptedAt } = await this.#load()
      if (login === undefined) return { kind: 'absent' }
      const source = this.#store.path
      if (termsAcceptedAt === undefined) return { kind: 'not-accepted', source }
      const { subscriptionType: plan, scopes, expiresAt } = login
      return { kind: 'ready', source, plan, scopes, expiresAt }
    } catch (error) {
      if (error instanceof ProxyError) return { kind: 'unusable', reason: error.message }
      throw error
    }
  }

  /** Whether the terms were accepted, for a login of ours or of Claude Code's. */
  async accepted(): Promise<boolean> {
    return (await this.#load()).termsAcceptedAt !== undefined
  }

  async token(): Promise<Secret> {
    const login = await this.#usable()
    // A lifetime shorter than the margin must not mean a refresh for each request.
    if (!this.#endsSoon(login) || (this.#isYoung(login) && !this.#ended(login))) {
      return login.accessToken
    }
    const paused = this.#isPaused()
    try {
      return (await this.#refresh(login)).accessToken
    } catch (error) {
      if (this.#ended(login)) throw error
      // Until it really ends the old token still works; a later request tries again.
      if (!paused && this.#shouted !== error) this.#shout(messageOf(error))
      this.#shouted = error
      return login.accessToken
    }
  }

  async rejected(token: Secret): Promise<Secret | undefined> {
    this.#checkedAt = Number.NEGATIVE_INFINITY
    const login = await this.#usable()
    if (!login.accessToken.equals(token.reveal())) return login.accessToken
    if (this.#isYoung(login) || login.refreshToken === undefined) return undefined
    return (await this.#refresh(login)).accessToken
  }

  /** Refreshes whatever the expiry says, for `auth refresh`. */
  async refresh(): Promise<void> {
    this.#checkedAt = Number.NEGATIVE_INFINITY
    await this.#refresh(await this.#usable())
  }

  /** Tries to save what could not be saved; call it before the process ends. */
  async close(): Promise<boolean> {
    return this.#pending.flush()
  }

  async #usable(): Promise<StoredLogin> {
    const { login, termsAcceptedAt } = await this.#load()
    if (login === undefined) throw denied(`No plan login is stored: ${LOGIN_AGAIN}`)
    if (termsAcceptedAt === undefined) {
      throw denied(
        `The plan login in "${this.#store.path}" may not be used: its terms were not accepted; run "ccproxy auth accept-terms"`,
      )
    }
    return login
  }

  async #load(): Promise<Credentials> {
    const now = this.#oauth.now()
    if (this.#cache === undefined || Math.abs(now - this.#checkedAt) >= VERSION_TTL_MS) {
      this.#reading ??= this.#reload(now).finally(() => {
        this.#reading = undefined
      })
      return this.#merged(await this.#reading)
    }
    return this.#merged(this.#cache.credentials)
  }

  async #reload(now: number): Promise<Credentials> {
    const before = this.#cache
    try {
      const version = await this.#store.version()
      if (before?.version !== version) {
        this.#cache = { credentials: await this.#store.read(), version }
      }
    } catch (error) {
      // What broke the save may break the read: the login in memory is the better one anyway.
      if (this.#pending.login === undefined || before === undefined) throw error
    }
    this.#checkedAt = now
    return this.#cache?.credentials ?? { login: undefined, termsAcceptedAt: undefined }
  }

  /** A login that could not be saved is newer than the file. */
  #merged(credentials: Credentials): Credentials {
    const kept = this.#pending.login
    return kept === undefined ? credentials : { ...credentials, login: kept }
  }

  #refresh(stale: StoredLogin): Promise<StoredLogin> {
    if (this.#pause !== undefined && this.#isPaused()) {
      return Promise.reject(this.#pause.error(this.#oauth.now()))
    }
    this.#flight ??= this.#store
      .locked(() => this.#refreshLocked(stale))
      .catch((error: unknown) => {
        this.#pauseAfter(error)
        throw error
      })
      .finally(() => {
        this.#flight = undefined
      })
    return this.#flight
  }

  async #refreshLocked(stale: StoredLogin): Promise<StoredLogin> {
    await this.#dropKeptIfReplaced()
    const { login: stored } = await this.#store.read()
    const login = this.#pending.login ?? stored
    if (login === undefined) throw denied(`The plan login was removed: ${LOGIN_AGAIN}`)
    // Another process was first: its token is adopted.
    if (!login.accessToken.equals(stale.accessToken.reveal()) && !this.#endsSoon(login)) {
      return this.#adopt(login)
    }
    const { refreshToken } = login
    if (refreshToken === undefined) {
      throw denied(`The plan login has ended and cannot be refreshed: ${LOGIN_AGAIN}`)
    }
    if (this.#dead?.equals(refreshToken.reveal())) throw refreshRefused()
    const tokens = await this.#ask(refreshToken)
    if (tokens === undefined) return this.#afterRefusal(refreshToken)
    const fresh = merge(login, tokens)
    this.#refreshed = { token: fresh.accessToken, at: this.#oauth.now() }
    await this.#save(fresh, login)
    return fresh
  }

  /** A process that did not hold the lock may have rotated the token that was refused. */
  async #afterRefusal(refreshToken: Secret): Promise<StoredLogin> {
    const { login } = await this.#store.read()
    const rotated =
      login !== undefined && login.refreshToken?.equals(refreshToken.reveal()) === false
    if (rotated && !this.#endsSoon(login)) return this.#adopt(login)
    this.#dead = refreshToken
    throw refreshRefused()
  }

  /** Undefined: the refresh token was refused. */
  async #ask(refreshToken: Secret): Promise<Tokens | undefined> {
    const result = await refreshTokens(this.#oauth, refreshToken)
    switch (result.kind) {
      case 'ok':
        return result.tokens
      case 'rejected':
        return undefined
      case 'limited': {
        const until = this.#oauth.now() + result.retryAfterMs
        this.#pause = { until, error: (now) => refreshLimited(until - now) }
        throw refreshLimited(result.retryAfterMs)
      }
      case 'failed':
        throw new ProxyError(
          'unavailable',
          `Cannot refresh the plan login: ${result.reason}; check the network, then try again`,
        )
    }
  }

  async #save(fresh: StoredLogin, replaces: StoredLogin): Promise<void> {
    try {
      await this.#store.saveLogin(fresh)
      this.#pending.clear()
    } catch (error) {
      this.#pending.keep(fresh, replaces, error)
    }
    this.#checkedAt = Number.NEGATIVE_INFINITY
    const credentials = this.#cache?.credentials
    const termsAcceptedAt = credentials?.termsAcceptedAt
    this.#cache = { credentials: { login: fresh, termsAcceptedAt }, version: 'to be read' }
  }

  /** Someone who logged in anew after our save failed has the last word. */
  async #dropKeptIfReplaced(): Promise<void> {
    if (this.#pending.login === undefined) return
    try {
      await this.#pending.saveLocked()
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error // Still not writable: go on from memory.
    }
  }

  #adopt(login: StoredLogin): StoredLogin {
    this.#checkedAt = Number.NEGATIVE_INFINITY
    return login
  }

  #pauseAfter(error: unknown): void {
    if (this.#isPaused() || !(error instanceof ProxyError)) return
    this.#pause = { until: this.#oauth.now() + FAILURE_PAUSE_MS, error: () => error }
  }

  #isPaused(): boolean {
    return this.#pause !== undefined && this.#oauth.now() < this.#pause.until
  }

  #isYoung(login: StoredLogin): boolean {
    const refreshed = this.#refreshed
    if (refreshed === undefined || !refreshed.token.equals(login.accessToken.reveal())) return false
    return this.#oauth.now() - refreshed.at < FRESH_MS
  }

  #endsSoon(login: StoredLogin): boolean {
    return this.#endsWithin(login, this.#refreshBeforeMs)
  }

  #ended(login: StoredLogin): boolean {
    return this.#endsWithin(login, 0)
  }

  #endsWithin(login: StoredLogin, milliseconds: number): boolean {
    return login.expiresAt !== undefined && this.#oauth.now() + milliseconds >= login.expiresAt
  }
}

function merge(login: StoredLogin, tokens: Tokens): StoredLogin {
  return {
    ...login,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken ?? login.refreshToken,
    expiresAt: tokens.expiresAt,
    scopes: tokens.scopes ?? login.scopes,
  }
}
