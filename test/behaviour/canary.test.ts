import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/kit/secret.ts'
import { type Ccproxy, ccproxyCommand, freePort, runCcproxy } from '../support/ccproxy.ts'
import { cleanEnv } from '../support/child.ts'
import { CredentialBench, credentialOf } from '../support/credential-bench.ts'
import { midStreamError } from '../support/fake-fault.ts'
import { apiError } from '../support/fake-reply.ts'
import { messageBody } from '../support/raw-client.ts'

/** Everything secret that is in play, each with a name of its own. */
const SECRETS = {
  'client key': 'canary-of-the-client-key-0005',
  'named token': 'canary-of-the-named-token-0005',
  'wrong client key': 'canary-of-a-wrong-key-0005',
  'API key': 'sk-ant-api03-canary-of-the-key-0005',
  'key helper': 'sk-ant-api03-canary-of-the-helper-0005',
  'provider header': 'canary-of-a-header-0005',
  'access token': 'sk-ant-oat01-canary-of-the-access-0005',
  'refresh token': 'sk-ant-ort01-canary-of-the-refresh-0005',
  'client plan token': 'sk-ant-oat01-canary-of-the-client-0005',
  'login code': 'canary-of-the-code-0005',
} as const

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
const bench = new CredentialBench()

beforeAll(() => bench.open(Object.values(SECRETS)))
afterEach(() => bench.reset())
afterAll(() => bench.close())

/** Names the secrets that a text holds; the code alone is enough of a leak. */
function leaks(text: string): string[] {
  return Object.entries(SECRETS).flatMap(([name, value]) => (text.includes(value) ? [name] : []))
}

/** Every way to a credential at once, and providers that fail. */
function settings(): string {
  const helper = join(bench.home.path, 'helper.sh')
  writeFileSync(helper, `#!/bin/sh\necho ${SECRETS['key helper']}\n`, { mode: 0o755 })
  const broken = join(bench.home.path, 'broken.sh')
  const script = `#!/bin/sh\necho ${SECRETS['key helper']}\necho ${SECRETS['key helper']} >&2\nexit 1\n`
  writeFileSync(broken, script, { mode: 0o755 })
  const provider = (name: string, more: string, url = bench.fake.url) =>
    `[providers.${name}]\nkind = "anthropic"\nbase_url = "${url}"\n${more}\n`
  const key = `api_key = "${SECRETS['API key']}"`
  return [
    '[record]\nbodies = "all"\n',
    `[[security.tokens]]\nname = "ada"\ntoken = "${SECRETS['named token']}"\n`,
    provider('anthropic', 'credential = "oauth"'),
    provider('keyed', `${key}\nheaders = { "x-team" = "${SECRETS['provider header']}" }`),
    provider('helped', `api_key_helper = ["${helper}"]`),
    provider('broken', `api_key_helper = "${broken}"`),
    provider('gone', key, 'http://127.0.0.1:1'),
    provider('client', 'credential = "client"'),
  ].join('\n')
}

function writeLogin(expiresAt: number): void {
  bench.home.write({
    accessToken: new Secret(SECRETS['access token']),
    refreshToken: new Secret(SECRETS['refresh token']),
    expiresAt,
    scopes: ['user:inference'],
    subscriptionType: 'max',
  })
}

type Sent = Readonly<Record<string, string>>
const KEY: Sent = { 'x-api-key': SECRETS['client key'] }
const JSON_TYPE: Sent = { 'content-type': 'application/json' }

type Call = (method: string, path: string, headers?: Sent, body?: string) => Promise<void>

