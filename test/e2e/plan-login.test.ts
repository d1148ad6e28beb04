import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/kit/secret.ts'
import { CredentialBench, credentialOf, errorOf, statusOf } from '../support/credential-bench.ts'
import { isJson } from '../support/fake-reply.ts'
import { messageBody } from '../support/raw-client.ts'
import { fakeBrowser, runLogin } from '../support/run-login.ts'

const HOUR = 3_600_000
const TIMEOUT = 30_000

const bench = new CredentialBench()
beforeAll(() => bench.open())
afterEach(() => bench.reset())
afterAll(() => bench.close())

function auth(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const run = { args: ['auth', ...args], env: { ...bench.env(), ...env }, home: bench.home.path }
  return runLogin(run)
}

function post(url: string | undefined, stream: boolean): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(`${url}/v1/messages`, { method: 'POST', headers, body: messageBody(stream) })
}

function stored(): { accessToken: string; refreshToken: string } {
  return JSON.parse(bench.home.read()).claudeAiOauth
}

describe('the login of a user, in the real process', () => {
  test(
    'through the browser, the first time, then every other command',
    async () => {
      const browser = fakeBrowser(join(bench.home.path, 'bin'))
      const login = await auth(['login', '--accept-terms'], browser)
      expect(login.code).toBe(0)
      expect(login.stdout).toContain('Logged in\nAccount')
      expect(login.stdout).toContain('Ada <ada@example.com>')
      expect(login.stderr).toContain("What Anthropic's published terms say")
      expect(statSync(bench.home.file).mode & 0o777).toBe(0o600)
      expect(bench.oauth.isLive(stored().accessToken)).toBe(true)
      expect(bench.oauth.refusals).toEqual([])
      const valid = await auth(['validate'])
      expect(valid.code).toBe(0)
      expect((await auth(['info'])).stdout).toContain('Ada <ada@example.com>')
      const before = stored().accessToken
      expect((await auth(['refresh'])).code).toBe(0)
      expect(stored().accessToken).not.toBe(before)
      const proxy = await bench.start()
      const answer = await bench.ask(proxy)
      expect(credentialOf(answer.upstream[0])).toBe(`Bearer ${stored().accessToken}`)
      const logout = await auth(['logout'])
      expect(logout.stderr).toContain('This revokes nothing')
      expect(bench.home.read()).toBe('')
      expect((await auth(['validate', '--json'])).code).toBe(1)
      await Bun.sleep(1100) // How long the running proxy believes the file it has read.
      expect(errorOf(await bench.ask(proxy))).toContain('run "ccproxy auth login"')
    },
    TIMEOUT,
  )

  test(
    '--manual reads code#state, and by itself where there is no display',
    async () => {
      for (const args of [
        ['login', '--accept-terms', '--manual'],
        ['login', '--accept-terms'],
      ]) {
        const outcome = await runLogin({
          args: ['auth', ...args],
          env: bench.env(),
          home: bench.home.path,
          answer(printed) {
            const url = /^http:\/\/127\S+\/authorize\S+$/m.exec(printed)?.[0]
            return url === undefined ? undefined : fetch(url).then((page) => page.text())
          },
        })
        expect(outcome.stdout).toContain('Logged in')
        expect(outcome.code).toBe(0)
        expect(bench.oauth.isLive(stored().accessToken)).toBe(true)
      }
    },
    TIMEOUT,
  )

  test('without acceptance nothing is begun', async () => {
    const outcome = await auth(['login'])
    expect(outcome.code).toBe(2)
    expect(outcome.stderr).toContain('add "--accept-terms" to accept it')
    expect(bench.home.read()).toBe('')
  })
})

describe('the login through a running server', () => {
  const authorizeUrl = async (reply: Response): Promise<string> => {
    const begun: unknown = await reply.json()
    return isJson(begun) ? String(begun.authorize_url) : ''
  }
  const begin = (
    url: string,
    headers: Record<string, string> = {},
    body = '{"accept_terms":true}',
  ) => fetch(`${url}/oauth/login`, { method: 'POST', headers, body })

  test(
    'needs the client key and the acceptance, and the browser ends it',
    async () => {
      const proxy = await bench.start({ env: { AUTH_TOKEN: 'key-of-the-proxy' } })
      const key = { 'x-api-key': 'key-of-the-proxy' }
      expect((await begin(proxy.url)).status).toBe(401)
      const refused = await begin(proxy.url, key, '{}')
      expect(refused.status).toBe(400)
      expect(await refused.json()).toMatchObject({
        error: { type: 'validation_error', details: { field: 'accept_terms' } },
      })
      expect((await bench.ask(proxy, '/v1/messages', key)).status).toBe(401)
      const begun = await begin(proxy.url, key)
      expect(await begun.clone().json()).toMatchObject({
        redirect_uri: `http://localhost:${proxy.port}/oauth/callback`,
        expires_in_seconds: 300,
      })
      // The browser has no key; it comes back with the state.
      const page = await fetch(await authorizeUrl(begun))
      expect(page.status).toBe(200)
      expect(await page.text()).toContain('<h1>Logged in</h1>')
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(JSON.parse(bench.home.read()).termsAcceptedAt).toMatch(/^\d{4}-\d\d-\d\dT/)
      await Bun.sleep(1100) // How long the proxy believes that there is no file.
      const answer = await bench.ask(proxy, '/v1/messages', key)
      expect(credentialOf(answer.upstream[0])).toBe(`Bearer ${stored().accessToken}`)
      expect(await statusOf(proxy, key)).toBe('plan login (max), expires in 7 h')
    },
    TIMEOUT,
  )

  test(
    'takes its redirect from the settings, each state once, and shows nothing of a request',
    async () => {
      const redirect = 'http://localhost:8123/oauth/callback'
      const proxy = await bench.start({ env: { AUTH__OAUTH__REDIRECT_URI: redirect } })
      const url = await authorizeUrl(await begin(proxy.url))
      expect(new URL(url).searchParams.get('redirect_uri')).toBe(redirect)
      const agreed = await fetch(url, { redirect: 'manual' })
      const back = new URL(agreed.headers.get('location') ?? '')
      const call = (query: string) => fetch(`${proxy.url}/oauth/callback?${query}`)
      const evil = encodeURIComponent('<script>alert(1)</script>')
      for (const query of [`code=${evil}&state=${evil}`, `state=${evil}`, `error=${evil}`, '']) {
        const page = await call(query)
        expect(page.status).toBe(400)
        expect(await page.text()).not.toContain('script')
      }
      // Stray requests did not end it.
      const { search } = back
      expect((await call(search.slice(1))).status).toBe(200)
      expect((await call(search.slice(1))).status).toBe(400)
      const second = await authorizeUrl(await begin(proxy.url))
      const state = new URL(second).searchParams.get('state')
      const failed = await call(`code=wrong&state=${state}`)
      expect(failed.status).toBe(502)
      expect(await failed.text()).toContain('The code could not be traded')
      await proxy.log('why it failed', (line) => String(line.msg).includes('the code was refused'))
    },
    TIMEOUT,
  )
})

