import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { expectErrorShape } from '../support/faults.ts'
import { exchange, messageBody, parseReply, post, rawClient } from '../support/raw-client.ts'
import { sleep, within } from '../support/wait.ts'

const LIMIT = 64 * 1024

let fake: FakeAnthropic
let proxy: Ccproxy

beforeAll(async () => {
  fake = await startFakeAnthropic()
  const env = {
    LIMITS__BODY_BYTES: String(LIMIT),
    LIMITS__UPLOAD_BYTES: String(8 * 1024 * 1024),
    SERVER__REQUEST_TIMEOUT_SECONDS: '1',
  }
  proxy = await startCcproxy({ upstream: fake.url, env })
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

function headOf(path: string, headers: Readonly<Record<string, string>>): string {
  const all = {
    host: 'localhost',
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** A valid body of exactly this many bytes. */
function bodyOf(size: number): string {
  const rest = size - messageBody(false, { metadata: { user_id: '' } }).length
  return messageBody(false, { metadata: { user_id: 'x'.repeat(rest) } })
}

describe('a body over the limit', () => {
  test('at the limit is taken', async () => {
    const body = bodyOf(LIMIT)
    expect(body.length).toBe(LIMIT)
    expect((await exchange(proxy.port, post('/v1/messages', body))).status).toBe(200)
  })

  for (const path of ['/v1/messages', '/pt/v1/messages', '/min/v1/messages/count_tokens']) {
    test(`is refused by its content-length before it is sent (${path})`, async () => {
      const client = await rawClient(proxy.port)
      client.send(headOf(path, { 'content-length': String(LIMIT + 1) }))
      await client.readUntil('the 413', (got) => got.includes('\r\n\r\n') && got.includes('}'), 800)
      const reply = parseReply(client.received())
      expect(reply.status).toBe(413)
      expect(expectErrorShape(reply).type).toBe('request_too_large')
      client.leave()
      expect(fake.requests.length).toBe(before)
    })

    test(`is refused in chunks as soon as it is over (${path})`, async () => {
      const client = await rawClient(proxy.port)
      client.send(headOf(path, { 'transfer-encoding': 'chunked' }))
      const piece = `2000\r\n${'x'.repeat(0x2000)}\r\n`
      for (let count = 0; count < 10; count++) client.send(piece)
      await client.readUntil('the 413', (got) => got.includes('\r\n\r\n') && got.includes('}'), 800)
      const reply = parseReply(client.received())
      expect(reply.status).toBe(413)
      expectErrorShape(reply)
      client.leave()
      expect(fake.requests.length).toBe(before)
    })
  }

  test('a chunked body within the limit is taken whole', async () => {
    const body = bodyOf(40000)
    const head = headOf('/v1/messages', { 'transfer-encoding': 'chunked', connection: 'close' })
    const pieces = [body.slice(0, 7), body.slice(7, 20000), body.slice(20000)]
    const framed = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')
    expect((await exchange(proxy.port, `${head}${framed}0\r\n\r\n`)).status).toBe(200)
    expect((await fake.waitFor(before)).text).toBe(body)
  })
})

describe('an upload', () => {
  for (const path of ['/v1/files', '/pt/v1/messages/batches']) {
    test(`streams through unbuffered (${path})`, async () => {
      const client = await rawClient(proxy.port)
      const half = 'a'.repeat(200_000)
      client.send(headOf(path, { 'content-length': '400000', connection: 'close' }))
      client.send(half)
      const request = await fake.waitFor(before)
      await within(
        2000,
        'the first half at the upstream',
        (async () => {
          while (request.body.length < 100_000) await sleep(5)
        })(),
      )
      client.send(half)
      await within(3000, 'the end', client.closed)
      expect(parseReply(client.received()).status).toBe(200)
      expect(request.text).toBe(half + half)
      expect(request.header('x-api-key')).toBe(UPSTREAM_KEY)
    })
  }

  test('over its own limit gives 413', async () => {
    const client = await rawClient(proxy.port)
    client.send(headOf('/v1/files', { 'content-length': String(8 * 1024 * 1024 + 1) }))
    await client.readUntil('the 413', (got) => got.includes('\r\n\r\n'), 800)
    expect(parseReply(client.received()).status).toBe(413)
    client.leave()
    expect(fake.requests.length).toBe(before)
  })
})

describe('a head over the limit', () => {
  test('gives 431 for a header of 128 KB', async () => {
    const reply = await exchange(
      proxy.port,
      post('/v1/messages', messageBody(false), [['x-big', 'x'.repeat(128 * 1024)]]),
    )
    expect(reply.status).toBe(431)
    expect(fake.requests.length).toBe(before)
  })

  test('gives 414 or 431 for a URL of 64 KB', async () => {
    const path = `/v1/messages?x=${'y'.repeat(64 * 1024)}`
    const reply = await exchange(proxy.port, post(path, messageBody(false)))
    expect([414, 431]).toContain(reply.status)
    expect(fake.requests.length).toBe(before)
  })

  test('leaves room for what clients send', async () => {
    const betas = Array.from({ length: 40 }, () => 'interleaved-thinking-2025-05-14').join(',')
    const headers = [['anthropic-beta', betas]] as const
    const reply = await exchange(proxy.port, post('/v1/messages', messageBody(false), headers))
    expect(reply.status).toBe(200)
  })
})

describe('a client that sends too slowly', () => {
  const json = 'content-length'
  const starts = {
    'inside its request line': 'POST /v1/mess',
    'inside its head': 'POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nx-slow: ',
    'inside its body': `${headOf('/v1/messages', { [json]: '500' })}{"model":`,
    'inside a chunk': `${headOf('/pt/v1/messages', { 'transfer-encoding': 'chunked' })}40\r\n{"m`,
    'inside an upload': `${headOf('/v1/files', { [json]: '90000' })}${'a'.repeat(9000)}`,
  }
  for (const [where, start] of Object.entries(starts)) {
    for (const dribbles of [false, true]) {
      const title = `${where}, ${dribbles ? 'a byte at a time' : 'then stops'}`

      // Bun closes a half head by itself, 10 to 12 s late; bodies are on our own clock.
      test.concurrent(`${title}: is told 408 or nothing, and is disconnected`, async () => {
        const client = await rawClient(proxy.port)
        client.send(start)
        const drip = dribbles ? setInterval(() => client.send('a'), 400) : undefined
        await within(14000, 'the close', client.closed).finally(() => clearInterval(drip))
        const got = client.received()
        if (got.length > 0) expect(parseReply(got).status).toBe(408)
      }, 16000)
    }
  }

  for (const where of ['inside its body', 'inside a chunk', 'inside an upload'] as const) {
    test.concurrent(`${where} is told 408 in time`, async () => {
      const client = await rawClient(proxy.port)
      client.send(starts[where])
      await client.readUntil('the 408', (got) => got.startsWith('HTTP/1.1 408'), 12000)
      client.leave()
    }, 14000)
  }

  test('stays served while others are slow', async () => {
    const slow = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const client = await rawClient(proxy.port)
        client.send('POST /v1/messages HTTP/1.1\r\nhost: loc')
        return client
      }),
    )
    expect((await exchange(proxy.port, post('/v1/messages', messageBody(false)))).status).toBe(200)
    for (const client of slow) client.leave()
  })
})

describe('the rate limit', () => {
  const send = (to: Ccproxy) => exchange(to.port, post('/v1/messages', messageBody(false)))

  test('is off for loopback by default', async () => {
    for (let count = 0; count < 80; count++) expect((await send(proxy)).status).toBe(200)
  })

  test('lets the burst pass, then answers 429 in the shape of the caller', async () => {
    const env = {
      SECURITY__RATE_LIMIT: 'on',
      SECURITY__RATE_LIMIT_PER_MINUTE: '6',
      SECURITY__RATE_LIMIT_BURST: '3',
    }
    const limited = await startCcproxy({ upstream: fake.url, env })
    const replies = []
    for (let count = 0; count < 12; count++) replies.push(await send(limited))
    await limited.stop()
    const passed = replies.filter((reply) => reply.status === 200)
    expect(passed.length).toBeGreaterThanOrEqual(3)
    expect(passed.length).toBeLessThanOrEqual(10)
    expect(fake.requests.length - before).toBe(passed.length)
    expect(passed[0]?.headers.get('x-ratelimit-limit')).toBe('6')
    const remaining = passed.map((reply) => Number(reply.headers.get('x-ratelimit-remaining')))
    expect(remaining).toEqual([...remaining].sort((a, b) => b - a))
    expect(Number(passed[0]?.headers.get('x-ratelimit-reset'))).toBeGreaterThan(0)
    const refused = replies.at(-1)
    if (refused === undefined) throw new Error('No reply')
    expect(refused.status).toBe(429)
    expect(expectErrorShape(refused).type).toBe('rate_limit_error')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
  })
})

test('the rate limit leaves out a dashboard that is signed in, and only that', async () => {
  const key = 'canary-of-the-limited-key-0001'
  const env = {
    ...{ AUTH_TOKEN: key, SECURITY__RATE_LIMIT: 'on' },
    ...{ SECURITY__RATE_LIMIT_PER_MINUTE: '2', SECURITY__RATE_LIMIT_BURST: '2' },
  }
  const limited = await startCcproxy({ upstream: fake.url, env })
  try {
    const login = await fetch(`${limited.url}/dashboard/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key }),
    })
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
    const read = async (more: string) => {
      const reply = await fetch(`${limited.url}/logs/status`, { headers: { cookie: more } })
      await reply.body?.cancel()
      return reply.status
    }
    for (let count = 0; count < 20; count++) expect(await read(cookie)).toBe(200)
    const asked = post('/v1/messages', messageBody(false), [['x-api-key', key]])
    expect((await exchange(limited.port, asked)).status).toBe(200)
    const forged = cookie.replace(/=.*/, `=${'x'.repeat(43)}`)
    const refused = []
    for (let count = 0; count < 6; count++) refused.push(await read(forged))
    expect(new Set(refused)).toEqual(new Set([401, 429]))
    expect(refused.at(-1)).toBe(429)
  } finally {
    await limited.stop()
  }
})

describe('a client that leaves in the middle of its body', () => {
  const starts = {
    'of a known length': `${headOf('/v1/messages', { 'content-length': '500' })}{"model":`,
    'in chunks': `${headOf('/v1/messages', { 'transfer-encoding': 'chunked' })}5\r\n{"mod`,
    'that is no model request': `${headOf('/dashboard/login', { 'content-length': '500' })}{"key":`,
  }
  for (const [name, start] of Object.entries(starts)) {
    test(`(${name}) is no internal error of ours`, async () => {
      const logged = proxy.stderr().length
      const client = await rawClient(proxy.port)
      client.send(start)
      await sleep(100)
      client.leave()
      await sleep(200)
      const said = proxy.stderr().slice(logged)
      expect(said).not.toContain('Internal error')
      expect(said).not.toContain('"level":"error"')
      expect(fake.requests.length).toBe(before)
    })
  }
})
