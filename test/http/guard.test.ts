import { describe, expect, test } from 'bun:test'
import { clientKeys } from '../../src/auth/client-key.ts'
import { type Admission, admit, type GuardOptions } from '../../src/http/guard.ts'
import { RateLimit } from '../../src/http/rate-limit.ts'
import { ProxyError } from '../../src/kit/error.ts'
import { Secret } from '../../src/kit/secret.ts'

const KEY = 'a-client-key'
const OPEN: GuardOptions = {
  keys: [],
  allowedHosts: new Set(),
  corsOrigins: new Set(['https://app.example']),
  rateLimit: undefined,
  limitsLoopback: false,
  publicHealth: true,
}
const LOCKED: GuardOptions = {
  ...OPEN,
  keys: clientKeys(
    [new Secret(KEY)],
    [{ name: 'old', token: new Secret('an-old-key'), expires: '2020-01-01' }],
  ),
}

interface Caller {
  readonly method?: string
  readonly address?: string
  readonly headers?: Readonly<Record<string, string>>
}

function ask(options: GuardOptions, path: string, caller: Caller = {}): Admission {
  const { method = 'GET', address = '127.0.0.1', headers } = caller
  const request = new Request(`http://localhost${path}`, {
    method,
    headers: { host: 'localhost', ...headers },
  })
  return admit(request, path, address, options)
}

function refusal(options: GuardOptions, path: string, caller: Caller = {}): ProxyError {
  try {
    ask(options, path, caller)
  } catch (error) {
    if (error instanceof ProxyError) return error
    throw error
  }
  throw new Error(`${path} was let in`)
}

const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' }

describe('Without a key', () => {
  const closed: readonly [string, string][] = [
    ['GET', '/'],
    ['POST', '/'],
    ['GET', '/api/hello'],
    ['HEAD', '/v1/models'],
    ['OPTIONS', '/v1/messages'],
    ['GET', '/metrics'],
    ['GET', '/status'],
    ['GET', '/logs/stream'],
  ]
  for (const [method, path] of closed) {
    test(`${method} ${path} is refused`, () => {
      expect(refusal(LOCKED, path, { method }).kind).toBe('authentication')
    })
  }

  const free: readonly [string, string, Caller['headers']?][] = [
    ['HEAD', '/'],
    ['HEAD', '/api/hello'],
    ['GET', '/health/live'],
    ['GET', '/health'],
    ['GET', '/health/ready'],
    ['GET', '/oauth/callback'],
    ['POST', '/dashboard/login'],
    ['POST', '/dashboard/logout'],
    ['GET', '/dashboard'],
    ['GET', '/swagger'],
    ['OPTIONS', '/v1/messages', preflight],
  ]
  for (const [method, path, headers = {}] of free) {
    test(`${method} ${path} is let in, and trusted with nothing`, () => {
      expect(ask(LOCKED, path, { method, headers }).trusted).toBe(false)
    })
  }

  test('Health and metrics are as public as the settings say', () => {
    const other: GuardOptions = { ...LOCKED, publicHealth: false, publicMetrics: true }
    expect(refusal(other, '/health').kind).toBe('authentication')
    expect(refusal(other, '/health/ready').kind).toBe('authentication')
    expect(ask(other, '/health/live').trusted).toBe(false)
    expect(ask(other, '/metrics').trusted).toBe(false)
  })

  test('Everybody is trusted where none is asked for', () => {
    expect(ask(OPEN, '/status').trusted).toBe(true)
  })
})

test('A refusal says what is wrong with the key, and how one is sent', () => {
  const told = (headers: Record<string, string>) => refusal(LOCKED, '/status', { headers })
  expect(told({}).message).toStartWith('Client key is missing')
  expect(told({ 'x-api-key': 'no' }).message).toStartWith('Client key is wrong')
  expect(told({ 'x-api-key': 'an-old-key' }).message).toStartWith('Client key has expired')
  expect(told({}).headers).toEqual({ 'www-authenticate': 'Bearer' })
})

describe("The caller's own key, for an upstream without one", () => {
  const keyOf = (headers: Record<string, string>, options = OPEN) =>
    ask(options, '/v1/messages', { headers }).callerKey?.reveal()

  test('Is its x-api-key, or its bearer', () => {
    expect(keyOf({ 'x-api-key': 'sk-one' })).toBe('sk-one')
    expect(keyOf({ authorization: 'bearer  sk-two' })).toBe('sk-two')
    expect(keyOf({ 'x-api-key': 'sk-one', authorization: 'Bearer sk-two' })).toBe('sk-one')
    expect(keyOf({ 'x-api-key': '', authorization: 'Bearer sk-two' })).toBe('sk-two')
  })

  test('Is nothing else that it sends', () => {
    expect(keyOf({})).toBeUndefined()
    expect(keyOf({ 'x-api-key': ' ' })).toBeUndefined()
    expect(keyOf({ authorization: 'Basic c2stdHdv' })).toBeUndefined()
  })

  test('Is none where the proxy asks for a key of its own', () => {
    expect(keyOf({ 'x-api-key': KEY }, LOCKED)).toBeUndefined()
    expect(keyOf({ 'x-api-key': KEY, authorization: 'Bearer sk-two' }, LOCKED)).toBeUndefined()
  })
})

describe('The rate limit', () => {
  const limited = (extra: Partial<GuardOptions> = {}): GuardOptions => ({
    ...OPEN,
    rateLimit: new RateLimit(1, 0),
    ...extra,
  })

  test('Refuses with the wait in words and in the headers', () => {
    const options = limited()
    const other = { address: '10.0.0.2' }
    expect(ask(options, '/status', other).headers['x-ratelimit-limit']).toBe('1')
    const refused = refusal(options, '/status', other)
    expect(refused.kind).toBe('rate_limit')
    expect(refused.headers?.['retry-after']).toMatch(/^(59|60)$/)
    expect(refused.message).toContain(`try again in ${refused.headers?.['retry-after']} seconds`)
  })

  test('Counts each address by itself', () => {
    const options = limited()
    ask(options, '/status', { address: '10.0.0.2' })
    expect(ask(options, '/status', { address: '10.0.0.3' }).trusted).toBe(true)
  })

  test('Leaves this machine out, unless the settings count it', () => {
    const options = limited()
    for (let count = 0; count < 5; count++) expect(ask(options, '/status').headers).toEqual({})
    const strict = limited({ limitsLoopback: true })
    ask(strict, '/status')
    expect(refusal(strict, '/status').kind).toBe('rate_limit')
  })

  test('Counts those too who guess keys', () => {
    const options = limited({ keys: LOCKED.keys })
    const guess = { address: '10.0.0.2', headers: { 'x-api-key': 'no' } }
    expect(refusal(options, '/status', guess).kind).toBe('authentication')
    expect(refusal(options, '/status', guess).kind).toBe('rate_limit')
  })
})

test('An allowed page may read what the proxy says of a reply, and caches keep origins apart', () => {
  const { headers } = ask(OPEN, '/status', { headers: { origin: 'https://app.example' } })
  expect(headers.vary).toBe('Origin')
  const exposed = headers['access-control-expose-headers']?.split(', ') ?? []
  for (const name of ['request-id', 'x-request-id', 'retry-after', 'x-should-retry']) {
    expect(exposed).toContain(name)
  }
  for (const name of ['upstream', 'notes', 'attempts']) {
    expect(exposed).toContain(`x-ccproxy-${name}`)
  }
  expect(headers['access-control-allow-methods']).toBeUndefined()
})
