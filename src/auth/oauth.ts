import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { randomUrlText } from '../kit/random-url-text.ts'
import { Secret } from '../kit/secret.ts'

/** Where the authorisation server is and as whom we speak to it; tests replace all of it. */
export interface OAuthOptions {
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly profileUrl: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Where a headless login ends: a page that shows `code#state`. */
  readonly manualRedirectUri: string
  readonly timeoutMs: number
  /** `ccproxy/<version>`: no other client is ever imitated. */
  readonly userAgent: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Anthropic's plan login as Claude Code 2.1.329 uses it (read 2026-11-21). */
export const ANTHROPIC_OAUTH = {
  authorizeUrl: 'https://claude.com/cai/oauth/authorize',
  tokenUrl: 'https://platform.claude.com/v1/oauth/token',
  profileUrl: 'https://api.anthropic.com/api/oauth/profile',
  clientId: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
  scopes: ['user:profile', 'user:inference'],
  manualRedirectUri: 'https://platform.claude.com/oauth/code/callback',
  timeoutMs: 30_000,
} as const

/** What the token endpoint gave. */
export interface Tokens {
  readonly accessToken: Secret
  readonly refreshToken: Secret | undefined
  /** Milliseconds since the epoch; undefined: it does not end. */
  readonly expiresAt: number | undefined
  readonly scopes: readonly string[] | undefined
}

/** How a call to the token endpoint ended; a failure's reason never quotes the answer. */
export type TokenResult =
  | { readonly kind: 'ok'; readonly tokens: Tokens }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'limited'; readonly retryAfterMs: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** PKCE's pair: the challenge goes to the browser, the verifier stays here. */
export interface Pkce {
  readonly verifier: string
  readonly challenge: string
}

const TokenAnswer = Type.Object({
  access_token: Type.String({ minLength: 1 }),
  refresh_token: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
  expires_in: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.Null()])),
  scope: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

const Nullable = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const ProfileAnswer = Type.Object({
  account: Type.Optional(
    Type.Object({
      email: Nullable,
      full_name: Nullable,
      display_name: Nullable,
      has_claude_max: Type.Optional(Type.Boolean()),
      has_claude_pro: Type.Optional(Type.Boolean()),
    }),
  ),
  organization: Type.Optional(
    Type.Object({
      uuid: Nullable,
      name: Nullable,
      organization_type: Nullable,
    }),
  ),
})

/** Who the login belongs to, as the profile endpoint says. */
export type Profile = Static<typeof ProfileAnswer>

/** The beta that Anthropic asks for wherever an OAuth token is used. */
const OAUTH_BETA = 'oauth-2025-04-20'
const DEFAULT_RETRY_AFTER_MS = 60_000

/** A fresh verifier with its S256 challenge. @see https://www.rfc-editor.org/rfc/rfc7636 */
export function createPkce(): Pkce {
  const verifier = randomUrlText()
  const challenge = new Bun.CryptoHasher('sha256').update(verifier).digest('base64url')
  return { verifier, challenge }
}

/** The page where the account holder signs in and agrees. */
export function authorizeUrl(
  options: OAuthOptions,
  login: { readonly redirectUri: string; readonly state: string; readonly challenge: string },
): string {
  const url = new URL(options.authorizeUrl)
  const query = {
    code: 'true',
    client_id: options.clientId,
    response_type: 'code',
    redirect_uri: login.redirectUri,
    scope: options.scopes.join(' '),
    code_challenge: login.challenge,
    code_challenge_method: 'S256',
    state: login.state,
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}

/** Trades the code that the browser brought for tokens. */
export function exchangeCode(
  options: OAuthOptions,
  login: {
    readonly code: string
    readonly state: string
    readonly verifier: string
    readonly redirectUri: string
  },
): Promise<TokenResult> {
  return callTokenEndpoint(options, {
    grant_type: 'authorization_code',
    code: login.code,
    redirect_uri: login.redirectUri,
    client_id: options.clientId,
    code_verifier: login.verifier,
    state: login.state,
  })
}

/** Trades a refresh token for fresh tokens; the answer's refresh token, if any, replaces it. */
export function refreshTokens(options: OAuthOptions, refreshToken: Secret): Promise<TokenResult> {
  return callTokenEndpoint(options, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken.reveal(),
    client_id: options.clientId,
  })
}