/** Asks what is kept and told of all that; bodies too are kept, and hold what clients put there. */
async function observe(call: Call): Promise<void> {
  const secrets = [SECRETS['API key'], SECRETS['client plan token']].join(' ')
  const body = messageBody(false, { messages: [{ role: 'user', content: secrets }] })
  const named = { ...KEY, 'x-request-id': 'kept-with-its-bodies' }
  await call('POST', '/to/gone/v1/messages', named, body)
  await Bun.sleep(1200) // How long a row may wait to be written.
  for (const path of ['status', 'query?limit=1000', 'entries?limit=1000', 'analytics']) {
    await call('GET', `/logs/${path}`)
  }
  await call('GET', '/logs/entries/kept-with-its-bodies')
  await call('GET', '/metrics')
  await call('POST', '/dashboard/login', {}, JSON.stringify({ key: SECRETS['client key'] }))
  await call('POST', '/dashboard/login', {}, JSON.stringify({ key: SECRETS['wrong client key'] }))
}

/** Uses everything, rightly and wrongly, and gives all that came back. */
async function useAll(proxy: Ccproxy): Promise<string> {
  const said: string[] = []
  const call = async (method: string, path: string, headers: Sent = KEY, body?: string) => {
    const init = { method, headers: { ...JSON_TYPE, ...headers }, ...(body && { body }) }
    const reply = await fetch(proxy.url + path, { ...init, redirect: 'manual' })
    said.push(
      `${method} ${path.split('?')[0]}: ${reply.status}`,
      await reply.text(),
      [...reply.headers].join(),
    )
  }
  const body = messageBody(false)
  for (const name of ['anthropic', 'keyed', 'helped', 'broken', 'gone', 'client']) {
    await call('GET', `/to/${name}/status`)
    await call('POST', `/to/${name}/v1/messages`, KEY, body)
    await call('POST', `/to/${name}/v1/messages`, KEY, messageBody(true))
  }
  const named = { authorization: `Bearer ${SECRETS['named token']}` }
  await call('POST', '/to/keyed/v1/messages', named, body)
  await call('POST', '/v1/messages', { 'x-api-key': SECRETS['wrong client key'] }, body)
  const own = { ...KEY, authorization: `Bearer ${SECRETS['client plan token']}` }
  await call('POST', '/to/client/v1/messages', own, body)
  await call('POST', '/to/client/v1/messages', own, '{"broken":')
  await call('POST', '/min/v1/messages', own, body)
  bench.fake.reply(apiError(500, 'api_error', 'Internal'), midStreamError('api_error', 'Later'))
  await call('POST', '/to/keyed/v1/messages', KEY, body)
  await call('POST', '/to/keyed/v1/messages', KEY, messageBody(true))
  for (const path of ['/', '/health', '/status', '/min/status', '/swagger/json', '/nowhere']) {
    await call('GET', path)
  }
  await observe(call)
  await call('POST', '/oauth/login', KEY, '{"accept_terms":true}')
  const state = /state=([\w-]+)/.exec(said.at(-2) ?? '')?.[1]
  await call('GET', `/oauth/callback?code=${SECRETS['login code']}&state=${state}`, {})
  expect(said.join('\n')).toContain('/oauth/callback')
  expect(said.join('\n')).toContain('"request_body":"{')
  expect(said.join('\n')).toContain('ccproxy_session_')
  return said.join('\n')
}

