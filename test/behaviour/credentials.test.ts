import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CredentialBench, credentialOf, errorOf, statusOf } from '../support/credential-bench.ts'
import { UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { messageBody } from '../support/raw-client.ts'

const HELPER_KEY = 'sk-ant-api03-from-the-helper'
const CLIENT_KEY = 'sk-ant-api03-of-the-client'
const OURS = 'client-token-of-the-proxy-0002'
const HOUR = 3_600_000

const bench = new CredentialBench()
beforeAll(() => bench.open([UPSTREAM_KEY, HELPER_KEY, CLIENT_KEY], [OURS]))
afterEach(() => bench.reset())
afterAll(() => bench.close())

/** A key helper that prints the keys of a file in turn, and the last one from then on. */
function helperScript(keys: readonly string[]): string {
  const path = join(bench.home.path, 'helper.sh')
  const count = join(bench.home.path, 'calls')
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
    const login = bench.oauth.login(Date.now() + 3 * HOUR + 60_000)
    bench.home.write(login)
    const helper = helperScript([HELPER_KEY])
    const toml = `[providers.anthropic]\nkind = "anthropic"\napi_key_helper = ["${helper}"]\n`
    const keyed = await bench.start({ toml, key: true })
    expect(
      credentialOf(
        (await bench.ask(keyed, '/v1/messages', { 'x-api-key': CLIENT_KEY })).upstream[0],
      ),
    ).toBe(CLIENT_KEY)
    expect(credentialOf((await bench.ask(keyed)).upstream[0])).toBe(UPSTREAM_KEY)
    expect(await statusOf(keyed)).toBe('API key')
    const helped = await bench.start({ toml })
    expect(credentialOf((await bench.ask(helped)).upstream[0])).toBe(HELPER_KEY)
    expect(await statusOf(helped)).toBe('key helper')
    const planned = await bench.start()
    expect(credentialOf((await bench.ask(planned)).upstream[0])).toBe(
      `Bearer ${login.accessToken.reveal()}`,
    )
    expect(await statusOf(planned)).toBe('plan login (max), expires in 3 h')
  }, 20_000)

  test('uses no login without its acceptance, ours or that of Claude Code', async () => {
    bench.home.write(bench.oauth.login(Date.now() + HOUR), false)
    const env = { CLAUDE_CONFIG_DIR: bench.home.path, AUTH__OAUTH__USE_CLAUDE_CODE_LOGIN: 'true' }
    const proxy = await bench.start({ env })
    const ours = await bench.ask(proxy)
    expect(ours.status).toBe(401)
    expect(errorOf(ours)).toContain('its terms were not accepted: run "ccproxy auth accept-terms"')
    expect(ours.upstream).toEqual([])
    const own = bench.oauth.login(Date.now() + HOUR)
    const { accessToken, ...rest } = own
    const claudeAiOauth = { ...rest, accessToken: accessToken.reveal(), refreshToken: null }
    const text = JSON.stringify({ claudeAiOauth })
    writeFileSync(join(bench.home.path, '.credentials.json'), text, { mode: 0o600 })
    const bare = await bench.start({
      env: { ...env, XDG_CONFIG_HOME: join(bench.home.path, 'empty') },
    })
    expect(errorOf(await bench.ask(bare))).toContain('run "ccproxy auth accept-terms"')
    bench.home.write(bench.oauth.login(Date.now() + HOUR))
    writeFileSync(bench.home.file, '{"termsAcceptedAt":"2026-11-21T10:00:00.000Z"}')
    const allowed = await bench.start({ env })
    expect(credentialOf((await bench.ask(allowed)).upstream[0])).toBe(
      `Bearer ${accessToken.reveal()}`,
    )
    expect(await statusOf(allowed)).toStartWith("Claude Code's login (max), expires in")
    const without = await bench.start({ env: { CLAUDE_CONFIG_DIR: bench.home.path } })
    expect(errorOf(await bench.ask(without))).toContain('No Anthropic credential')
  }, 20_000)

  test('never sends a plan token to an address that is not Anthropic or this machine', async () => {
    bench.home.write(bench.oauth.login(Date.now() + HOUR))
    const proxy = await bench.start({ upstream: 'https://gateway.invalid' })
    const answer = await bench.ask(proxy)
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
    const login = bench.oauth.login(Date.now() + HOUR)
    bench.home.write(login)
    const helper = helperScript([HELPER_KEY])
    const toml = `[providers.anthropic]\nkind = "anthropic"\ncredential = "${credential}"\napi_key_helper = "${helper}"\n`
    const proxy = await bench.start({ toml, key: true })
    const answer = await bench.ask(proxy, '/v1/messages', { 'x-api-key': CLIENT_KEY })
    const used = credentialOf(answer.upstream[0])
    expect(used).toBe(expected === 'the login' ? `Bearer ${login.accessToken.reveal()}` : expected)
    if (credential === 'client') expect((await bench.ask(proxy)).status).toBe(401)
  })
})

