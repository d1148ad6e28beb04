import { describe, expect, test } from 'bun:test'
import { clientKeys } from '../../src/auth/client-key.ts'
import { Sessions } from '../../src/auth/sessions.ts'
import { readCookie, setCookie, signedIn } from '../../src/http/session-cookie.ts'
import { Secret } from '../../src/kit/secret.ts'

const NOW = 1_700_000_000_000
const sessions = new Sessions(clientKeys([new Secret('key')]))
const token = sessions.open('key', NOW) ?? ''
const HOST = 'localhost:8000'
const COOKIE = { host: HOST, cookie: `a=1; ccproxy_session_8000=${token}; b=2` }

function isIn(method: string, path: string, headers: Record<string, string> = {}): boolean {
  const request = new Request(`http://${HOST}${path}`, {
    method,
    headers: { ...COOKIE, ...headers },
  })
  return signedIn(request, path, sessions, NOW) !== undefined
}

describe('The cookie of a signed-in browser', () => {
  test('Opens what the dashboard reads', () => {
    for (const path of ['/logs/query', '/metrics', '/swagger/json', '/permissions/stream']) {
      expect([path, isIn('GET', path)]).toEqual([path, true])
    }
    for (const mode of ['', '/api', '/openai', '/sdk/a-session-id', '/to/other/openai']) {
      expect([mode, isIn('GET', `${mode}/status`)]).toEqual([mode, true])
    }
    expect(isIn('HEAD', '/metrics')).toBe(true)
  })

  test('Opens nothing that begins or ends like it', () => {
    const paths = [
      '/v1/models',
      '/logs/',
      '/metrics/x',
      '/x/metrics',
      '/swagger/json/x',
      '/statusx',
    ]
    const more = ['/x/status', '/sdk/short/status', '/permissionsx', '/x/permissions/stream']
    for (const path of [...paths, ...more]) {
      expect([path, isIn('GET', path)]).toEqual([path, false])
    }
  })

  test('Changes nothing but the answer to a tool request, from a page that says where it is from', () => {
    const origin = { origin: `http://${HOST}` }
    expect(isIn('POST', '/permissions/1/respond', origin)).toBe(true)
    expect(isIn('POST', '/permissions/1/respond')).toBe(false)
    expect(isIn('POST', '/logs/reset', origin)).toBe(false)
    expect(isIn('DELETE', '/permissions/1', origin)).toBe(false)
  })

  test('Counts from our own page and from the address bar only', () => {
    const from = (site: string) => isIn('GET', '/metrics', { 'sec-fetch-site': site })
    expect(['same-origin', 'none', 'same-site', 'cross-site'].map(from)).toEqual([
      ...[true, true, false, false],
    ])
    const by = (origin: string) => isIn('GET', '/metrics', { origin })
    expect([`https://${HOST}`, 'http://localhost:9000', 'null'].map(by)).toEqual([
      ...[true, false, false],
    ])
  })
})

test('Each port has a cookie of its own', () => {
  const token = (headers: Record<string, string>) => readCookie(new Headers(headers))
  const cookie = 'ccproxy_session=plain; ccproxy_session_8000=of-8000'
  expect(token({ host: HOST, cookie })).toBe('of-8000')
  expect(token({ host: 'nas', cookie })).toBe('plain')
  expect(token({ cookie })).toBe('plain')
  expect(token({ host: 'nas:80', cookie })).toBeUndefined()
  expect(token({ host: HOST })).toBeUndefined()
})

test('A cookie is kept from scripts and other sites, and from plain http where the page came by https', () => {
  const plain = new Headers({ host: HOST, origin: `http://${HOST}` })
  const safe = new Headers({ host: 'nas', origin: 'https://nas' })
  const rest = 'HttpOnly; SameSite=Strict; Path=/'
  expect(setCookie(plain, 't')).toBe(`ccproxy_session_8000=t; ${rest}`)
  expect(setCookie(safe, 't')).toBe(`ccproxy_session=t; ${rest}; Secure`)
  expect(setCookie(plain, undefined)).toBe(`ccproxy_session_8000=; ${rest}; Max-Age=0`)
})