describe('refresh', () => {
  test(
    '100 concurrent requests with an expired token make one, two processes too',
    async () => {
      for (const count of [1, 2]) {
        bench.home.write(bench.oauth.login())
        const proxies = await Promise.all(Array.from({ length: count }, () => bench.start()))
        const before = bench.oauth.refreshes
        const seen = bench.fake.requests.length
        const replies = await Promise.all(
          Array.from({ length: 100 }, (_, index) => {
            const proxy = proxies[index % count]
            return post(proxy?.url, false)
          }),
        )
        expect(replies.map((reply) => reply.status)).toEqual(Array(100).fill(200))
        expect(bench.oauth.refreshes - before).toBe(1)
        const used = new Set(bench.fake.requests.slice(seen).map(credentialOf))
        expect([...used]).toEqual([`Bearer ${stored().accessToken}`])
      }
      expect(bench.fake.violations).toEqual([])
    },
    TIMEOUT,
  )

  test(
    'an upstream 401 is tried once more with the fresh token, JSON and stream',
    async () => {
      for (const stream of [false, true]) {
        const login = bench.oauth.login(Date.now() + HOUR)
        bench.home.write({ ...login, accessToken: new Secret('sk-ant-oat01-revoked-elsewhere') })
        const proxy = await bench.start()
        const seen = bench.fake.requests.length
        const reply = await post(proxy.url, stream)
        expect(reply.status).toBe(200)
        expect(await reply.text()).toContain(stream ? 'message_stop' : 'Hello from the fake.')
        const used = bench.fake.requests.slice(seen).map(credentialOf)
        expect(used).toEqual([
          'Bearer sk-ant-oat01-revoked-elsewhere',
          `Bearer ${stored().accessToken}`,
        ])
        const [first, second] = bench.fake.requests.slice(seen)
        expect(second?.text).toBe(first?.text ?? 'nothing')
      }
    },
    TIMEOUT,
  )

  test(
    'a token that another process stored is adopted',
    async () => {
      bench.home.write(bench.oauth.login(Date.now() + HOUR))
      const proxy = await bench.start()
      expect((await bench.ask(proxy)).status).toBe(200)
      const refreshes = bench.oauth.refreshes
      expect((await auth(['refresh'])).code).toBe(0)
      const answer = await bench.ask(proxy)
      expect(answer.status).toBe(200)
      expect(credentialOf(answer.upstream.at(-1))).toBe(`Bearer ${stored().accessToken}`)
      expect(bench.oauth.refreshes - refreshes).toBe(1)
    },
    TIMEOUT,
  )

  test('a 429 of the token endpoint is obeyed: requests fail fast with its time', async () => {
    bench.home.write(bench.oauth.login())
    bench.oauth.troubles.push({ kind: 'limited', retryAfter: '40' })
    const proxy = await bench.start()
    const calls = bench.oauth.seen.length
    for (let index = 0; index < 5; index += 1) {
      const answer = await bench.ask(proxy)
      expect(answer.status).toBe(429)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(35)
      expect(errorOf(answer)).toContain('the token endpoint asked to wait')
    }
    expect(bench.oauth.seen.length - calls).toBe(1)
  })

  test('a dead refresh token and no login say what to run', async () => {
    const login = bench.oauth.login()
    bench.home.write({ ...login, refreshToken: new Secret('sk-ant-ort01-used-up') })
    const proxy = await bench.start()
    const answer = await bench.ask(proxy)
    expect(answer.status).toBe(401)
    expect(errorOf(answer)).toBe(
      'The plan login is no longer valid (its refresh token was refused): run "ccproxy auth login"',
    )
    const empty = await bench.start({ env: { XDG_CONFIG_HOME: join(bench.home.path, 'empty') } })
    expect(errorOf(await bench.ask(empty))).toContain('run "ccproxy auth login"')
  })
})
