import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'

let fake: FakeAnthropic
let proxy: Ccproxy

beforeAll(async () => {
  fake = await startFakeAnthropic()
  proxy = await startCcproxy({ upstream: fake.url })
})
afterAll(async () => {
  await proxy.stop()
  await fake.close()
})

const ANTHROPIC = { 'anthropic-version': '2023-06-01' }
const PREFIXES = [
  ...['', '/full', '/api', '/min', '/pt', '/to/anthropic'],
  ...[
    '/openai',
    '/full/openai',
    '/api/openai',
    '/min/openai',
    '/pt/openai',
    '/to/anthropic/openai',
  ],
]

test.each(PREFIXES)(
  'one model, and one of what lies below a resource, under "%s"',
  async (prefix) => {
    const model = await fetch(`${proxy.url}${prefix}/v1/models/claude-sonnet-4-6`)
    expect(model.status).toBe(200)
    expect(await model.json()).toMatchObject({ id: 'claude-sonnet-4-6', object: 'model' })
    const typed = await fetch(`${proxy.url}${prefix}/models/claude-sonnet-4-6`, {
      headers: ANTHROPIC,
    })
    const shape = prefix.endsWith('/openai') ? { object: 'model' } : { type: 'model' }
    expect(await typed.json()).toMatchObject({ id: 'claude-sonnet-4-6', ...shape })
    const batch = await fetch(`${proxy.url}${prefix}/v1/messages/batches/msgbatch_1`, {
      headers: ANTHROPIC,
    })
    expect(batch.status).toBe(200)
    expect(await batch.json()).toMatchObject({ id: 'msgbatch_1' })
  },
)

test('a provider that is named as endpoints begin', async () => {
  const toml = `[providers.v1]\nkind = "anthropic"\nbase_url = "${fake.url}"\napi_key = "${UPSTREAM_KEY}"\n`
  const own = await startCcproxy({ upstream: fake.url, toml })
  const batch = await fetch(`${own.url}/to/v1/v1/messages/batches/msgbatch_1`, {
    headers: ANTHROPIC,
  })
  await own.stop()
  expect(await batch.json()).toMatchObject({ id: 'msgbatch_1' })
  expect(fake.requests.at(-1)?.path).toBe('/v1/messages/batches/msgbatch_1')
})

test.each(['/sdk', '/sdk/openai', '/sdk/a-session', '/sdk/a-session/openai'])(
  'one model under "%s"',
  async (prefix) => {
    const model = await fetch(`${proxy.url}${prefix}/v1/models/claude-sonnet-4-6`)
    expect(model.status).toBe(200)
    expect(await model.json()).toMatchObject({ id: 'claude-sonnet-4-6' })
  },
)

test('what a prefix itself names is still looked at', async () => {
  const short = await fetch(`${proxy.url}/sdk/short/v1/models/claude-sonnet-4-6`)
  expect(short.status).toBe(400)
  expect(await short.text()).toContain('a session id has 8 to 64 letters')
  const nobody = await fetch(`${proxy.url}/to/nobody/v1/models/claude-sonnet-4-6`)
  expect(nobody.status).toBe(404)
  expect(await nobody.text()).toContain('Provider \\"nobody\\" is not configured')
})

test.each([
  ...[
    '/',
    '/health',
    '/health/live',
    '/health/ready',
    '/swagger',
    '/swagger/json',
    '/oauth/callback',
  ],
  ...['/status', '/openai/status', '/sdk/status', '/sdk/a-session/status', '/to/anthropic/status'],
])('"%s" is there, and only to be read', async (path) => {
  const refused = await fetch(`${proxy.url}${path}`, { method: 'DELETE' })
  expect(refused.status).toBe(405)
  expect(refused.headers.get('allow')).toBe('GET')
  const { error } = Object(await refused.json())
  expect(error.message).toBe('Method DELETE is not allowed: use GET')
  expect((await fetch(`${proxy.url}${path}`, { method: 'HEAD' })).status).not.toBe(405)
})

test.each(['', '/to/anthropic'])('under "%s" a WebSocket is told to use HTTP', async (prefix) => {
  const socket = {
    ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  const refused = await fetch(`${proxy.url}${prefix}/v1/responses`, { headers: socket })
  expect(refused.status).toBe(426)
  const { error } = Object(await refused.json())
  expect(error.message).toBe('WebSockets are not served here: use POST over HTTP')
})

test('a login is begun by POST only', async () => {
  const refused = await fetch(`${proxy.url}/oauth/login`)
  expect(refused.status).toBe(405)
  expect(refused.headers.get('allow')).toBe('POST')
  expect((await fetch(`${proxy.url}/health/nothing`)).status).toBe(404)
})
