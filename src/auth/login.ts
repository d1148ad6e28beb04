import { ProxyError } from '../kit/error.ts'
import { randomUrlText } from '../kit/random-url-text.ts'
import { constantTimeEquals } from '../kit/secret.ts'
import {
  authorizeUrl,
  createPkce,
  exchangeCode,
  fetchProfile,
  type OAuthOptions,
  type Profile,
  subscriptionOf,
} from './oauth.ts'
import type { CredentialStore } from './store.ts'
import type { StoredLogin } from './stored-login.ts'

/** A login that waits for its code. */
export interface PendingLogin {
  /** The page to open in a browser. */
  readonly url: string
  readonly state: string
  readonly verifier: string
  readonly redirectUri: string
}

/** A login that came through, and whose it is. */
export interface FinishedLogin {
  readonly login: StoredLogin
  readonly profile: Profile | undefined
}

/** How long the account holder may take in the browser. */
export const LOGIN_TIMEOUT_MS = 300_000

const START_AGAIN = 'run "ccproxy auth login" again'

/** Begins a login: a fresh state and verifier, and the page to open. */
export function beginLogin(options: OAuthOptions, redirectUri: string): PendingLogin {
  const { verifier, challenge } = createPkce()
  const state = randomUrlText()
  const url = authorizeUrl(options, { redirectUri, state, challenge })
  return { url, state, verifier, redirectUri }
}

/** Ends a login: trades the code and asks whose it is; throws a `ProxyError` that says what to do. */
export async function finishLogin(
  options: OAuthOptions,
  pending: PendingLogin,
  code: string,
): Promise<FinishedLogin> {
  const result = await exchangeCode(options, { ...pending, code })
  if (result.kind === 'rejected') {
    throw failed(`the code was refused (it can be used once, and soon); ${START_AGAIN}`)
  }
  if (result.kind === 'limited') {
    const seconds = Math.ceil(result.retryAfterMs / 1000)
    throw failed(`the token endpoint asked to wait ${seconds} s; then ${START_AGAIN}`)
  }
  if (result.kind === 'failed') throw failed(`${result.reason}; ${START_AGAIN}`)
  const { tokens } = result
  const profile = await fetchProfile(options, tokens.accessToken)
  return {
    profile,
    login: {
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      expiresAt: tokens.expiresAt,
      scopes: tokens.scopes ?? options.scopes,
      subscriptionType: subscriptionOf(profile),
    },
  }
}

/** Stores a finished login with the time at which the account holder accepted the terms. */
export async function storeLogin(
  store: CredentialStore,
  login: StoredLogin,
  acceptedAt: Date,
): Promise<void> {
  await store.locked(() => store.saveNew(login, acceptedAt.toISOString()))
}

/**
 * The code in what a person pasted: `code#state` as the page shows it, or the address of the page that
 * the browser ended on. The state must be this login's.
 */
export function parseManualCode(pasted: string, pending: PendingLogin): string {
  const text = pasted.trim()
  const [code, state] = /^https?:\/\//.test(text) ? fromAddress(text) : fromPair(text)
  if (!code) throw failed('nothing was pasted that holds a code; paste the whole "code#state"')
  if (!state) throw failed('the part after "#" is missing; paste the whole "code#state"')
  if (!constantTimeEquals(state, pending.state)) {
    throw failed(`the code belongs to another login; ${START_AGAIN} and use the newest page`)
  }
  return code
}

function fromPair(text: string): [string | undefined, string | undefined] {
  const [code, state] = text.split('#', 2)
  return [code?.trim(), state?.trim()]
}

function fromAddress(text: string): [string | undefined, string | undefined] {
  const query = URL.parse(text)?.searchParams
  return [query?.get('code') ?? undefined, query?.get('state') ?? undefined]
}

/** Logins begun through a running server, by state: a few at a time, each for five minutes and one use. */
export class PendingLogins {
  readonly #byState = new Map<string, { readonly pending: PendingLogin; readonly until: number }>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  add(pending: PendingLogin): void {
    if (this.#byState.size >= MAX_PENDING) {
      const [oldest] = this.#byState.keys()
      if (oldest !== undefined) this.#byState.delete(oldest)
    }
    this.#byState.set(pending.state, { pending, until: this.#now() + LOGIN_TIMEOUT_MS })
  }

  /** The login of this state, which is spent by that. */
  take(state: string): PendingLogin | undefined {
    const found = this.#byState.get(state)
    this.#byState.delete(state)
    return found !== undefined && this.#now() < found.until ? found.pending : undefined
  }
}

const MAX_PENDING = 16

function failed(why: string): ProxyError {
  return new ProxyError('authentication', `Cannot log in: ${why}`)
}
