import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type Ccproxy, runCcproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { expectErrorShape } from '../support/faults.ts'
import { exchange, messageBody, post, type RawReply } from '../support/raw-client.ts'

const TOKEN = 'a-client-token-that-is-long-enough-0001'
const SECOND = 'another-client-token-that-also-counts-0002'
const OWN = 'sk-ant-api03-the-clients-own-key-0003'

let fake: FakeAnthropic
let open: Ccproxy
let locked: Ccproxy

beforeAll(async () => {
  fake = await startFakeAnthropic({
    credentials: [UPSTREAM_KEY, OWN],
    forbidden: [TOKEN, SECOND],
  })
  const env = { AUTH_TOKEN: TOKEN, GATEWAY_API_KEY: SECOND }
  const toml = `
[security]
allowed_hosts = ["proxy.example", "nas"]
cors_origins = ["https://app.example"]
`
  open = await startCcproxy({ upstream: fake.url })
  locked = await startCcproxy({ upstream: fake.url, env, toml })
})

afterAll(async () => {
  await open.stop()
  await locked.stop()
  await fake.close()
  expect(fake.violations).toEqual([])
})

let before = 0
beforeEach(() => {
  fake.forget()
  before = fake.requests.length
})

type Headers = readonly (readonly [string, string])[]

function send(proxy: Ccproxy, headers: Headers, path = '/v1/messages'): Promise<RawReply> {
  return exchange(proxy.port, post(path, messageBody(false), headers))
}

function raw(proxy: Ccproxy, method: string, path: string, headers: Headers): Promise<RawReply> {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return exchange(proxy.port, `${method} ${path} HTTP/1.1\r\n${lines}connection: close\r\n\r\n`)
}

function expectRefused(reply: RawReply, status: number, type: string): void {
  expect(reply.status).toBe(status)
  expect(expectErrorShape(reply).type).toBe(type)
  expect(fake.requests.length).toBe(before)
}

describe('a client key', () => {
  const refused: readonly [string, Headers][] = [
    ['no key', []],
    ['a wrong x-api-key', [['x-api-key', 'wrong']]],
    ['a wrong Bearer', [['authorization', 'Bearer wrong']]],
    ['a key with something after it', [['x-api-key', `${TOKEN}x`]]],
    ['the start of a key', [['x-api-key', TOKEN.slice(0, -1)]]],
    ['Basic credentials', [['authorization', `Basic ${btoa(`x:${TOKEN}`)}`]]],
    ["the client's own Anthropic key alone", [['x-api-key', OWN]]],
    [
      'a wrong x-api-key, which wins over a right Bearer',
      [
        ['x-api-key', 'wrong'],
        ['authorization', `Bearer ${TOKEN}`],
      ],
    ],
  ]
  for (const [name, headers] of refused) {
    test(`is asked for: ${name} gives 401`, async () => {
      expectRefused(await send(locked, headers), 401, 'authentication_error')
    })
  }

  const taken: readonly [string, Headers][] = [
    ['x-api-key', [['x-api-key', TOKEN]]],
    ['Bearer', [['authorization', `Bearer ${TOKEN}`]]],
    ['the second key', [['x-api-key', SECOND]]],
    [
      'x-api-key, which wins over a wrong Bearer',
      [
        ['x-api-key', TOKEN],
        ['authorization', 'Bearer wrong'],
      ],
    ],
  ]
  for (const [name, headers] of taken) {
    test(`lets in by ${name}, and the upstream never sees it`, async () => {
      expect((await send(locked, headers)).status).toBe(200)
      const request = await fake.waitFor(before)
      expect(request.header('x-api-key')).toBe(UPSTREAM_KEY)
      expect(request.header('authorization')).toBeUndefined()
    })
  }

  for (const mode of ['', '/min', '/pt']) {
    test(`beside the client's own Anthropic key sends that up through "${mode || '/'}"`, async () => {
      const path = `${mode}/v1/messages`
      const one: Headers = [
        ['x-api-key', TOKEN],
        ['authorization', `Bearer ${OWN}`],
      ]
      expect((await send(locked, one, path)).status).toBe(200)
      expect((await fake.waitFor(before)).header('authorization')).toBe(`Bearer ${OWN}`)
      const other: Headers = [
        ['x-api-key', OWN],
        ['authorization', `Bearer ${TOKEN}`],
      ]
      expect((await send(locked, other, path)).status).toBe(200)
      const request = await fake.waitFor(before + 1)
      expect(request.header('x-api-key')).toBe(OWN)
      expect(request.header('authorization')).toBeUndefined()
    })
  }

  test('unset, a client may send its own Anthropic key in either header', async () => {
    expect((await send(open, [['x-api-key', OWN]])).status).toBe(200)
    expect((await fake.waitFor(before)).header('x-api-key')).toBe(OWN)
    expect((await send(open, [['authorization', `Bearer ${OWN}`]])).status).toBe(200)
    expect((await fake.waitFor(before + 1)).header('authorization')).toBe(`Bearer ${OWN}`)
  })

  test('unset, anything else that a client sends is not forwarded', async () => {
    expect((await send(open, [['x-api-key', 'dummy']])).status).toBe(200)
    expect((await fake.waitFor(before)).header('x-api-key')).toBe(UPSTREAM_KEY)
  })

  test('is asked for on every endpoint but the public ones', async () => {
    const host: Headers = [['host', 'localhost']]
    for (const path of ['/v1/models', '/status', '/v1/files', '/swagger/json']) {
      expect([path, (await raw(locked, 'GET', path, host)).status]).toEqual([path, 401])
    }
    for (const path of ['/health', '/health/live']) {
      expect([path, (await raw(locked, 'GET', path, host)).status]).toEqual([path, 200])
    }
    expect((await raw(locked, 'HEAD', '/', host)).status).toBeLessThan(300)
    expect((await raw(locked, 'HEAD', '/api/hello', host)).status).toBeLessThan(300)
  })

  test('never shows in the log', () => {
    for (const secret of [TOKEN, SECOND, OWN, UPSTREAM_KEY]) {
      expect(locked.stderr()).not.toContain(secret)
      expect(open.stderr()).not.toContain(secret)
    }
  })
})

