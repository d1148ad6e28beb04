import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { IDENTITY_LINE } from '../../src/auth/identity.ts'
import { type Ccproxy, type CcproxyOptions, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { FakeOAuth } from '../support/fake-oauth.ts'
import { isJson, type Json } from '../support/fake-reply.ts'
import { type LoginHome, loginHome } from '../support/login-home.ts'
import { exchange, messageBody, post } from '../support/raw-client.ts'
import type { RecordedRequest } from '../support/raw-server.ts'

const HELPER_KEY = 'sk-ant-api03-from-the-helper'
const CLIENT_KEY = 'sk-ant-api03-of-the-client'
const CLIENT_OAT = 'sk-ant-oat01-of-the-client'
const OURS = 'client-token-of-the-proxy-0002'
const SEED_003 =
  'system: This credential is only authorized for use with Claude Code and cannot be used for other API requests.'
const KEYS = [UPSTREAM_KEY, HELPER_KEY, CLIENT_KEY, CLIENT_OAT]
const HOUR = 3_600_000
const MODES = ['/min', '/pt']

let oauth: FakeOAuth
let fake: FakeAnthropic
let home: LoginHome
const proxies: Ccproxy[] = []

beforeAll(async () => {
  oauth = new FakeOAuth()
  fake = await startFakeAnthropic({ credentials: oauth.credentials(KEYS), forbidden: [OURS] })
})

beforeEach(() => {
  home = loginHome()
  fake.forget()
})

afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()))
  home.remove()
})

afterAll(async () => {
  await fake.close()
  await oauth.stop()
})

async function start(options: CcproxyOptions = {}): Promise<Ccproxy> {
  const proxy = await startCcproxy({
    upstream: fake.url,
    key: false,
    ...options,
    env: { ...oauth.environment(), ...home.env, ...options.env },
  })
  proxies.push(proxy)
  return proxy
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
  readonly upstream: readonly RecordedRequest[]
}

type Sent = Readonly<Record<string, string>>

async function ask(
  proxy: Ccproxy,
  path = '/v1/messages',
  headers: Sent = {},
  extra: Json = {},
): Promise<Answer> {
  const before = fake.requests.length
  const reply = await fetch(proxy.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: messageBody(false, extra),
  })
  const body: unknown = await reply.json()
  const upstream = fake.requests.slice(before)
  return { status: reply.status, headers: reply.headers, body: isJson(body) ? body : {}, upstream }
}

function errorOf({ body }: Answer): string {
  return isJson(body.error) ? String(body.error.message) : ''
}

async function statusOf(proxy: Ccproxy, headers: Sent = {}): Promise<string> {
  const body: unknown = await (await fetch(`${proxy.url}/api/status`, { headers })).json()
  return isJson(body) ? String(body.credential) : ''
}

/** What went up as credential, and nothing beside it. */
function credentialOf(answer: Answer): string {
  const [request] = answer.upstream
  const key = request?.header('x-api-key')
  const bearer = request?.header('authorization')
  expect(key === undefined || bearer === undefined).toBe(true)
  return key ?? bearer ?? 'none'
}

/** A key helper that prints the keys of a file in turn, and the last one from then on. */
function helperScript(keys: readonly string[]): string {
  const path = join(home.path, 'helper.sh')
  const count = join(home.path, 'calls')
  const cases = keys.map((key, index) => `${index + 1}) echo "${key}";;`).join(' ')
  writeFileSync(
    path,
    `#!/bin/sh\necho x >> "${count}"\ncase $(wc -l < "${count}" | tr -d ' ') in ${cases} *) echo "${keys.at(-1)}";; esac\n`,
    { mode: 0o755 },
  )
  return path
}

