import { describe, expect, test } from 'bun:test'
import { checkClientKey, clientKeys } from '../../src/auth/client-key.ts'
import { Secret } from '../../src/kit/secret.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const HASH = new Bun.CryptoHasher('sha256').update('hashed-token').digest('hex').toUpperCase()

const KEYS = clientKeys(
  [new Secret('proxy-one'), new Secret('sk-ant-proxy-two')],
  [
    { name: 'laptop', token: new Secret('laptop-token'), expires: '2026-11-22' },
    { name: 'hashed', sha256: HASH },
    { name: 'old', token: new Secret('old-token'), expires: '2026-11-21T11:59:59Z' },
    { name: 'typo', token: new Secret('typo-token'), expires: 'next week' },
  ],
)

function check(headers: Record<string, string>, keys = KEYS) {
  return checkClientKey(new Headers(headers), keys, NOW)
}

const letIn = (name?: string) => ({ ok: true, name, credential: undefined }) as const

describe('With keys configured', () => {
  test('Lets in every accepted value, in either header', () => {
    expect(check({ 'x-api-key': 'proxy-one' })).toEqual(letIn())
    expect(check({ authorization: 'Bearer proxy-one' })).toEqual(letIn())
    expect(check({ authorization: 'bearer   sk-ant-proxy-two' })).toEqual(letIn())
    expect(check({ 'x-api-key': 'laptop-token' })).toEqual(letIn('laptop'))
    expect(check({ authorization: 'Bearer hashed-token' })).toEqual(letIn('hashed'))
  })

  test('Says why it refuses', () => {
    expect(check({})).toEqual({ ok: false, reason: 'missing' })
    expect(check({ 'x-api-key': '' })).toEqual({ ok: false, reason: 'missing' })
    expect(check({ authorization: 'Basic cHJveHktb25l' })).toEqual({ ok: false, reason: 'missing' })
    expect(check({ 'x-api-key': 'proxy-onf' })).toEqual({ ok: false, reason: 'wrong' })
    expect(check({ 'x-api-key': HASH })).toEqual({ ok: false, reason: 'wrong' })
    expect(check({ 'x-api-key': 'old-token' })).toEqual({ ok: false, reason: 'expired' })
    expect(check({ 'x-api-key': 'typo-token' })).toEqual({ ok: false, reason: 'expired' })
  })

  test('Holds that x-api-key wins over the bearer', () => {
    const headers = { 'x-api-key': 'wrong', authorization: 'Bearer proxy-one' }
    expect(check(headers)).toEqual({ ok: false, reason: 'wrong' })
    const named = { 'x-api-key': 'laptop-token', authorization: 'Bearer hashed-token' }
    expect(check(named)).toEqual(letIn('laptop'))
  })

  test('Finds the own credential of a client in the other header, exactly as it came', () => {
    expect(check({ 'x-api-key': 'proxy-one', authorization: 'bearer sk-ant-oat01-mine' })).toEqual({
      ok: true,
      name: undefined,
      credential: { headers: { authorization: 'bearer sk-ant-oat01-mine' }, kind: 'oat' },
    })
    expect(
      check({ 'x-api-key': 'sk-ant-api03-mine', authorization: 'Bearer laptop-token' }),
    ).toEqual({
      ok: true,
      name: 'laptop',
      credential: { headers: { 'x-api-key': 'sk-ant-api03-mine' }, kind: 'key' },
    })
  })

  test('Never takes a key of its own for the credential of a client', () => {
    const headers = { 'x-api-key': 'proxy-one', authorization: 'Bearer sk-ant-proxy-two' }
    expect(check(headers)).toEqual(letIn())
  })

  test('Does not let in by an Anthropic key alone', () => {
    expect(check({ 'x-api-key': 'sk-ant-api03-mine' })).toEqual({ ok: false, reason: 'wrong' })
    const both = { 'x-api-key': 'sk-ant-api03-mine', authorization: 'Bearer sk-ant-api03-mine' }
    expect(check(both)).toEqual({ ok: false, reason: 'wrong' })
  })
})

describe('With no key configured', () => {
  const free = (headers: Record<string, string>) => check(headers, clientKeys([]))

  test('Lets everyone in and ignores values that are no Anthropic credential', () => {
    expect(free({})).toEqual(letIn())
    expect(free({ 'x-api-key': 'dummy', authorization: 'Bearer sk-openai' })).toEqual(letIn())
  })

  test('Takes an Anthropic credential from either header or from both', () => {
    expect(free({ authorization: 'Bearer sk-ant-oat01-a' })).toMatchObject({
      credential: { headers: { authorization: 'Bearer sk-ant-oat01-a' }, kind: 'oat' },
    })
    expect(
      free({ 'x-api-key': 'sk-ant-api03-a', authorization: 'Bearer sk-ant-api03-a' }),
    ).toMatchObject({
      credential: {
        headers: { 'x-api-key': 'sk-ant-api03-a', authorization: 'Bearer sk-ant-api03-a' },
        kind: 'key',
      },
    })
    expect(free({ 'x-api-key': 'dummy', authorization: 'Bearer sk-ant-api03-a' })).toMatchObject({
      credential: { headers: { authorization: 'Bearer sk-ant-api03-a' }, kind: 'key' },
    })
  })
})

test('A named token with neither token nor hash lets nobody in, and still locks the door', () => {
  const keys = clientKeys([new Secret('other')], [{ name: 'empty' }, { name: 'bad', sha256: 'ff' }])
  expect(check({ 'x-api-key': '' }, keys)).toEqual({ ok: false, reason: 'missing' })
  expect(check({ 'x-api-key': 'ff' }, keys)).toEqual({ ok: false, reason: 'wrong' })
})