describe('a bind beyond loopback', () => {
  for (const host of ['0.0.0.0', '::']) {
    test(`to ${host} without a client key is refused and told how to make one`, async () => {
      const outcome = await runCcproxy(['serve', '--host', host, '--port', '0'])
      expect(outcome.code).not.toBe(0)
      expect(outcome.stderr).toContain(host)
      expect(outcome.stderr).toContain('generate-token')
    })
  }

  test('with a client key is allowed', async () => {
    const flags = ['--host', '0.0.0.0']
    const wide = await startCcproxy({ upstream: fake.url, flags, env: { AUTH_TOKEN: TOKEN } })
    expect((await send(wide, [['x-api-key', TOKEN]])).status).toBe(200)
    await wide.stop()
  })
})

describe('the Host header', () => {
  const good = ['localhost', 'localhost:8000', '127.0.0.1', '127.0.0.1:1', '[::1]:8000', '10.1.2.3']
  for (const host of good) {
    test(`"${host}" is let in`, async () => {
      expect((await send(open, [['host', host]])).status).toBe(200)
    })
  }

  const bad = ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', 'proxy.example']
  for (const host of bad) {
    test(`"${host}" gives 403`, async () => {
      expectRefused(await send(open, [['host', host]]), 403, 'permission_error')
    })
  }

  test('that is listed is let in', async () => {
    const headers: Headers = [
      ['host', 'proxy.example:8443'],
      ['x-api-key', TOKEN],
    ]
    expect((await send(locked, headers)).status).toBe(200)
  })

  test('of three letters and without a port leads to the same paths', async () => {
    const headers: Headers = [
      ['host', 'nas'],
      ['x-api-key', TOKEN],
    ]
    expect((await send(locked, headers)).status).toBe(200)
    expect((await raw(locked, 'GET', '/status', headers)).status).toBe(200)
  })

  for (const host of ['127.0.0.1:8/x', '127.0.0.1:8@evil.example', '127.0.0.1:8?']) {
    test(`"${host}", which makes no URL, gives 403 whatever path it hides`, async () => {
      const paths = ['/v1/models', '/aaaaaaa/health/live', '//aaaaaaa/health//live', '/metrics/']
      for (const path of paths) {
        for (const method of ['GET', 'HEAD']) {
          const reply = await raw(locked, method, path, [['host', host]])
          expect([method, path, reply.status]).toEqual([method, path, 403])
        }
      }
    })
  }

  test('that is no name and makes a short URL hides no path either', async () => {
    const reply = await raw(open, 'GET', '/aaaaaaa/health/live', [['host', '[:]']])
    expect(reply.status).toBe(404)
  })

  test('is checked on /health too', async () => {
    expect((await raw(open, 'GET', '/health', [['host', 'evil.example']])).status).toBe(403)
  })
})

