import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Observed, startObserved } from '../support/observed.ts'
import { messageBody } from '../support/raw-client.ts'

const KEY = 'canary-of-the-client-key-0001'
const NAMED = 'canary-of-the-named-token-0002'
const EXPIRED = 'canary-of-an-expired-token-0003'
const TOML = `
[security]
cors_origins = ["https://app.example"]
[[security.tokens]]
name = "ada"
token = "${NAMED}"
[[security.tokens]]
name = "eve"
token = "${EXPIRED}"
expires = "2020-01-01"
`
const JSON_TYPE = { 'content-type': 'application/json' }

type Sent = Readonly<Record<string, string>>

let observed: Observed
let own: string
beforeAll(async () => {
  observed = await startObserved({ clientKey: KEY, forbidden: [NAMED], toml: TOML })
  own = observed.proxy.url
})
afterAll(() => observed.stop())

/** Tries are few a minute: a server of its own for those who use them up. */
function login(key: unknown, headers: Sent = {}, url = own): Promise<Response> {
  const body = JSON.stringify({ key })
  return fetch(`${url}/dashboard/login`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body,
  })
}

async function cookieOf(key: string, url = own): Promise<string> {
  const reply = await login(key, {}, url)
  expect(reply.status).toBe(200)
  return reply.headers.get('set-cookie')?.split(';')[0] ?? ''
}

async function statusOf(path: string, headers: Sent, method = 'GET', body?: string) {
  const init = { method, headers: { ...JSON_TYPE, ...headers }, ...(body && { body }) }
  const reply = await fetch(own + path, init)
  await reply.body?.cancel()
  return reply.status
}

describe('POST /dashboard/login', () => {
  test('gives a cookie that holds no key and that no script reads', async () => {
    const reply = await login(KEY, { origin: own })
    expect(reply.status).toBe(200)
    expect(await reply.json()).toEqual({ status: 'success', key_required: true })
    expect(reply.headers.get('cache-control')).toBe('no-store')
    const cookie = reply.headers.get('set-cookie') ?? ''
    const name = `ccproxy_session_${observed.proxy.port}`
    expect(cookie).toMatch(new RegExp(`^${name}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`))
    expect(cookie).not.toContain(KEY)
    expect((await login(NAMED)).headers.get('set-cookie')).not.toBe(cookie)
  })

  test('keeps the cookie to https where the page came so', async () => {
    const url = own.replace('127.0.0.1', 'localhost')
    const origin = url.replace('http:', 'https:')
    const reply = await login(KEY, { origin }, url)
    expect(reply.headers.get('set-cookie')).toEndWith('; Path=/; Secure')
  })

  test('refuses what is no key, and tells no secret', async () => {
    const other = await startObserved({ clientKey: KEY, toml: TOML })
    const { url } = other.proxy
    const cases: [number, Response][] = [
      [401, await login('wrong', {}, url)],
      [401, await login('', {}, url)],
      [401, await login(EXPIRED, {}, url)],
      [400, await login(7, {}, url)],
      [403, await login(KEY, { origin: 'https://evil.example' }, url)],
      [415, await login(KEY, { 'content-type': 'text/plain' }, url)],
      [405, await fetch(`${url}/dashboard/login`, { headers: { 'x-api-key': KEY } })],
      [413, await login('x'.repeat(20_000), {}, url)],
    ]
    for (const [status, reply] of cases) {
      const text = await reply.text()
      expect({ text, status: reply.status }).toEqual({ text, status })
      expect(text).not.toContain('canary')
      expect(reply.headers.has('set-cookie')).toBe(false)
    }
    await other.proxy.log('a refused sign-in', ({ msg }) => msg === 'dashboard sign-in refused')
    expect(other.proxy.stderr()).not.toContain('canary')
    await other.stop()
  })

  test('takes ten tries a minute, then none, not even the right one', async () => {
    const other = await startObserved({ clientKey: KEY })
    const { url } = other.proxy
    const tries = await Promise.all(Array.from({ length: 10 }, () => login('wrong', {}, url)))
    expect(tries.map(({ status }) => status)).toEqual(Array(10).fill(401))
    const late = await login(KEY, {}, url)
    expect(late.status).toBe(429)
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    // Whoever sends the key itself is not locked out.
    expect((await other.get('/logs/status')).status).toBe(200)
    await other.stop()
  })

  test('asks for nothing where no client key is set', async () => {
    const open = await startObserved()
    const reply = await login('anything', {}, open.proxy.url)
    expect(await reply.json()).toEqual({ status: 'success', key_required: false })
    expect(reply.headers.has('set-cookie')).toBe(false)
    await open.stop()
  })
})

