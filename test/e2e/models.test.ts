import { afterAll, beforeAll, expect, test } from 'bun:test'
import { runCcproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'

let upstream: FakeAnthropic

beforeAll(async () => {
  upstream = await startFakeAnthropic()
})
afterAll(() => upstream.close())

const TOML = `[providers.local]
kind = "openai"
base_url = "http://127.0.0.1:1/v1"
api_key = "sk-x"
[providers.demo]
kind = "demo"
`

test('ccproxy models asks the providers itself where no ccproxy runs', async () => {
  const options = { upstream: upstream.url, toml: TOML }
  const { code, stdout, stderr } = await runCcproxy(['models', '--port', '0'], options)
  expect(code).toBe(0)
  const [title, ...lines] = stdout.trimEnd().split('\n')
  expect(title).toMatch(/^MODEL +PROVIDER +CREATED$/)
  expect(lines.some((line) => /^claude-\S+ +anthropic +\d{4}-\d\d-\d\d$/.test(line))).toBe(true)
  expect(lines.some((line) => /^anthropic\/demo\/claude-\S+ +demo/.test(line))).toBe(true)
  expect(stderr).toContain(
    'Warning: Provider "local" lists no models: Cannot reach upstream "local"',
  )
})

test('ccproxy models asks the ccproxy that runs, with the client key', async () => {
  const env = { AUTH_TOKEN: 'the-client-key' }
  const ccproxy = await startCcproxy({ upstream: upstream.url, toml: TOML, env })
  const port = String(ccproxy.port)
  // It knows no upstream of its own: what it lists came from there.
  const options = { env, toml: TOML, key: false }
  const args = ['models', '--json', '--provider', 'demo', '--port', port]
  const { code, stdout } = await runCcproxy(args, options)
  expect(code).toBe(0)
  const models = JSON.parse(stdout)
  expect(models.length).toBeGreaterThan(0)
  expect(models[0]).toMatchObject({ provider: 'demo', name: `anthropic/demo/${models[0].id}` })
  const wrong = await runCcproxy(args, { ...options, env: { AUTH_TOKEN: 'another' } })
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toContain('Provider "demo" lists no models: ')
  await ccproxy.stop()
})

test('ccproxy models names the providers where one is unknown', async () => {
  const { code, stderr } = await runCcproxy(['models', '--provider', 'nope'], { toml: TOML })
  expect(code).toBe(2)
  expect(stderr).toContain('There is no provider "nope": there are ')
})

test('ccproxy models prints no name that steers a terminal', async () => {
  const nasty = 'a\u001b]0;title\u0007\u009b2J\nb'
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => Response.json({ object: 'list', data: [{ id: nasty, object: 'model' }] }),
  })
  const toml = `[providers.local]
kind = "openai"
base_url = "http://127.0.0.1:${server.port}/v1"
api_key = "sk-x"
`
  const args = ['models', '--provider', 'local', '--port', '0']
  const { code, stdout } = await runCcproxy(args, { upstream: upstream.url, toml })
  expect(code).toBe(0)
  expect(stdout).toContain('a\\u{1b}]0;title\\u{7}\\u{9b}2J b')
  expect(stdout).not.toMatch(/[^\P{Cc}\n]/u)
  await server.stop(true)
})