describe('a key helper', () => {
  test('is asked again once when the upstream refuses its key, JSON and stream', async () => {
    const helper = helperScript(['sk-ant-api03-rotated-away', HELPER_KEY])
    const toml = `[providers.anthropic]\nkind = "anthropic"\napi_key_helper = ["${helper}"]\n`
    for (const stream of [false, true]) {
      writeFileSync(join(bench.home.path, 'calls'), '')
      const proxy = await bench.start({ toml })
      const before = bench.fake.requests.length
      const reply = await fetch(`${proxy.url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: messageBody(stream),
      })
      expect(reply.status).toBe(200)
      expect(await reply.text()).toContain(stream ? 'message_stop' : 'Hello from the fake.')
      const keys = bench.fake.requests.slice(before).map((one) => one.header('x-api-key'))
      expect(keys).toEqual(['sk-ant-api03-rotated-away', HELPER_KEY])
    }
  })

  test('that gives the same key again lets the 401 pass, and its failure never shows its output', async () => {
    const stubborn = helperScript(['sk-ant-api03-never-good'])
    const toml = (path: string) =>
      `[providers.anthropic]\nkind = "anthropic"\napi_key_helper = ["${path}"]\n`
    const proxy = await bench.start({ toml: toml(stubborn) })
    const answer = await bench.ask(proxy)
    expect(answer.status).toBe(401)
    expect(errorOf(answer)).toBe('invalid x-api-key')
    expect(answer.upstream).toHaveLength(1)
    const broken = join(bench.home.path, 'broken.sh')
    writeFileSync(
      broken,
      '#!/bin/sh\necho canary-of-the-helper; echo canary-of-the-helper >&2; exit 3\n',
      {
        mode: 0o755,
      },
    )
    const failing = await bench.start({ toml: toml(broken) })
    const failed = await bench.ask(failing)
    expect(failed.status).toBe(401)
    expect(errorOf(failed)).toBe(
      'Cannot get a key from api_key_helper: it ended with exit code 3; run the command by hand to see why',
    )
    expect(failing.stderr() + JSON.stringify(failed.body)).not.toContain('canary-of-the-helper')
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
    const proxy = await bench.start({ toml, key: true, env: { LOG_LEVEL: 'trace' } })
    for (const [name, token] of [
      ['ada', OURS],
      ['bob', 'token-of-bob'],
    ]) {
      const answer = await bench.ask(proxy, '/v1/messages', { authorization: `Bearer ${token}` })
      expect(answer.status).toBe(200)
      await proxy.log(`a request of ${name}`, (line) => line.client === name)
    }
    expect((await bench.ask(proxy, '/v1/messages', { 'x-api-key': 'token-of-eve' })).status).toBe(
      401,
    )
    for (const token of [OURS, 'token-of-bob', 'token-of-eve', sha256]) {
      expect(proxy.stderr()).not.toContain(token)
    }
  })
})
