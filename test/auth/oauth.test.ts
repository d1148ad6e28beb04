import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  ANTHROPIC_OAUTH,
  authorizeUrl,
  createPkce,
  exchangeCode,
  fetchProfile,
  refreshTokens,
  subscriptionOf,
} from '../../src/auth/oauth.ts'
import { Secret } from '../../src/kit/secret.ts'
import { FakeOAuth } from '../support/fake-oauth.ts'

let fake: FakeOAuth
beforeEach(() => {
  fake = new FakeOAuth()
})
afterEach(() => fake.stop())

const refreshToken = () => fake.login().refreshToken ?? new Secret('none')

test('PKCE challenges are the SHA-256 of verifiers that never repeat', () => {
  const one = createPkce()
  expect(one.verifier).toMatch(/^[\w-]{43}$/)
  const digest = new Bun.CryptoHasher('sha256').update(one.verifier).digest('base64url')
  expect(one.challenge).toBe(digest)
  expect(createPkce().verifier).not.toBe(one.verifier)
})

test('The authorize URL carries what the server asks for', () => {
  const options = fake.options(ANTHROPIC_OAUTH)
  const url = new URL(
    authorizeUrl(options, {
      redirectUri: 'http://localhost:54545/callback',
      state: 's&t',
      challenge: 'c',
    }),
  )
  expect(url.origin + url.pathname).toBe('https://claude.com/cai/oauth/authorize')
  expect(Object.fromEntries(url.searchParams)).toEqual({
    code: 'true',
    client_id: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
    response_type: 'code',
    redirect_uri: 'http://localhost:54545/callback',
    scope: 'user:profile user:inference',
    code_challenge: 'c',
    code_challenge_method: 'S256',
    state: 's&t',
  })
})

describe('Refreshing', () => {
  test('Gives rotated tokens with their end, under our own name', async () => {
    const options = fake.options({ now: () => 1_000 })
    const result = await refreshTokens(options, refreshToken())
    if (result.kind !== 'ok') throw new Error(result.kind)
    expect(result.tokens.expiresAt).toBe(1_000 + 28_800_000)
    expect(fake.isLive(result.tokens.accessToken.reveal())).toBe(true)
    expect(fake.seen[0]?.get('user-agent')).toBe('ccproxy/test')
    expect(fake.seen[0]?.get('anthropic-beta')).toBe('oauth-2025-04-20')
    expect([...(fake.seen[0]?.keys() ?? [])].filter((name) => name.startsWith('x-'))).toEqual([])
  })

  test('Says that a used token is refused', async () => {
    const token = refreshToken()
    await refreshTokens(fake.options(), token)
    expect(await refreshTokens(fake.options(), token)).toEqual({ kind: 'rejected' })
  })

  test.each([
    [404, '{"type":"error","error":{"type":"not_found_error","message":"Not Found"}}'],
    [401, 'nonsense'],
    [400, '{"error":"invalid_grant"}'],
  ])('Takes %d %s for a refusal', async (status, body) => {
    fake.troubles.push({ kind: 'answer', status, body })
    expect(await refreshTokens(fake.options(), refreshToken())).toEqual({ kind: 'rejected' })
  })

  test.each([
    [500, '{"error":"server_error"}', 'the token endpoint answered 500 (server_error)'],
    [404, '<html>', 'the token endpoint answered 404'],
    [400, '{"error":"<script>sk-ant-oat01-x"}', 'the token endpoint answered 400'],
    [302, '', 'the token endpoint answered 302'],
    [200, '{"access_token":7}', 'the token endpoint answered without an access token'],
    [200, 'null', 'the token endpoint answered without an access token'],
  ])('Names the failure %d %s without quoting it', async (status, body, reason) => {
    fake.troubles.push({ kind: 'answer', status, body })
    expect(await refreshTokens(fake.options(), refreshToken())).toEqual({ kind: 'failed', reason })
  })

  test('Obeys retry-after as seconds or as a date, and has an answer where there is none', async () => {
    const now = Date.parse('2026-11-21T12:00:00Z')
    const ask = async (retryAfter?: string) => {
      fake.troubles.push({ kind: 'limited', ...(retryAfter === undefined ? {} : { retryAfter }) })
      return refreshTokens(fake.options({ now: () => now }), refreshToken())
    }
    expect(await ask('7')).toEqual({ kind: 'limited', retryAfterMs: 7_000 })
    expect(await ask('Sat, 21 Nov 2026 12:01:30 GMT')).toEqual({
      kind: 'limited',
      retryAfterMs: 90_000,
    })
    expect(await ask()).toEqual({ kind: 'limited', retryAfterMs: 60_000 })
    expect(await ask('0')).toEqual({ kind: 'limited', retryAfterMs: 1_000 })
  })

  test('Gives up on a slow, a broken and an absent server', async () => {
    const host = new URL(fake.base).host
    fake.troubles.push({ kind: 'slow', ms: 500 })
    expect(await refreshTokens(fake.options({ timeoutMs: 50 }), refreshToken())).toEqual({
      kind: 'failed',
      reason: `${host} did not answer within 0.05 s`,
    })
    const cut = cutServer()
    const reason = `127.0.0.1:${cut.port} cannot be reached`
    const tokenUrl = `http://127.0.0.1:${cut.port}/token`
    const result = await refreshTokens(fake.options({ tokenUrl }), refreshToken())
    expect(result).toEqual({ kind: 'failed', reason })
    cut.stop(true)
    const options = fake.options()
    const token = refreshToken()
    await fake.stop()
    expect(await refreshTokens(options, token)).toEqual({
      kind: 'failed',
      reason: `${host} cannot be reached`,
    })
  })
})

test('A code is worth nothing with another verifier', async () => {
  const options = fake.options()
  const { challenge } = createPkce()
  const login = { redirectUri: options.manualRedirectUri, state: 's'.repeat(43), challenge }
  const page = await fetch(authorizeUrl(options, login))
  const [code = '', state = ''] = (await page.text()).split('#')
  const result = await exchangeCode(options, {
    code,
    state,
    verifier: createPkce().verifier,
    redirectUri: login.redirectUri,
  })
  expect(result).toEqual({ kind: 'rejected' })
  expect(fake.refusals).toEqual(['400 invalid_grant: code_verifier'])
})

test('The profile names the plan, and its absence is no failure', async () => {
  const login = fake.login()
  const profile = await fetchProfile(fake.options(), login.accessToken)
  expect(profile?.account?.email).toBe('ada@example.com')
  expect(subscriptionOf(profile)).toBe('max')
  expect(await fetchProfile(fake.options(), new Secret('other'))).toBeUndefined()
  expect(subscriptionOf(undefined)).toBeUndefined()
  expect(subscriptionOf({ account: { has_claude_pro: true } })).toBe('pro')
  expect(subscriptionOf({ organization: { organization_type: 'claude_team' } })).toBe('team')
})

/** A server that breaks the connection in the middle of its answer. */
function cutServer() {
  return Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(socket) {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"access_token":"sk-ant-')
        socket.end()
      },
    },
  })
}
