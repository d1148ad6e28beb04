import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { listenTo } from '../support/event-listener.ts'
import { apiError, text } from '../support/fake-reply.ts'
import { type Observed, objectsIn, startObserved } from '../support/observed.ts'

const KEY = 'a-client-key-that-is-long-enough-0001'
const NAMED = 'a-named-token-that-is-long-enough-0002'
const SECRET = 'sk-ant-api03-canary-in-a-body-0003'
const TOML = `
[[security.tokens]]
name = "ada"
token = "${NAMED}"
[record]
bodies = "all"
`

let observed: Observed
let rows: Record<string, unknown>[]

beforeAll(async () => {
  observed = await startObserved({ clientKey: KEY, forbidden: [NAMED], toml: TOML })
  observed.fake.reply(
    text('One', { usage: { input_tokens: 11, output_tokens: 22, cache_read_input_tokens: 33 } }),
    apiError(429, 'rate_limit_error', `Slow down, ${SECRET}`),
    text('Three', { headers: limits }),
  )
  await observed.send({
    metadata: { user_id: 'user_a_account__session_11111111-2222-4333-8444-555555555555' },
  })
  await observed.send({ model: 'claude-opus-4-6' }, { 'x-api-key': NAMED })
  await observed.send({ messages: [{ role: 'user', content: `My key is ${SECRET}` }] })
  rows = await observed.rows(3)
})

const limits = {
  'anthropic-ratelimit-unified-status': 'allowed',
  'anthropic-ratelimit-unified-5h-utilization': '0.42',
}

afterAll(() => observed.stop())

const idsOf = (list: unknown) => objectsIn(list).map(({ id }) => id)

describe('GET /logs/query', () => {
  test('gives whole rows, newest first', () => {
    const [third, second, first] = rows
    expect(first).toMatchObject({
      key: expect.any(Number),
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      id: expect.any(String),
      mode: 'full',
      method: 'POST',
      path: '/v1/messages',
      protocol: 'messages',
      wire: 'messages',
      provider: 'anthropic',
      kind: 'anthropic',
      model: 'claude-sonnet-4-6',
      upstream_model: 'claude-sonnet-4-6',
      stream: false,
      status: 200,
      ended: 'complete',
      stop_reason: 'end_turn',
      attempts: 1,
      tokens: { input: 11, output: 22, cache_read: 33 },
      cost_usd: expect.any(Number),
      list_price: false,
      duration_ms: expect.any(Number),
      notes: [],
    })
    expect(second).toMatchObject({ client: 'ada', status: 429, ended: 'upstream_error' })
    expect(third).toMatchObject({ status: 200 })
    expect(JSON.stringify(rows)).not.toContain('null')
  })

  test.each([
    ['model=claude-opus-4-6', 1],
    ['model=claude-opus-4-6,claude-sonnet-4-6', 3],
    ['model=claude-opus-4-6&model=claude-sonnet-4-6', 3],
    ['model=nobody', 0],
    ['provider=anthropic', 3],
    ['client=ada', 1],
    ['status=429', 1],
    ['status=4xx', 1],
    ['status=2XX', 2],
    ['ended=upstream_error,upstream_cut', 1],
    ['session=11111111-2222-4333-8444-555555555555', 1],
    ['text=OPUS', 1],
    ['text=slow', 1],
    ['since=1h', 3],
    ['until=1h', 0],
    ['since=2020-01-01&until=2100-01-01T00:00:00Z', 3],
    ['since=0', 3],
    ['since=999999w&until=9999-12-31', 3],
    ['cursor=9999999999999999', 3],
    ['cursor=9999999999999999&order=asc', 0],
    ['status=2xx&model=claude-sonnet-4-6&limit=1', 1],
  ])('%s finds %d', async (filter, count) => {
    const { status, body } = await observed.get(`/logs/query?${filter}`)
    expect({ status, count: objectsIn(body.rows).length }).toEqual({ status: 200, count })
  })

  test('goes on from page to page, both ways', async () => {
    for (const order of ['desc', 'asc']) {
      const seen: unknown[] = []
      let next: unknown
      do {
        const cursor = next === undefined ? '' : `&cursor=${next}`
        const { body } = await observed.get(`/logs/query?order=${order}&limit=1${cursor}`)
        seen.push(...idsOf(body.rows))
        next = body.next
      } while (next !== undefined)
      expect(seen).toEqual(order === 'desc' ? idsOf(rows) : idsOf(rows).reverse())
    }
  })

  test.each([
    ['query?since=yesterday', 'since'],
    ['query?since=1h&until=2h', 'since'],
    ['query?until=2026-13-01', 'until'],
    ['query?limit=0', 'limit'],
    ['query?limit=1001', 'limit'],
    ['query?limit=many', 'limit'],
    ['query?limit=1&limit=2', 'limit'],
    ['query?cursor=-1', 'cursor'],
    ['query?order=random', 'order'],
    ['query?status=42', 'status'],
    ['query?status=429,4yx', 'status'],
    ['query?ended=badly', 'ended'],
    ['query?model=', 'model'],
    ['query?text=', 'text'],
    ['query?text=%00', 'text'],
    ['query?model=a%00', 'model'],
    ['analytics?session=%00', 'session'],
    ['stream?client=%00', 'client'],
    ['query?modle=x', 'modle'],
    ['query?__proto__=x', '__proto__'],
    ['query?constructor=x', 'constructor'],
    ['entries?limit=-1', 'limit'],
    ['entries?model=x', 'model'],
    ['analytics?by=week', 'by'],
    ['analytics?offset=900', 'offset'],
    ['analytics?text=x', 'text'],
    ['stream?status=x', 'status'],
    ['stream?since=1h', 'since'],
  ])('%s is refused and names the field', async (path, field) => {
    const { status, body } = await observed.get(`/logs/${path}`)
    expect(status).toBe(400)
    const issue = expect.stringMatching(new RegExp(`^${field}: `))
    expect(body.error).toEqual({
      type: 'validation_error',
      message: issue,
      details: { field, issue },
    })
  })
})