describe('credential = "auto"', () => {
  test('takes client, key, helper and login in this order, and says what status shows', async () => {
    const login = oauth.login(Date.now() + 3 * HOUR + 60_000)
    home.write(login)
    const helper = helperScript([HELPER_KEY])
    const toml = `[providers.anthropic]\nkind = "anthropic"\napi_key_helper = ["${helper}"]\n`
    const keyed = await start({ toml, key: true })
    expect(credentialOf(await ask(keyed, '/v1/messages', { 'x-api-key': CLIENT_KEY }))).toBe(
      CLIENT_KEY,
    )
    expect(credentialOf(await ask(keyed))).toBe(UPSTREAM_KEY)
    expect(await statusOf(keyed)).toBe('API key')
    const helped = await start({ toml })
    expect(credentialOf(await ask(helped))).toBe(HELPER_KEY)
    expect(await statusOf(helped)).toBe('key helper')
    const planned = await start()
    expect(credentialOf(await ask(planned))).toBe(`Bearer ${login.accessToken.reveal()}`)
    expect(await statusOf(planned)).toBe('plan login (max), expires in 3 h')
  }, 20_000)

  test('uses no login without its acceptance, ours or that of Claude Code', async () => {
    home.write(oauth.login(Date.now() + HOUR), false)
    const env = { CLAUDE_CONFIG_DIR: home.path, AUTH__OAUTH__USE_CLAUDE_CODE_LOGIN: 'true' }
    const proxy = await start({ env })
    const ours = await ask(proxy)
    expect(ours.status).toBe(401)
    expect(errorOf(ours)).toContain('its terms were not accepted: run "ccproxy auth accept-terms"')
    expect(ours.upstream).toEqual([])
    const own = oauth.login(Date.now() + HOUR)
    const { accessToken, ...rest } = own
    const claudeAiOauth = { ...rest, accessToken: accessToken.reveal(), refreshToken: null }
    const text = JSON.stringify({ claudeAiOauth })
    writeFileSync(join(home.path, '.credentials.json'), text, { mode: 0o600 })
    const bare = await start({ env: { ...env, XDG_CONFIG_HOME: join(home.path, 'empty') } })
    expect(errorOf(await ask(bare))).toContain('run "ccproxy auth accept-terms"')
    home.write(oauth.login(Date.now() + HOUR))
    writeFileSync(home.file, '{"termsAcceptedAt":"2026-11-21T10:00:00.000Z"}')
    const allowed = await start({ env })
    expect(credentialOf(await ask(allowed))).toBe(`Bearer ${accessToken.reveal()}`)
    expect(await statusOf(allowed)).toStartWith("Claude Code's login (max), expires in")
    const without = await start({ env: { CLAUDE_CONFIG_DIR: home.path } })
    expect(errorOf(await ask(without))).toContain('No Anthropic credential')
  }, 20_000)

  test('never sends a plan token to an address that is not Anthropic or this machine', async () => {
    home.write(oauth.login(Date.now() + HOUR))
    const proxy = await start({ upstream: 'https://gateway.invalid' })
    const answer = await ask(proxy)
    expect(answer.status).toBe(401)
    expect(errorOf(answer)).toStartWith('No Anthropic credential for provider "anthropic"')
  })
})

describe('one forced credential', () => {
  test.each([
    ['client', CLIENT_KEY],
    ['api-key', UPSTREAM_KEY],
    ['key-helper', HELPER_KEY],
    ['oauth', 'the login'],
  ])('%s', async (credential, expected) => {
    const login = oauth.login(Date.now() + HOUR)
    home.write(login)
    const helper = helperScript([HELPER_KEY])
    const toml = `[providers.anthropic]\nkind = "anthropic"\ncredential = "${credential}"\napi_key_helper = "${helper}"\n`
    const proxy = await start({ toml, key: true })
    const used = credentialOf(await ask(proxy, '/v1/messages', { 'x-api-key': CLIENT_KEY }))
    expect(used).toBe(expected === 'the login' ? `Bearer ${login.accessToken.reveal()}` : expected)
    if (credential === 'client') expect((await ask(proxy)).status).toBe(401)
  })
})

