import { describe, expect, test } from 'bun:test'
import { copyRequestHeaders, copyResponseHeaders } from '../../src/kit/headers.ts'

/** RFC 9110 7.6.1, and what older hops say. */
const HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
const every = (names: readonly string[]) => new Headers(names.map((name) => [name, 'x']))
const names = (headers: Headers) => [...headers.keys()].sort()

describe('A request that goes on', () => {
  test('Loses what belongs to the hop, and what fetch sets by itself', () => {
    const own = ['host', 'content-length', 'accept-encoding', 'expect']
    const from = every([...HOP, ...own, 'accept', 'x-app'])
    expect(names(copyRequestHeaders(from, () => true))).toEqual(['accept', 'x-app'])
  })

  test('Keeps only what is allowed', () => {
    const from = every(['accept', 'x-app', 'x-odd'])
    expect(names(copyRequestHeaders(from, (name) => name === 'x-app'))).toEqual(['x-app'])
  })

  test('Loses what its Connection header names, in any case', () => {
    const from = new Headers({ connection: 'Keep-Alive,X-Scoped , x-other', 'x-scoped': '1' })
    from.set('x-other', '2')
    from.set('x-kept', '3')
    expect(names(copyRequestHeaders(from, () => true))).toEqual(['x-kept'])
  })
})

describe('An answer that comes back', () => {
  test('Loses the hop, its encoding, cookies, CORS and what only its server may say', () => {
    const foreign = [
      ...['content-encoding', 'content-length', 'set-cookie', 'set-cookie2', 'alt-svc', 'date'],
      ...['server', 'strict-transport-security', 'access-control-allow-origin'],
      ...['access-control-expose-headers', 'x-ccproxy-upstream', 'x-ccproxy-notes'],
    ]
    const kept = ['content-type', 'request-id', 'retry-after', 'x-should-retry']
    expect(names(copyResponseHeaders(every([...HOP, ...foreign, ...kept])))).toEqual(kept)
  })

  test('Loses what its Connection header names', () => {
    const from = new Headers({ connection: 'close, X-Scoped', 'x-scoped': '1', 'x-kept': '2' })
    expect(names(copyResponseHeaders(from))).toEqual(['x-kept'])
  })

  test('Is a copy: the original stays whole', () => {
    const from = every(['server', 'request-id'])
    copyResponseHeaders(from).set('x-more', '1')
    expect(names(from)).toEqual(['request-id', 'server'])
  })
})