describe('GET /logs/entries', () => {
  test('gives the newest', async () => {
    const { body } = await observed.get('/logs/entries?limit=2')
    expect(idsOf(body.entries)).toEqual(idsOf(rows).slice(0, 2))
  })

  test('gives one with its bodies, by key and by id, and no secret in them', async () => {
    const [third, second] = rows
    for (const name of [third?.key, third?.id]) {
      const { status, body } = await observed.get(`/logs/entries/${name}`)
      expect(status).toBe(200)
      expect(body).toMatchObject({ id: third?.id, key: third?.key })
      expect(body.request_body).toContain('My key is ***')
      expect(body.reply_body).toContain('Three')
    }
    const failed = await observed.get(`/logs/entries/${second?.key}`)
    expect(JSON.stringify(failed.body)).toContain('Slow down')
    expect(JSON.stringify(failed.body)).not.toContain(SECRET)
  })

  test.each(['12345', 'nobody', '%2e%2e%2fetc', `${'9'.repeat(16)}`])(
    '%s is not there',
    async (id) => {
      const { status, body } = await observed.get(`/logs/entries/${id}`)
      expect(status).toBe(404)
      expect(body.error).toMatchObject({ type: 'not_found_error' })
    },
  )
})

describe('GET /logs/analytics', () => {
  test('adds up in all and by group', async () => {
    const { body } = await observed.get('/logs/analytics?by=model&since=24h')
    expect(body).toMatchObject({
      by: 'model',
      since: expect.stringMatching(/Z$/),
      total: {
        requests: 3,
        errors: 1,
        client_left: 0,
        tokens: { cache_read: 36 },
        duration_ms: { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
      },
      groups: [
        { name: 'claude-sonnet-4-6', requests: 2 },
        { name: 'claude-opus-4-6', requests: 1, errors: 1 },
      ],
    })
  })

  test.each(['hour', 'day', 'client', 'provider', 'status', 'ended'])('by %s', async (by) => {
    const { status, body } = await observed.get(`/logs/analytics?by=${by}&offset=120`)
    expect(status).toBe(200)
    const counts = objectsIn(body.groups).map(({ requests }) => Number(requests))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3)
  })

  test('takes filters', async () => {
    const { body } = await observed.get('/logs/analytics?client=ada&status=4xx')
    expect(body).toMatchObject({ by: 'day', total: { requests: 1, errors: 1 } })
  })
})