describe('the cookie', () => {
  let cookie: string
  beforeAll(async () => {
    cookie = await cookieOf(KEY)
  })

  test('opens what the dashboard reads', async () => {
    const paths = ['logs/status', 'logs/query', 'logs/entries', 'logs/analytics', 'logs/stream']
    const more = ['metrics', 'status', 'to/anthropic/status', 'api/status', 'swagger/json']
    for (const path of [...paths, ...more, 'permissions', 'permissions/stream']) {
      expect({ path, status: await statusOf(`/${path}`, { cookie }) }).toEqual({
        path,
        status: 200,
      })
      expect({ path, status: await statusOf(`/${path}`, {}) }).toEqual({ path, status: 401 })
    }
    const among = `a=b; ${cookie}; c=d`
    expect(await statusOf('/logs/status', { cookie: among, origin: own })).toBe(200)
    expect(await statusOf('/logs/status', { cookie, 'sec-fetch-site': 'same-origin' })).toBe(200)
  })

  test('opens no model, no login, no reset', async () => {
    const count = observed.fake.requests.length
    const body = messageBody(false)
    const asPage = { cookie, origin: own, 'sec-fetch-site': 'same-origin' }
    for (const path of [
      '/v1/messages',
      '/api/v1/messages',
      '/v1/messages/count_tokens',
      '/v1/chat/completions',
      '/v1/responses',
      '/to/anthropic/v1/messages',
      '/oauth/login',
      '/logs/reset',
    ]) {
      expect({ path, status: await statusOf(path, asPage, 'POST', body) }).toEqual({
        path,
        status: 401,
      })
    }
    for (const path of [
      '/v1/models',
      '/v1/models/status',
      '/v1/files',
      '/openai/v1/models/status',
    ]) {
      expect({ path, status: await statusOf(path, asPage) }).toEqual({ path, status: 401 })
    }
    expect(observed.fake.requests.length).toBe(count)
  })

  test('answers tool requests from our own page only', async () => {
    const answer = (headers: Sent) =>
      statusOf('/permissions/nobody/respond', headers, 'POST', '{"allowed":true}')
    expect(await answer({ cookie, origin: own })).toBe(404)
    expect(await answer({ cookie })).toBe(401)
    expect(await answer({ cookie, origin: 'https://app.example' })).toBe(401)
    expect(await answer({ cookie, origin: 'http://127.0.0.1:1' })).toBe(403)
  })

  test('is nothing to other pages, not even of another port or an allowed origin', async () => {
    const port = { cookie, 'sec-fetch-site': 'same-site' }
    expect(await statusOf('/logs/query', port)).toBe(403)
    expect(await statusOf('/logs/query', { cookie, 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await statusOf('/logs/query', { cookie, origin: 'https://app.example' })).toBe(401)
    expect(await statusOf('/logs/query', { cookie, origin: 'https://evil.example' })).toBe(403)
  })

  test('does not stand in for a wrong key', async () => {
    expect(await statusOf('/logs/query', { cookie, 'x-api-key': 'wrong' })).toBe(401)
  })

  test('must be the whole one, of this server', async () => {
    for (const wrong of [
      cookie.slice(0, -1),
      `${cookie}x`,
      `${cookie.split('=')[0]}=`,
      `${cookie.split('=')[0]}=${KEY}`,
      cookie.replace(/_\d+=/, '='),
    ]) {
      expect({ wrong, status: await statusOf('/logs/query', { cookie: wrong }) }).toEqual({
        wrong,
        status: 401,
      })
    }
    const other = await startObserved({ clientKey: KEY })
    const value = cookie.split('=')[1]
    const there = { cookie: `ccproxy_session_${other.proxy.port}=${value}` }
    expect((await other.get('/logs/query', there)).status).toBe(401)
    await other.stop()
  })

  test('never goes upstream', async () => {
    for (const path of ['/v1/messages', '/pt/v1/messages', '/min/v1/messages']) {
      await observed.send({}, { cookie, 'x-api-key': KEY }, path)
      const names = observed.fake.requests.at(-1)?.headers.map(([name]) => name.toLowerCase())
      expect(names).toContain('content-type')
      expect(names).not.toContain('cookie')
    }
  })

  test('ends with POST /dashboard/logout', async () => {
    const second = await cookieOf(KEY)
    const leave = (headers: Sent) => fetch(`${own}/dashboard/logout`, { method: 'POST', headers })
    const foreign = await leave({ cookie: second, origin: 'https://evil.example' })
    expect(foreign.status).toBe(403)
    expect(await statusOf('/logs/query', { cookie: second })).toBe(200)
    const reply = await leave({ cookie: second, origin: own })
    expect(reply.status).toBe(204)
    expect(reply.headers.get('set-cookie')).toContain('Max-Age=0')
    expect(await statusOf('/logs/query', { cookie: second })).toBe(401)
    expect(await statusOf('/logs/query', { cookie })).toBe(200)
    expect((await leave({})).status).toBe(204)
  })
})
