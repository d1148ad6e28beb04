import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { apiError, exactly, head, json, text } from '../support/fake-reply.ts'
import { expectErrorShape } from '../support/faults.ts'
import { exchange, messageBody, post, type RawReply } from '../support/raw-client.ts'

let fake: FakeAnthropic
let proxy: Ccproxy

beforeAll(async () => {
  fake = await startFakeAnthropic()
  proxy = await startCcproxy({ upstream: fake.url })
})

afterAll(async () => {
  await proxy.stop()
  await fake.close()
  expect(fake.violations).toEqual([])
})

let before = 0
beforeEach(() => {
  fake.forget()
  before = fake.requests.length
})

type Headers = readonly (readonly [string, string])[]

function send(path: string, headers: Headers = [], stream = false): Promise<RawReply> {
  return exchange(proxy.port, post(path, messageBody(stream), headers))
}

const HOP_BY_HOP: Headers = [
  ['connection', 'close, x-scoped'],
  ['x-scoped', 'only for this hop'],
  ['keep-alive', 'timeout=5'],
  ['te', 'trailers'],
  ['proxy-authorization', 'Basic eA=='],
  ['proxy-connection', 'keep-alive'],
  ['upgrade', 'h2c'],
  ['cookie', 'session=1'],
  ['x-forwarded-for', '10.0.0.1'],
  ['forwarded', 'for=10.0.0.1'],
]

const CLAUDE_CODE: Headers = [
  ['user-agent', 'claude-cli/2.1.329 (external, sdk-cli)'],
  ['x-app', 'cli'],
  ['x-stainless-lang', 'js'],
  ['x-stainless-retry-count', '0'],
  ['x-claude-code-session-id', '4f1d8d2e-53f2-4a1f-a9fd-8003ca3f872f'],
  ['anthropic-beta', 'claude-code-20250219,context-1m-2025-08-07, effort-2025-11-24'],
  ['anthropic-dangerous-direct-browser-access', 'true'],
]

describe('headers to the upstream', () => {
  for (const mode of ['', '/min', '/pt']) {
    test(`lose hop-by-hop, proxy and cookie headers through "${mode || '/'}"`, async () => {
      expect((await send(`${mode}/v1/messages`, HOP_BY_HOP)).status).toBe(200)
      const request = await fake.waitFor(before)
      for (const [name] of HOP_BY_HOP) {
        if (name !== 'connection') expect([name, request.header(name)]).toEqual([name, undefined])
      }
      expect(request.header('connection') ?? '').not.toContain('x-scoped')
    })
  }

  for (const mode of ['', '/api', '/pt']) {
    test(`keep what Claude Code says of itself through "${mode || '/'}"`, async () => {
      expect((await send(`${mode}/v1/messages`, CLAUDE_CODE)).status).toBe(200)
      const request = await fake.waitFor(before)
      for (const [name, value] of CLAUDE_CODE) expect(request.header(name)).toBe(value)
    })
  }

  test('keep a header that nobody knows through "/pt"', async () => {
    expect((await send('/pt/v1/messages', [['x-future', 'Välue']])).status).toBe(200)
    expect((await fake.waitFor(before)).header('x-future')).toBeDefined()
  })

  test('join several anthropic-beta lines in order', async () => {
    const lines: Headers = [
      ['anthropic-beta', 'effort-2025-11-24'],
      ['anthropic-beta', 'context-1m-2025-08-07'],
    ]
    await send('/v1/messages', lines)
    const betas = (await fake.waitFor(before)).header('anthropic-beta')?.split(/, ?/)
    expect(betas).toEqual(['effort-2025-11-24', 'context-1m-2025-08-07'])
  })

  test('have a version where the client sends none', async () => {
    const bytes = `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n`
    const body = messageBody(false)
    const reply = await exchange(
      proxy.port,
      `${bytes}content-length: ${body.length}\r\n\r\n${body}`,
    )
    expect(reply.status).toBe(200)
    expect((await fake.waitFor(before)).header('anthropic-version')).toBe('2023-06-01')
  })
})

