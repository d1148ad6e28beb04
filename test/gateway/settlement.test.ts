import { describe, expect, test } from 'bun:test'
import type { Exchange } from '../../src/gateway/exchange.ts'
import { endingOf, Settlement } from '../../src/gateway/settlement.ts'
import { ProxyError } from '../../src/kit/error.ts'
import { ShuttingDown } from '../../src/kit/shutting-down.ts'
import type { Settled, Started } from '../../src/record/observer.ts'

function exchange(more: Partial<Exchange> = {}): Exchange {
  return {
    id: 'req_1',
    endpoint: 'messages',
    mode: 'full',
    provider: undefined,
    session: undefined,
    shape: 'messages',
    method: 'POST',
    path: '/v1/messages?beta=true',
    headers: new Headers(),
    body: new TextEncoder().encode('{}'),
    signal: new AbortController().signal,
    client: { name: 'ada', address: '127.0.0.1' },
    credential: undefined,
    callerKey: undefined,
    started: performance.now(),
    ...more,
  }
}

function watched(more?: Partial<Exchange>) {
  const heard: [string, Started | Settled][] = []
  const settlement = new Settlement(exchange(more), {
    started: (one) => heard.push(['started', one]),
    firstByte: (one) => heard.push(['firstByte', one]),
    settled: (one) => heard.push(['settled', one]),
  })
  return { settlement, heard, hooks: () => heard.map(([hook]) => hook) }
}

describe('the observer hears of an exchange', () => {
  test('each thing once, in order, by one serial', () => {
    const { settlement, heard, hooks } = watched()
    settlement.started()
    settlement.started()
    settlement.firstByte()
    settlement.firstByte()
    settlement.settle('complete', 10)
    settlement.settle('client_left', 20)
    expect(hooks()).toEqual(['started', 'firstByte', 'settled'])
    expect(new Set(heard.map(([, { serial }]) => serial)).size).toBe(1)
    expect(heard[2]?.[1]).toMatchObject({ ending: 'complete', bytesOut: 10, path: '/v1/messages' })
    expect(watched().settlement).not.toBe(settlement)
  })

  test('also where it was refused before its way was chosen', () => {
    const { settlement, hooks } = watched()
    settlement.settle('refused', 0, 'no JSON')
    expect(hooks()).toEqual(['started', 'settled'])
  })

  test('with the bodies only where they are to be kept', () => {
    const { settlement, heard } = watched()
    settlement.settle('complete', 0)
    expect(heard[1]?.[1]).toMatchObject({ bodies: undefined })
    const keeping = watched()
    keeping.settlement.reply = [new Uint8Array([1])]
    keeping.settlement.settle('complete', 1)
    expect(keeping.heard[1]?.[1]).toMatchObject({
      bodies: { request: new TextEncoder().encode('{}'), reply: [new Uint8Array([1])] },
    })
  })
})

test('only what our own end cut short counts as drained', () => {
  expect(endingOf(new ShuttingDown())).toBe('drained')
  expect(endingOf(new ProxyError('unavailable', 'Cannot find Claude Code'))).toBe('upstream_error')
})

test('what looks like a refusal is the upstream’s own once that was asked, but for uploads', () => {
  const limit = new ProxyError('rate_limit', 'Slow down')
  const { settlement } = watched()
  expect(settlement.endingOf(limit)).toBe('refused')
  settlement.attempts = 1
  expect(settlement.endingOf(limit)).toBe('upstream_error')
  expect(settlement.endingOf(new ProxyError('client_closed', 'gone'))).toBe('client_left')
  const upload = watched({ endpoint: 'upload' }).settlement
  upload.attempts = 1
  expect(upload.endingOf(new ProxyError('too_large', 'too much'))).toBe('refused')
})

describe('the session is', () => {
  const sessionOf = (more: Partial<Exchange>, text?: string) => {
    const body = new TextEncoder().encode(text ?? '{}')
    const { settlement, heard } = watched({ body, ...more })
    const at = text?.indexOf('"metadata":') ?? -1
    if (text !== undefined && at !== -1) {
      settlement.metadata = { start: at + '"metadata":'.length, end: text.length - 1 }
    }
    settlement.settle('complete', 0)
    const last = heard.at(-1)?.[1]
    return last !== undefined && 'session' in last ? last.session : undefined
  }

  test('what the path of SDK mode names, or its metadata', () => {
    const headers = new Headers({ 'x-claude-code-session-id': 'another' })
    expect(sessionOf({ session: 'my-session', headers })).toBe('my-session')
    expect(sessionOf({}, '{"metadata":{"session_id":"my-other"}}')).toBe('my-other')
    expect(sessionOf({}, '{"metadata":{"session_id":"<no>"}}')).toBeUndefined()
  })

  test('what Claude Code or Codex names in a header', () => {
    const named = (name: string, value: string) =>
      sessionOf({ headers: new Headers([[name, value]]) })
    expect(named('X-Claude-Code-Session-Id', '4f1d8d2e-53f2')).toBe('4f1d8d2e-53f2')
    expect(named('session-id', '019a')).toBe('019a')
    expect(named('session-id', 'not a <sane> one')).toBeUndefined()
  })

  test('what stands in the metadata, in its two forms', () => {
    const user = (id: string) => `{"metadata":${JSON.stringify({ user_id: id })}}`
    expect(sessionOf({}, user('{"device_id":"a","session_id":"s-1"}'))).toBe('s-1')
    expect(sessionOf({}, user('user_abc_account__session_0f-1'))).toBe('0f-1')
    expect(sessionOf({}, user('somebody'))).toBeUndefined()
    expect(sessionOf({}, '{"metadata":{"user_id":5}}')).toBeUndefined()
    expect(sessionOf({}, '{"metadata":nonsense}')).toBeUndefined()
  })
})