describe('a key helper', () => {
  test('is asked again once when the upstream refuses its key, JSON and stream', async () => {
    const helper = helperScript(['sk-ant-api03-rotated-away', HELPER_KEY])
    const toml = `[providers.anthropic]\nkind = "anthropic"\napi_key_helper = ["${helper}"]\n`
    for (const stream of [false, true]) {
      writeFileSync(join(home.path, 'calls'), '')
      const proxy = await start({ toml })
      const before = fake.requests.length
      const reply = await fetch(`${proxy.url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: messageBody(stream),
      })
      expect(reply.status).toBe(200)
      expect(await reply.text()).toContain(stream ? 'message_stop' : 'Hello from the fake.')
      const keys = fake.requests.slice(before).map((one) => one.header('x-api-key'))
      expect(keys).toEqual(['sk-ant-api03-rotated-away', HELPER_KEY])
    }
  })

  test('that gives the same key again lets the 401 pass, and its failure never shows its output', async () => {
    const stubborn = helperScript(['sk-ant-api03-never-good'])
    const toml = (path: string) =>
      `[providers.anthropic]\nkind = "anthropic"\napi_key_helper = ["${path}"]\n`
    const proxy = await start({ toml: toml(stubborn) })
    const answer = await ask(proxy)
    expect(answer.status).toBe(401)
    expect(errorOf(answer)).toBe('invalid x-api-key')
    expect(answer.upstream).toHaveLength(1)
    const broken = join(home.path, 'broken.sh')
    writeFileSync(
      broken,
      '#!/bin/sh\necho canary-of-the-helper; echo canary-of-the-helper >&2; exit 3\n',
      {
        mode: 0o755,
      },
    )
    const failing = await start({ toml: toml(broken) })
    const failed = await ask(failing)
    expect(failed.status).toBe(401)
    expect(errorOf(failed)).toBe(
      'Cannot get a key from api_key_helper: it ended with exit code 3; run the command by hand to see why',
    )
    expect(failing.stderr() + JSON.stringify(failed.body)).not.toContain('canary-of-the-helper')
  })
})

describe('/min and /pt', () => {
  test('answer the 400 of seed 003 locally for our login and for a plan token of a client', async () => {
    home.write(oauth.login(Date.now() + HOUR))
    const proxy = await start()
    for (const mode of MODES) {
      for (const headers of [{}, { authorization: `Bearer ${CLIENT_OAT}` }]) {
        const answer = await ask(proxy, `${mode}/v1/messages`, headers)
        expect(answer.status).toBe(400)
        expect(answer.body).toMatchObject({
          type: 'error',
          error: { type: 'invalid_request_error', message: SEED_003 },
        })
        expect(answer.upstream).toEqual([])
      }
    }
  })

  test('a plan token of a client passes in full mode, with nothing put into the body', async () => {
    const proxy = await start()
    const headers = { authorization: `Bearer ${CLIENT_OAT}`, 'anthropic-beta': 'oauth-2025-04-20' }
    const answer = await ask(proxy, '/v1/messages', headers)
    expect(answer.status).toBe(200)
    expect(answer.upstream[0]?.text).toBe(messageBody(false))
    expect(answer.upstream[0]?.header('anthropic-beta')).toBe('oauth-2025-04-20')
  })
})

describe('full mode with a plan login', () => {
  test('puts the identity first, merges the betas once, keeps four breakpoints', async () => {
    home.write(oauth.login(Date.now() + HOUR))
    const proxy = await start()
    const cached = (text: string) => ({ type: 'text', text, cache_control: { type: 'ephemeral' } })
    const system = [cached('One'), cached('Two'), cached('Three')]
    const messages = [{ role: 'user', content: [cached('Four'), cached('Five'), cached('Six')] }]
    const beta = 'context-1m-2025-08-07,oauth-2025-04-20'
    for (const path of ['/v1/messages', '/api/v1/messages', '/v1/messages/count_tokens']) {
      const counting = path.endsWith('count_tokens')
      const body = counting ? { max_tokens: undefined, stream: undefined } : {}
      const answer = await ask(
        proxy,
        path,
        { 'anthropic-beta': beta },
        { system, messages, ...body },
      )
      expect(answer.status).toBe(200)
      const [request] = answer.upstream
      const sent: unknown = JSON.parse(request?.text ?? '')
      expect(sent).toMatchObject({ system: [{ type: 'text', text: IDENTITY_LINE }, {}, {}, {}] })
      expect(request?.text.match(/"cache_control"/g)).toHaveLength(4)
      expect(request?.header('anthropic-beta')).toBe(`${beta},claude-code-20250219`)
    }
  })

  test('makes up no client: user-agent, x-app and x-stainless are never Claude Code’s', async () => {
    home.write(oauth.login(Date.now() + HOUR))
    const proxy = await start()
    const before = fake.requests.length
    expect((await exchange(proxy.port, post('/v1/messages', messageBody(false)))).status).toBe(200)
    const [request] = fake.requests.slice(before)
    expect(request?.header('user-agent')).toMatch(/^ccproxy\/\d+\.\d+\.\d+$/)
    const names = (request?.headers ?? []).map(([name]) => name.toLowerCase())
    expect(names.filter((name) => /^x-(app|stainless)/.test(name))).toEqual([])
    await ask(proxy, '/v1/messages', { 'user-agent': 'my-tool/1.0' })
    expect(fake.requests.at(-1)?.header('user-agent')).toBe('my-tool/1.0')
  })

  test('with system_prompt_injection = "none" leaves the body alone', async () => {
    home.write(oauth.login(Date.now() + HOUR))
    const proxy = await start({ env: { AUTH__OAUTH__SYSTEM_PROMPT_INJECTION: 'none' } })
    const answer = await ask(proxy)
    expect(answer.upstream[0]?.text).toBe(messageBody(false))
  })
})

describe('beyond loopback', () => {
  test('a plan login is refused for requests and for logins, and the status says so', async () => {
    home.write(oauth.login(Date.now() + HOUR))
    const proxy = await start({ env: { HOST: '0.0.0.0', AUTH_TOKEN: OURS } })
    const key = { 'x-api-key': OURS }
    const answer = await ask(proxy, '/v1/messages', key)
    expect(answer.status).toBe(403)
    expect(errorOf(answer)).toContain('refused while ccproxy listens beyond loopback')
    expect(answer.upstream).toEqual([])
    expect(await statusOf(proxy, key)).toContain('refused because ccproxy listens beyond loopback')
    const login = await fetch(`${proxy.url}/oauth/login`, {
      method: 'POST',
      headers: key,
      body: '{"accept_terms":true}',
    })
    expect(login.status).toBe(403)
    await expect(
      start({
        env: { HOST: '0.0.0.0', AUTH_TOKEN: OURS },
        toml: '[providers.anthropic]\nkind = "anthropic"\ncredential = "oauth"\n',
      }),
    ).rejects.toThrow('a plan login is never served beyond loopback')
  })
})

describe('named client tokens', () => {
  test('show their name in the log, the token nowhere', async () => {
    const sha256 = new Bun.CryptoHasher('sha256').update('token-of-bob').digest('hex')
    const tokens = [
      `name = "ada"\ntoken = "${OURS}"`,
      `name = "bob"\nsha256 = "${sha256}"`,
      `name = "eve"\ntoken = "token-of-eve"\nexpires = "2020-01-01"`,
    ]
    const toml = tokens.map((one) => `[[security.tokens]]\n${one}\n`).join('\n')
    const proxy = await start({ toml, key: true, env: { LOG_LEVEL: 'trace' } })
    for (const [name, token] of [
      ['ada', OURS],
      ['bob', 'token-of-bob'],
    ]) {
      const answer = await ask(proxy, '/v1/messages', { authorization: `Bearer ${token}` })
      expect(answer.status).toBe(200)
      await proxy.log(`a request of ${name}`, (line) => line.client === name)
    }
    expect((await ask(proxy, '/v1/messages', { 'x-api-key': 'token-of-eve' })).status).toBe(401)
    for (const token of [OURS, 'token-of-bob', 'token-of-eve', sha256]) {
      expect(proxy.stderr()).not.toContain(token)
    }
  })
})