test('GET /logs/status tells of ledger, feed, upstreams and names', async () => {
  const { body, headers } = await observed.get('/logs/status')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toMatchObject({
    ledger: { backend: 'sqlite', state: 'ok', written: 3, waiting: 0, lost: 0, rows: 3 },
    live: { running: 0, recent: 3, listeners: 0 },
    upstreams: [
      {
        provider: 'anthropic',
        last_success: expect.any(String),
        last_failure: expect.any(String),
        last_ended: 'upstream_error',
        last_status: 429,
        failures: 0,
        limits: {
          time: expect.any(String),
          values: { status: 'allowed', '5h-utilization': '0.42' },
        },
      },
    ],
    names: { models: ['claude-opus-4-6', 'claude-sonnet-4-6'], clients: ['ada'] },
  })
  expect(JSON.stringify(body)).not.toContain(SECRET)
})

describe('POST /logs/reset', () => {
  const reset = (headers: Record<string, string>) =>
    fetch(`${observed.proxy.url}/logs/reset`, { method: 'POST', headers })

  test('is refused without a key, with a wrong one, to browsers, and by another method', async () => {
    const own = observed.proxy.url
    const cases: [number, Record<string, string>][] = [
      [401, {}],
      [401, { 'x-api-key': 'wrong' }],
      [403, { 'x-api-key': KEY, origin: own }],
      [403, { 'x-api-key': KEY, origin: 'https://evil.example' }],
      [403, { 'x-api-key': KEY, 'sec-fetch-site': 'same-origin' }],
      [403, { 'x-api-key': KEY, 'sec-fetch-mode': 'navigate' }],
    ]
    for (const [status, headers] of cases) {
      expect({ headers, status: (await reset(headers)).status }).toEqual({ headers, status })
    }
    expect((await observed.get('/logs/reset')).status).toBe(405)
    expect((await observed.rows(3)).length).toBe(3)
  })

  test('forgets all and tells those who listen', async () => {
    const listener = await listenTo(`${observed.proxy.url}/logs/stream`, { 'x-api-key': KEY })
    await listener.event('hello')
    const reply = await reset({ 'x-api-key': NAMED })
    expect(reply.status).toBe(200)
    expect(await reply.json()).toEqual({ status: 'success', deleted: 3 })
    await listener.event('reset')
    expect((await observed.get('/logs/query')).body).toEqual({ rows: [] })
    expect((await observed.get('/logs/status')).body).toMatchObject({
      live: { recent: 0 },
      names: { models: [], providers: [], clients: [], ended: [] },
    })
    listener.leave()
  })

  test('asks for a client key to be set where none is', async () => {
    const open = await startObserved()
    const reply = await fetch(`${open.proxy.url}/logs/reset`, { method: 'POST' })
    expect(reply.status).toBe(403)
    expect(JSON.stringify(await reply.json())).toContain('ccproxy generate-token --save')
    await open.stop()
  })
})

describe('what is switched off', () => {
  test.each([
    ['record.logs', { RECORD__LOGS: 'false' }, '/logs/query'],
    ['record.logs', { RECORD__LOGS: 'false' }, '/logs/stream'],
    ['record.ledger', { RECORD__LEDGER: 'false' }, '/logs/status'],
    ['record.metrics', { RECORD__METRICS: 'false' }, '/metrics'],
  ])('%s: %p', async (setting, env, path) => {
    const off = await startObserved({ env })
    const { status, body } = await off.get(path)
    expect(status).toBe(404)
    const message = `Path "${path}" is switched off: set ${setting} to true`
    expect(body.error).toEqual({ type: 'not_found_error', message })
    expect(JSON.stringify((await off.get('/swagger/json')).body)).not.toContain(`"${path}"`)
    await off.stop()
  })
})

test('all is in /swagger, with parameters and answers', async () => {
  const { body } = await observed.get('/swagger/json')
  const { paths } = Object(body)
  const gets = ['status', 'query', 'entries', 'entries/{id}', 'analytics', 'stream']
  for (const path of [...gets.map((name) => `/logs/${name}`), '/metrics']) {
    expect(Object.keys(paths[path].get.responses)).toContain('200')
  }
  expect(paths['/logs/reset'].post.responses['403']).toBeDefined()
  expect(paths['/dashboard/login'].post.requestBody).toBeDefined()
  const names = paths['/logs/query'].get.parameters.map(({ name }: { name: string }) => name)
  expect(names).toEqual(
    'since until model provider client status ended session text order limit cursor'.split(' '),
  )
  const page = paths['/logs/query'].get.responses['200'].content['application/json'].schema
  expect(page.properties.rows.items.properties.tokens.properties.cache_read).toEqual({
    type: 'integer',
  })
})