describe('a secret is printed nowhere', () => {
  test('by a server, whatever its log level', async () => {
    writeLogin(Date.now() + 3_600_000)
    const env = { AUTH_TOKEN: SECRETS['client key'] }
    const toml = settings()
    const servers = await Promise.all(
      LEVELS.map(async (level) => {
        const flags = ['--log-level', level]
        const proxy = await bench.start({ toml, env, flags, port: await freePort() })
        return { level, proxy, answers: await useAll(proxy) }
      }),
    )
    const used = new Set(bench.fake.requests.map(credentialOf))
    for (const name of ['API key', 'key helper'] as const) expect(used).toContain(SECRETS[name])
    for (const name of ['access token', 'client plan token'] as const) {
      expect(used).toContain(`Bearer ${SECRETS[name]}`)
    }
    // Then the same with a login that has ended and whose refresh is refused.
    writeLogin(Date.now() - 1000)
    await Bun.sleep(1100) // How long the proxies believe the file that they have read.
    for (const { level, proxy, answers } of servers) {
      const headers = { ...JSON_TYPE, ...KEY }
      const init = { method: 'POST', headers, body: messageBody(false) }
      const refused = await (await fetch(`${proxy.url}/v1/messages`, init)).text()
      expect(refused).toContain('run \\"ccproxy auth login\\"')
      proxy.signal('SIGTERM')
      expect(await proxy.exited).toBe(0)
      const found = leaks(answers + refused + proxy.stderr())
      expect({ level, found }).toEqual({ level, found: [] })
      // Above info only what went wrong is told, which is nothing on a machine that keeps up.
      if (/trace|debug|info/.test(level)) expect(proxy.stderr()).toContain('"client":"ada"')
      if (level === 'silent') expect(proxy.stderr()).not.toContain('"client":"ada"')
    }
  }, 20_000)

  test('by a command, whatever is wrong with the settings', async () => {
    writeLogin(Date.now() + 3_600_000)
    const toml = settings()
    const key = SECRETS['API key']
    const files = {
      good: toml,
      'torn in the key': `[providers.keyed]\napi_key = "${key}\n`,
      'wrong type': `[providers.keyed]\nkind = "anthropic"\napi_key = ["${key}"]\n`,
      'wrong key': `${toml}\n[providers.more]\nkind = "anthropic"\napi_kye = "${key}"\n`,
      'token of no kind': `[[security.tokens]]\nname = 1\ntoken = "${SECRETS['named token']}"\n`,
    }
    const commands = [
      ['config', 'show'],
      ['config', 'show', '--json'],
      ['config', 'validate'],
      ['auth', 'info', '--json'],
      ['auth', 'validate', '--json'],
      ['auth', 'refresh'],
      ['serve', '--prot', '1'],
      ['--help'],
    ]
    const env = { ...bench.env(), AUTH_TOKEN: SECRETS['client key'], LOG_LEVEL: 'trace' }
    const runs = Object.entries(files).flatMap(([file, text]) =>
      (file === 'good' ? commands : [['config', 'validate']]).map((args) => ({ file, text, args })),
    )
    for (const { file, text, args } of runs) {
      const { code, stdout, stderr } = await runCcproxy(args, { toml: text, env })
      const name = `${file}: ${args.join(' ')}`
      expect({ name, leaks: leaks(stdout + stderr) }).toEqual({ name, leaks: [] })
      if (file !== 'good') expect({ name, code }).toEqual({ name, code: 1 })
      if (args[1] === 'show') expect(stdout).toContain('***')
    }
  }, 20_000)

  // The crash comes from a module loaded before ours, which only Bun itself can do.
  const whereItApplies = process.env.CCPROXY_BINARY ? () => undefined : test
  whereItApplies('by a crash, not even with its stack', async () => {
    const crash = join(bench.home.path, 'crash.ts')
    const secret = join(import.meta.dir, '..', '..', 'src', 'kit', 'secret.ts')
    writeFileSync(
      crash,
      `import { Secret } from ${JSON.stringify(secret)}
const key = new Secret(process.env.ANTHROPIC_API_KEY ?? '')
setTimeout(() => Promise.reject(Object.assign(new Error('first ' + key), { key })), 1500)
setTimeout(() => { throw Object.assign(new Error('second ' + key, { cause: key }), { key }) }, 1600)
`,
    )
    const [program = '', ...args] = ccproxyCommand(['serve', '--port', '0', '--log-level', 'trace'])
    const child = Bun.spawn([program, '--preload', crash, ...args], {
      cwd: bench.home.path,
      env: cleanEnv(bench.home.path, {
        ANTHROPIC_API_KEY: SECRETS['API key'],
        AUTH_TOKEN: SECRETS['client key'],
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    expect(code).toBe(1)
    expect(stderr).toContain('Crashed: second ***')
    expect(leaks(stdout + stderr)).toEqual([])
  })
})