describe('headers to the client', () => {
  const limits = {
    'anthropic-ratelimit-unified-status': 'rejected',
    'anthropic-ratelimit-unified-reset': '1763740800',
    'anthropic-ratelimit-unified-5h-utilization': '0.91',
    'anthropic-ratelimit-input-tokens-remaining': '1000',
    'anthropic-priority-input-tokens-limit': '10000',
    'retry-after': '287441',
    'x-should-retry': 'false',
  }
  for (const mode of ['', '/min', '/pt']) {
    for (const stream of [true, false]) {
      const title = `through "${mode || '/'}" (${stream ? 'stream' : 'JSON'})`

      test(`keep the limits of a 429 ${title}`, async () => {
        fake.reply(apiError(429, 'rate_limit_error', 'Limit reached', limits))
        const reply = await send(`${mode}/v1/messages`, [], stream)
        expect(reply.status).toBe(429)
        for (const [name, value] of Object.entries(limits)) {
          expect([name, reply.headers.get(name)]).toEqual([name, value])
        }
        expect(reply.headers.get('request-id')).toBe('req_fake0000000000000000001')
        expect(expectErrorShape(reply).message).toBe('Limit reached')
        expect(fake.requests.length - before).toBe(1)
      })

      test(`keep the limits of a 200 ${title}`, async () => {
        fake.reply(text('ok', { headers: limits }))
        const reply = await send(`${mode}/v1/messages`, [], stream)
        expect(reply.status).toBe(200)
        for (const [name, value] of Object.entries(limits)) {
          expect([name, reply.headers.get(name)]).toEqual([name, value])
        }
        expect(reply.headers.get('request-id')).toBe('req_fake0000000000000000001')
      })
    }

    test(`lose hop-by-hop, cookies and CORS of the upstream through "${mode || '/'}"`, async () => {
      const rude = {
        'set-cookie': '__cf_bm=1; path=/',
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'request-id',
        connection: 'keep-alive, x-scoped',
        'x-scoped': 'only for this hop',
        'keep-alive': 'timeout=5',
        'proxy-authenticate': 'Basic',
        trailer: 'x-t',
      }
      fake.reply(text('ok', { headers: rude }))
      const reply = await send(`${mode}/v1/messages`)
      expect(reply.status).toBe(200)
      for (const name of Object.keys(rude)) {
        if (name !== 'connection')
          expect([name, reply.headers.get(name)]).toEqual([name, undefined])
      }
    })
  }

  test('a bare 429 that asks for a retry passes with its status and header', async () => {
    const headers = { 'x-should-retry': 'true', 'content-length': '5' }
    fake.reply(exactly(`${head(429, headers)}Error`))
    const reply = await send('/v1/messages')
    expect(reply.status).toBe(429)
    expect(reply.headers.get('x-should-retry')).toBe('true')
  })

  test('name the upstream and carry a sane request id of the client', async () => {
    const reply = await send('/v1/messages', [['x-request-id', 'my-own-id-0001']])
    expect(reply.headers.get('x-request-id')).toBe('my-own-id-0001')
    expect(reply.headers.get('x-ccproxy-upstream')).toBe('anthropic/claude-sonnet-4-6')
    const odd = await send('/v1/messages', [['x-request-id', `x${'y'.repeat(500)}`]])
    expect(odd.headers.get('x-request-id')).not.toContain('yyy')
  })
})