describe('the Origin header', () => {
  for (const origin of ['https://evil.example', 'null', 'http://localhost:1', 'http://127.0.0.1']) {
    test(`"${origin}" gives 403 and no CORS header`, async () => {
      const reply = await send(open, [['origin', origin]])
      expectRefused(reply, 403, 'permission_error')
      expect([...reply.headers.keys()].filter((name) => /^access-control/.test(name))).toEqual([])
    })
  }

  test('of the server itself is let in', async () => {
    const self = `127.0.0.1:${open.port}`
    const headers: Headers = [
      ['host', self],
      ['origin', `http://${self}`],
    ]
    expect((await send(open, headers)).status).toBe(200)
  })

  test('in a preflight is refused, with no CORS header', async () => {
    const reply = await raw(open, 'OPTIONS', '/v1/messages', [
      ['host', 'localhost'],
      ['origin', 'https://evil.example'],
      ['access-control-request-method', 'POST'],
    ])
    expect(reply.status).toBe(403)
    expect(reply.headers.has('access-control-allow-origin')).toBe(false)
  })

  for (const asked of [[['access-control-request-headers', 'x-api-key']], []] as const) {
    test(`that is listed gets its preflight, asking for ${asked.length} headers`, async () => {
      const reply = await raw(locked, 'OPTIONS', '/v1/messages', [
        ['host', 'localhost'],
        ['origin', 'https://app.example'],
        ['access-control-request-method', 'POST'],
        ...asked,
      ])
      expect(reply.status).toBe(204)
      expect(reply.headers.get('access-control-allow-methods')).toContain('POST')
      expect(reply.headers.get('access-control-allow-headers')).toBe(asked[0]?.[1])
      expect(fake.requests.length).toBe(before)
    })
  }

  test('that is listed is let in and told so', async () => {
    const headers: Headers = [
      ['origin', 'https://app.example'],
      ['x-api-key', TOKEN],
    ]
    const reply = await send(locked, headers)
    expect(reply.status).toBe(200)
    expect(reply.headers.get('access-control-allow-origin')).toBe('https://app.example')
  })

  test('absent, a reply has no CORS header', async () => {
    const reply = await send(open, [])
    expect([...reply.headers.keys()].filter((name) => /^access-control/.test(name))).toEqual([])
  })
})

describe('a page of another site that sends no Origin, as images and links do', () => {
  const from = (site: string, mode: string): Headers => [
    ['host', 'localhost'],
    ['sec-fetch-site', site],
    ['sec-fetch-mode', mode],
  ]
  const closed = ['/v1/models', '/v1/files/file_1/content', '/logs/stream', '/permissions/stream']

  for (const site of ['cross-site', 'same-site']) {
    for (const mode of ['no-cors', 'navigate']) {
      test(`(${site}, ${mode}) reaches nothing but what is open to all`, async () => {
        for (const path of closed) {
          const reply = await raw(open, 'GET', path, from(site, mode))
          expect([path, reply.status]).toEqual([path, 403])
          expect(reply.body.toString()).toContain('security.cors_origins')
        }
        expect(fake.requests.length).toBe(before)
        for (const path of ['/dashboard', '/swagger', '/health/live']) {
          const reply = await raw(open, 'GET', path, from(site, mode))
          expect([path, reply.status]).toEqual([path, 200])
        }
        // Where Anthropic's sign-in page sends the browser back to.
        const reply = await raw(open, 'GET', '/oauth/callback?code=a&state=b', from(site, mode))
        expect(reply.body.toString()).toContain('Unknown login')
      })
    }
  }

  for (const site of ['same-origin', 'none']) {
    test(`is not meant: "${site}" is let in`, async () => {
      expect((await raw(open, 'GET', '/status', from(site, 'cors'))).status).toBe(200)
    })
  }
})

test.each(['a'.repeat(7), 'a'.repeat(65), 'a.b.c.d.e'])(
  'the session id "%s" is refused, and what one looks like is told',
  async (id) => {
    const reply = await send(open, [], `/sdk/${id}/v1/messages`)
    expectRefused(reply, 400, 'invalid_request_error')
    expect(expectErrorShape(reply).message).toContain('a session id has 8 to 64 letters, digits')
  },
)
