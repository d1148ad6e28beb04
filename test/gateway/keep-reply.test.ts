import { describe, expect, test } from 'bun:test'
import { keepReply } from '../../src/gateway/keep-reply.ts'
import { ProxyError } from '../../src/kit/error.ts'
import type { ByteMachine } from '../../src/kit/machine.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const machine: ByteMachine = {
  cuts: true,
  push: (chunk) => (chunk.length === 0 ? undefined : chunk),
  end: () => bytes('END'),
  fail: ({ message }) => bytes(message),
  ping: () => bytes('PING'),
}

function kept(room: number) {
  const parts: Uint8Array[] = []
  return { own: keepReply(machine, parts, room), text: () => Buffer.concat(parts).toString() }
}

describe('A reply that is kept', () => {
  test('Goes down as it would, and is kept without pings', () => {
    const { own, text } = kept(100)
    expect([own.push(bytes('one')), own.push(bytes('')), own.ping(), own.end()]).toEqual([
      ...[bytes('one'), undefined, bytes('PING'), bytes('END')],
    ])
    expect(text()).toBe('oneEND')
    own.fail(new ProxyError('internal', 'broke'))
    expect(text()).toBe('oneENDbroke')
  })

  test('Is kept as far as there is room', () => {
    const { own, text } = kept(4)
    for (const part of ['one', 'two', 'three']) expect(own.push(bytes(part))).toEqual(bytes(part))
    expect(text()).toBe('onet')
  })

  test('Stays what it was though its buffer is used again', () => {
    const { own, text } = kept(100)
    const buffer = bytes('one')
    own.push(buffer)
    buffer.fill(0)
    expect(text()).toBe('one')
  })

  test('Cuts a broken stream where it would', () => {
    expect(kept(100).own.cuts).toBe(true)
  })
})
