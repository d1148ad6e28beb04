import { createHash, randomBytes } from 'node:crypto'
import { ANTHROPIC_OAUTH, type OAuthOptions } from '../../src/auth/oauth.ts'
import type { StoredLogin } from '../../src/auth/stored-login.ts'
import { Secret } from '../../src/kit/secret.ts'

/** What the token endpoint does next instead of its duty. */
export type Trouble =
  | { readonly kind: 'limited'; readonly retryAfter?: string }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'no-rotation' }

interface Grant {
  accessToken: string
  refreshToken: string
}

interface Code {
  readonly challenge: string
  readonly redirectUri: string
  readonly state: string
  readonly scope: string
}

/** An OAuth server as strict as the real one: PKCE, state, JSON bodies, one use of everything. */
export class FakeOAuth {
  static readonly clientId = 'test-client'
  /** Seconds that access tokens live. */
  expiresIn = 28_800
  refreshes = 0
  exchanges = 0
  /** Why requests were refused, for a test's message. */
  readonly refusals: string[] = []
  /** Taken in turn by the calls of the token endpoint. */
  readonly troubles: Trouble[] = []
  /** Headers of each token and profile call. */
  readonly seen: Headers[] = []
  readonly #codes = new Map<string, Code>()
  readonly #grants: Grant[] = []
  readonly #server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => this.#route(request),
  })

  get base(): string {
    return `http://127.0.0.1:${this.#server.port}`
  }

  /** The settings that lead a real process here. */
  environment(): Record<string, string> {
    return {
      AUTH__OAUTH__AUTHORIZE_URL: `${this.base}/authorize`,
      AUTH__OAUTH__TOKEN_URL: `${this.base}/token`,
      AUTH__OAUTH__PROFILE_URL: `${this.base}/profile`,
      AUTH__OAUTH__CLIENT_ID: FakeOAuth.clientId,
    }
  }

  /** What an upstream accepts: the tokens that are live when it asks, and those of `more`. */
  credentials(more: readonly string[] = []): readonly string[] {
    const includes = (token: string) => more.includes(token) || this.isLive(token)
    return Object.assign([...more], { includes })
  }

  options(overrides: Partial<OAuthOptions> = {}): OAuthOptions {
    return fakeOptions(this.base, overrides)
  }

  /** A login that the server knows; `expiresAt` in ms, one second ago where nothing is said. */
  login(expiresAt: number | undefined = Date.now() - 1000): StoredLogin {
    const grant = this.#grant()
    return {
      accessToken: new Secret(grant.accessToken),
      refreshToken: new Secret(grant.refreshToken),
      expiresAt,
      scopes: ['user:inference'],
      subscriptionType: 'max',
    }
  }

  /** Whether this is the access token of a grant in its present form. */
  isLive(accessToken: string): boolean {
    return this.#grants.some((grant) => grant.accessToken === accessToken)
  }

  /** Whether this refresh token would be taken. */
  isRefreshable(refreshToken: string): boolean {
    return this.#grants.some((grant) => grant.refreshToken === refreshToken)
  }

  async stop(): Promise<void> {
    await this.#server.stop(true)
  }

  async #route(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname === '/authorize') return this.#authorize(url.searchParams)
    this.seen.push(request.headers)
    if (url.pathname === '/token' && request.method === 'POST') return this.#token(request)
    if (url.pathname === '/profile') return this.#profile(request)
    return this.#refuse(404, 'not_found_error', `no such path: ${url.pathname}`)
  }

  /** The account holder agrees at once. */
  #authorize(query: URLSearchParams): Response {
    const redirectUri = query.get('redirect_uri') ?? ''
    const challenge = query.get('code_challenge') ?? ''
    const state = query.get('state') ?? ''
    const manual = [`${this.base}/manual`, ANTHROPIC_OAUTH.manualRedirectUri].includes(redirectUri)
    const problem =
      (query.get('client_id') !== FakeOAuth.clientId && 'client_id') ||
      (query.get('response_type') !== 'code' && 'response_type') ||
      (query.get('code_challenge_method') !== 'S256' && 'code_challenge_method') ||
      (!/^[\w-]{43}$/.test(challenge) && 'code_challenge') ||
      (state.length < 32 && 'state') ||
      (!manual &&
        !/^http:\/\/localhost:\d+(\/oauth)?\/callback$/.test(redirectUri) &&
        'redirect_uri')
    if (problem) return this.#refuse(400, 'invalid_request', problem)
    const code = randomBytes(16).toString('hex')
    const scope = query.get('scope') ?? ''
    this.#codes.set(code, { challenge, redirectUri, state, scope })
    if (manual) return new Response(`${code}#${state}`)
    return Response.redirect(`${redirectUri}?${new URLSearchParams({ code, state })}`, 302)
  }

  async #token(request: Request): Promise<Response> {
    const trouble = this.troubles.shift()
    if (trouble?.kind === 'slow') await Bun.sleep(trouble.ms)
    if (trouble?.kind === 'limited') {
      const headers = trouble.retryAfter === undefined ? {} : { 'retry-after': trouble.retryAfter }
      return Response.json({ error: 'rate_limited' }, { status: 429, headers })
    }
    if (trouble?.kind === 'answer') return new Response(trouble.body, { status: trouble.status })
    if (request.headers.get('content-type') !== 'application/json') {
      return this.#refuse(415, 'invalid_request', 'content-type')
    }
    const body: unknown = await request.json()
    if (typeof body !== 'object' || body === null)
      return this.#refuse(400, 'invalid_request', 'body')
    const fields = new Map(Object.entries(body).map(([key, value]) => [key, String(value)]))
    if (fields.get('client_id') !== FakeOAuth.clientId) {
      return this.#refuse(400, 'invalid_client', 'client_id')
    }
    const type = fields.get('grant_type')
    if (type === 'authorization_code') return this.#exchange(fields)
    if (type === 'refresh_token') return this.#refresh(fields, trouble?.kind === 'no-rotation')
    return this.#refuse(400, 'unsupported_grant_type', type ?? 'none')
  }

  #exchange(fields: ReadonlyMap<string, string>): Response {
    this.exchanges += 1
    const name = fields.get('code') ?? ''
    const code = this.#codes.get(name)
    this.#codes.delete(name)
    if (code === undefined) return this.#refuse(401, 'invalid_grant', 'code')
    const verifier = fields.get('code_verifier') ?? ''
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    if (challenge !== code.challenge) return this.#refuse(400, 'invalid_grant', 'code_verifier')
    if (fields.get('state') !== code.state) return this.#refuse(400, 'invalid_request', 'state')
    if (fields.get('redirect_uri') !== code.redirectUri) {
      return this.#refuse(400, 'invalid_grant', 'redirect_uri')
    }
    return this.#tokens(this.#grant(), true, code.scope)
  }

  #refresh(fields: ReadonlyMap<string, string>, keep: boolean): Response {
    this.refreshes += 1
    const grant = this.#grants.find((one) => one.refreshToken === fields.get('refresh_token'))
    if (grant === undefined) return this.#refuse(400, 'invalid_grant', 'refresh_token')
    grant.accessToken = newToken('oat')
    if (!keep) grant.refreshToken = newToken('ort')
    return this.#tokens(grant, !keep, undefined)
  }

  #tokens(grant: Grant, withRefresh: boolean, scope: string | undefined): Response {
    return Response.json({
      token_type: 'Bearer',
      access_token: grant.accessToken,
      ...(withRefresh ? { refresh_token: grant.refreshToken } : {}),
      expires_in: this.expiresIn,
      ...(scope === undefined ? {} : { scope }),
    })
  }

  #profile(request: Request): Response {
    const token = request.headers.get('authorization')?.replace(/^Bearer /, '') ?? ''
    if (!this.isLive(token)) return this.#refuse(401, 'authentication_error', 'token')
    return Response.json({
      account: { uuid: 'u', email: 'ada@example.com', full_name: 'Ada', has_claude_max: true },
      organization: { uuid: 'o', name: 'Example', organization_type: 'claude_max' },
    })
  }

  #grant(): Grant {
    const grant = { accessToken: newToken('oat'), refreshToken: newToken('ort') }
    this.#grants.push(grant)
    return grant
  }

  #refuse(status: number, error: string, why: string): Response {
    this.refusals.push(`${status} ${error}: ${why}`)
    return Response.json({ error, error_description: `<b>${why}</b>` }, { status })
  }
}

/** The options that lead to a fake at this address, for a process of its own too. */
export function fakeOptions(base: string, overrides: Partial<OAuthOptions> = {}): OAuthOptions {
  return {
    authorizeUrl: `${base}/authorize`,
    tokenUrl: `${base}/token`,
    profileUrl: `${base}/profile`,
    clientId: FakeOAuth.clientId,
    scopes: ['user:profile', 'user:inference'],
    manualRedirectUri: `${base}/manual`,
    timeoutMs: 5_000,
    userAgent: 'ccproxy/test',
    fetch: (url, init) => fetch(url, init),
    now: Date.now,
    ...overrides,
  }
}

function newToken(kind: 'oat' | 'ort'): string {
  return `sk-ant-${kind}01-${randomBytes(24).toString('base64url')}`
}