/** Asks whose login this is; undefined where the endpoint does not say. */
export async function fetchProfile(
  options: OAuthOptions,
  accessToken: Secret,
): Promise<Profile | undefined> {
  const answer = await call(options, options.profileUrl, {
    method: 'GET',
    headers: { authorization: `Bearer ${accessToken.reveal()}` },
  })
  const profile = answer.kind === 'answer' && answer.status === 200 ? answer.json : undefined
  return Value.Check(ProfileAnswer, profile) ? profile : undefined
}

/** The plan's name from a profile, as Claude Code's own file writes it: `max`, `pro`, `team` … */
export function subscriptionOf(profile: Profile | undefined): string | undefined {
  const type = profile?.organization?.organization_type ?? ''
  const known = ['max', 'pro', 'team', 'enterprise'].find((plan) => type === `claude_${plan}`)
  if (known !== undefined) return known
  if (profile?.account?.has_claude_max === true) return 'max'
  return profile?.account?.has_claude_pro === true ? 'pro' : undefined
}

async function callTokenEndpoint(
  options: OAuthOptions,
  body: Readonly<Record<string, string>>,
): Promise<TokenResult> {
  const answer = await call(options, options.tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (answer.kind === 'failed') return answer
  const { status, json } = answer
  if (status === 429) return { kind: 'limited', retryAfterMs: retryAfter(options, answer.headers) }
  if (status !== 200) return refusal(status, errorCode(json))
  if (!Value.Check(TokenAnswer, json)) {
    return { kind: 'failed', reason: 'the token endpoint answered without an access token' }
  }
  const seconds = json.expires_in ?? undefined
  return {
    kind: 'ok',
    tokens: {
      accessToken: new Secret(json.access_token),
      refreshToken: json.refresh_token ? new Secret(json.refresh_token) : undefined,
      expiresAt: seconds === undefined ? undefined : options.now() + seconds * 1000,
      scopes: json.scope ? json.scope.split(' ').filter((scope) => scope !== '') : undefined,
    },
  }
}

/** A used refresh token gives `invalid_grant`; Anthropic's own endpoint was seen to give 404 (2026-02). */
function refusal(status: number, code: string | undefined): TokenResult {
  const gone = status === 404 && code === 'not_found_error'
  if (status === 401 || code === 'invalid_grant' || gone) return { kind: 'rejected' }
  const detail = code === undefined ? '' : ` (${code})`
  return { kind: 'failed', reason: `the token endpoint answered ${status}${detail}` }
}

type Answer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: Headers
      readonly json: unknown
    }
  | { readonly kind: 'failed'; readonly reason: string }

async function call(options: OAuthOptions, url: string, init: RequestInit): Promise<Answer> {
  const headers = new Headers(init.headers)
  headers.set('accept', 'application/json')
  headers.set('user-agent', options.userAgent)
  headers.set('anthropic-beta', OAUTH_BETA)
  const host = new URL(url).host
  try {
    const response = await options.fetch(url, {
      ...init,
      headers,
      redirect: 'manual', // Tokens go to the address that was named and to no other.
      signal: AbortSignal.timeout(options.timeoutMs),
    })
    const json = parseJson(await response.text())
    return { kind: 'answer', status: response.status, headers: response.headers, json }
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError'
    const why = late ? `did not answer within ${options.timeoutMs / 1000} s` : 'cannot be reached'
    return { kind: 'failed', reason: `${host} ${why}` }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Not JSON is an answer without what we look for; the caller says so.
  }
}

const ErrorAnswer = Type.Object({
  error: Type.Union([Type.String(), Type.Object({ type: Type.String() })]),
})

/** The machine code of an OAuth or an Anthropic error body, if it looks like one. */
function errorCode(json: unknown): string | undefined {
  if (!Value.Check(ErrorAnswer, json)) return undefined
  const code = typeof json.error === 'string' ? json.error : json.error.type
  return /^[a-z_]{1,40}$/.test(code) ? code : undefined
}

function retryAfter(options: OAuthOptions, headers: Headers): number {
  const value = headers.get('retry-after')?.trim() ?? ''
  if (/^\d+$/.test(value)) return Math.max(1000, Number(value) * 1000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? DEFAULT_RETRY_AFTER_MS : Math.max(1000, date - options.now())
}