describe('paths', () => {
  const same = [
    '/v1/messages?beta=true',
    '/v1/messages/',
    '/v1/v1/messages',
    '/messages',
    '//v1//messages',
    '/full/v1/messages',
    '/api/v1/messages?beta=true&x=1',
    '/min/messages',
    '/pt/v1/v1/messages',
    '/to/anthropic/v1/messages',
  ]
  for (const path of same) {
    test(`${path} is Messages`, async () => {
      expect((await send(path)).status).toBe(200)
      const request = await fake.waitFor(before)
      expect(request.path).toBe('/v1/messages')
      expect(request.target.split('?')[1]).toBe(path.split('?')[1])
    })
  }

  test("Claude Code's start-up traffic makes no request upstream", async () => {
    for (const path of ['/', '/api/hello']) {
      expect((await fetch(`${proxy.url}${path}`, { method: 'HEAD' })).status).toBe(200)
    }
    const logged = await fetch(`${proxy.url}/api/event_logging/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"events":[]}',
    })
    expect([200, 204]).toContain(logged.status)
    expect(fake.requests.length).toBe(before)
  })

  test('an unknown path gives 404 in the shape of the caller', async () => {
    const reply = await send('/v1/messages/nothing')
    expect(reply.status).toBe(404)
    expect(expectErrorShape(reply).type).toBe('not_found_error')
    const other = await send('/nothing')
    expect(other.status).toBe(404)
    expect(JSON.parse(other.body.toString())).toMatchObject({ error: { type: 'not_found_error' } })
    expect(fake.requests.length).toBe(before)
  })

  test('a wrong method gives 405', async () => {
    const reply = await exchange(
      proxy.port,
      'GET /v1/messages HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    )
    expect(reply.status).toBe(405)
  })

  test('count_tokens that the upstream does not have gives a clean 404', async () => {
    const lone = await startFakeAnthropic()
    lone.route('POST /v1/messages/count_tokens', json(404, { detail: 'Not Found' }))
    const other = await startCcproxy({ upstream: lone.url })
    const { max_tokens: _, stream: __, ...body } = JSON.parse(messageBody(false))
    const bytes = post('/v1/messages/count_tokens', JSON.stringify(body))
    const reply = await exchange(other.port, bytes)
    expect(reply.status).toBe(404)
    const after = await exchange(other.port, post('/v1/messages', messageBody(false)))
    expect(after.status).toBe(200)
    await other.stop()
    await lone.close()
  })
})

describe('requests that are refused here', () => {
  const cases: readonly [string, string, Headers, number, string][] = [
    ['JSON that is none', '{"model": ', [], 400, 'invalid_request_error'],
    ['a list', '[]', [], 400, 'invalid_request_error'],
    ['nothing', '', [], 400, 'invalid_request_error'],
    ['no model', '{"max_tokens":1,"messages":[]}', [], 400, 'invalid_request_error'],
    ['a model of another type', '{"model":7,"messages":[]}', [], 400, 'invalid_request_error'],
    ['a form', 'a=b', [['content-type', 'text/plain']], 415, 'invalid_request_error'],
    ['a gzip', '\x1f\x8b', [['content-encoding', 'gzip']], 415, 'invalid_request_error'],
  ]
  for (const mode of ['', '/min', '/pt']) {
    for (const [name, body, headers, status, type] of cases) {
      test(`${name} gives ${status} through "${mode || '/'}"`, async () => {
        const reply = await exchange(proxy.port, post(`${mode}/v1/messages`, body, headers))
        expect(reply.status).toBe(status)
        expect(expectErrorShape(reply).type).toBe(type)
        expect(fake.requests.length).toBe(before)
      })
    }
  }

  test('no credential at all gives 401 that says where one goes', async () => {
    const keyless = await startCcproxy({ upstream: fake.url, key: false })
    const reply = await exchange(keyless.port, post('/v1/messages', messageBody(false)))
    await keyless.stop()
    expect(reply.status).toBe(401)
    expect(String(expectErrorShape(reply).message)).toContain('ANTHROPIC_API_KEY')
    expect(fake.requests.length).toBe(before)
  })

  test('the log names each request once, with its figures and no body', async () => {
    const count = proxy.logs.length
    fake.reply(text('a reply that no log may hold'))
    await send('/v1/messages', [['x-request-id', 'logged-once-0001']])
    const line = await proxy.log('of the request', (entry) => entry.id === 'logged-once-0001')
    expect(line).toMatchObject({ status: 200, model: 'claude-sonnet-4-6' })
    const lines = proxy.logs.slice(count).filter((entry) => entry.id === 'logged-once-0001')
    expect(lines.length).toBe(1)
    expect(proxy.stderr()).not.toContain('no log may hold')
    expect(proxy.stderr()).not.toContain(UPSTREAM_KEY)
  })
})
