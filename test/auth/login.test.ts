import { afterEach, beforeEach, expect, test } from 'bun:test'
import { callbackPage } from '../../src/auth/callback-page.ts'
import { type CallbackServer, startCallbackServer } from '../../src/auth/callback-server.ts'
import {
  beginLogin,
  finishLogin,
  type PendingLogin,
  PendingLogins,
  parseManualCode,
} from '../../src/auth/login.ts'
import { messageOf } from '../../src/kit/error.ts'
import { FakeOAuth } from '../support/fake-oauth.ts'

let fake: FakeOAuth
let server: CallbackServer
beforeEach(async () => {
  fake = new FakeOAuth()
  server = await startCallbackServer(0)
})
afterEach(async () => {
  await server.stop()
  await fake.stop()
})

const begin = () => beginLogin(fake.options(), server.redirectUri)
const waitFor = (pending: PendingLogin, timeoutMs = 2_000) =>
  server.wait(pending.state, (code) => finishLogin(fake.options(), pending, code), { timeoutMs })

/** Taken at once: the failure comes before the test looks for it. */
function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => 'no failure', messageOf)
}

test('A browser that follows the sign-in page ends the login', async () => {
  const pending = begin()
  const waiting = waitFor(pending)
  const page = await fetch(pending.url)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('ccproxy has your login')
  const { login, profile } = await waiting
  expect(fake.isLive(login.accessToken.reveal())).toBe(true)
  expect(login).toMatchObject({
    subscriptionType: 'max',
    scopes: ['user:profile', 'user:inference'],
  })
  expect(profile?.account?.full_name).toBe('Ada')
  expect(fake.refusals).toEqual([])
})

test('Stray requests and wrong states neither end a login nor see its code spent', async () => {
  const pending = begin()
  const waiting = waitFor(pending)
  const base = server.redirectUri
  const status = async (url: string, init?: RequestInit) => (await fetch(url, init)).status
  expect(await status(new URL('/favicon.ico', base).href)).toBe(404)
  expect(await status(new URL('/', base).href)).toBe(404)
  expect(await status(base)).toBe(400)
  expect(await status(`${base}?code=x&state=wrong`)).toBe(400)
  expect(await status(`${base}?error=access_denied&state=wrong`)).toBe(400)
  expect(await status(`${base}?state=${pending.state}`)).toBe(400)
  expect(await status(`${base}?code=x&state=${pending.state}`, { method: 'POST' })).toBe(404)
  expect(fake.exchanges).toBe(0)
  expect(await status(pending.url)).toBe(200)
  await waiting
  expect(await status(`${base}?code=x&state=${pending.state}`)).toBe(400)
  expect(fake.exchanges).toBe(1)
})

test('The page shows nothing of the request', async () => {
  const pending = begin()
  const failure = failureOf(waitFor(pending))
  const query = new URLSearchParams({
    error: '<script>alert(1)</script>',
    error_description: '<img src=x>',
    state: pending.state,
  })
  const page = await fetch(`${server.redirectUri}?${query}`)
  expect(page.status).toBe(400)
  const text = await page.text()
  expect(text).not.toContain('script')
  expect(text).not.toContain('img')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await failure).toContain('sent no code')
  expect(callbackPage('not-found').headers.get('cache-control')).toBe('no-store')
})

test('A code that cannot be traded shows on the page and in the error', async () => {
  const pending = begin()
  const failure = failureOf(waitFor(pending))
  const page = await fetch(`${server.redirectUri}?code=made-up&state=${pending.state}`)
  expect(page.status).toBe(502)
  expect(await failure).toBe(
    'Cannot log in: the code was refused (it can be used once, and soon); run "ccproxy auth login" again',
  )
  fake.troubles.push({ kind: 'limited', retryAfter: '9' })
  await expect(finishLogin(fake.options(), pending, 'x')).rejects.toThrow('wait 9 s')
  fake.troubles.push({ kind: 'answer', status: 500, body: '' })
  await expect(finishLogin(fake.options(), pending, 'x')).rejects.toThrow('answered 500')
})

test('Waiting ends by itself and on abort', async () => {
  await expect(waitFor(begin(), 30)).rejects.toThrow('nothing came back from the browser')
  const signal = AbortSignal.timeout(20)
  await expect(server.wait('s', () => Promise.resolve(1), { signal })).rejects.toThrow()
})

test('A port in use gives the next one', async () => {
  const port = Number(new URL(server.redirectUri).port)
  const second = await startCallbackServer(port)
  try {
    const other = Number(new URL(second.redirectUri).port)
    expect(other).toBeGreaterThan(port)
    expect(other).toBeLessThan(port + 20)
  } finally {
    await second.stop()
  }
})

test('The server is on both loopback addresses and no other', async () => {
  const { port } = new URL(server.redirectUri)
  expect((await fetch(`http://127.0.0.1:${port}/x`)).status).toBe(404)
  expect((await fetch(`http://[::1]:${port}/x`)).status).toBe(404)
})

test('A pasted code must come whole and from this login', async () => {
  const pending = beginLogin(fake.options(), fake.options().manualRedirectUri)
  const shown = await (await fetch(pending.url)).text()
  const code = parseManualCode(` ${shown}\n`, pending)
  const { login } = await finishLogin(fake.options(), pending, code)
  expect(fake.isLive(login.accessToken.reveal())).toBe(true)
  const address = `http://localhost:54545/callback?code=abc&state=${pending.state}`
  expect(parseManualCode(address, pending)).toBe('abc')
  expect(() => parseManualCode('', pending)).toThrow('nothing was pasted')
  expect(() => parseManualCode('abc', pending)).toThrow('the part after "#" is missing')
  expect(() => parseManualCode('abc#other', pending)).toThrow('belongs to another login')
  expect(() => parseManualCode('http://x', pending)).toThrow('nothing was pasted')
})

test('Logins begun through a server are known by state, once and for five minutes', () => {
  let now = 0
  const logins = new PendingLogins(() => now)
  const first = begin()
  logins.add(first)
  expect(logins.take('other')).toBeUndefined()
  expect(logins.take(first.state)).toBe(first)
  expect(logins.take(first.state)).toBeUndefined()
  logins.add(first)
  now = 300_000
  expect(logins.take(first.state)).toBeUndefined()
  const many = Array.from({ length: 17 }, begin)
  for (const one of many) logins.add(one)
  expect(logins.take(many[0]?.state ?? '')).toBeUndefined()
  expect(logins.take(many[1]?.state ?? '')).toBeDefined()
})
