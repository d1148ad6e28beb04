import { describe, expect, test } from 'bun:test'
import { passRaw, passUntouched, passWhole } from '../../src/gateway/passthrough.ts'
import { ProxyError } from '../../src/kit/error.ts'
import { chatCodec } from '../../src/protocol/chat/codec.ts'
import { messagesCodec } from '../../src/protocol/messages/codec.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (out: Uint8Array | undefined) => new TextDecoder().decode(out)
const broken = new ProxyError('upstream_unreachable', 'It broke')

const DELTA = 'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n'
const STOP = 'event: message_stop\ndata: {"type":"message_stop"}\n\n'

function whole() {
  const tap = messagesCodec.tap()
  const { errors, ping } = messagesCodec
  return passWhole({ tap, errors, ping, requestId: 'req_1' })
}

describe('A stream that passes through in whole events', () => {
  test('Holds half an event back until it is whole', () => {
    const machine = whole()
    expect(text(machine.push(bytes(DELTA.slice(0, 20))))).toBe('')
    expect(text(machine.push(bytes(DELTA.slice(20) + STOP.slice(0, 5))))).toBe(DELTA)
    expect(text(machine.push(bytes(STOP.slice(5))))).toBe(STOP)
    expect(text(machine.end())).toBe('')
  })

  test('That is cut ends with an error event in place of half an event', () => {
    const machine = whole()
    machine.push(bytes(DELTA + STOP.slice(0, 9)))
    expect(() => machine.end()).toThrow('Upstream ended its stream before the last event')
    expect(text(machine.fail(broken))).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"It broke"},"request_id":"req_1"}\n\n',
    )
  })

  test('Has no ping and no error behind its last event', () => {
    const machine = whole()
    expect(text(machine.ping())).toBe(messagesCodec.ping)
    machine.push(bytes(STOP))
    expect(machine.ping()).toBeUndefined()
    expect(machine.fail(broken)).toBeUndefined()
  })

  test('May end without the blank line behind its last event', () => {
    const machine = whole()
    expect(text(machine.push(bytes(STOP.trimEnd())))).toBe('')
    expect(text(machine.end())).toBe(STOP.trimEnd())
  })

  test('Tells what it said of its own failure', () => {
    const machine = whole()
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Busy' } }
    machine.push(bytes(`event: error\ndata: ${JSON.stringify(error)}\n\n`))
    expect(machine.failure).toBe('Busy')
    expect(text(machine.end())).toBe('')
  })
})

describe('A stream that passes through untouched', () => {
  test('Goes on byte by byte, is never pinged and is cut where it broke', () => {
    const machine = passUntouched(messagesCodec.tap())
    for (const byte of bytes(DELTA)) {
      expect(machine.push(Uint8Array.of(byte))).toEqual(Uint8Array.of(byte))
    }
    expect([machine.cuts, machine.ping(), machine.fail(broken), machine.end()]).toEqual([
      ...[true, undefined, undefined, undefined],
    ])
  })

  test('Is counted to its last event, with a blank line behind it or without', () => {
    for (const behind of ['\n\n', '\n', '']) {
      const tap = chatCodec.tap()
      const machine = passUntouched(tap)
      machine.push(bytes(`data: {"usage":{"prompt_tokens":5,"completion_tokens":2}}${behind}`))
      machine.end()
      expect(tap.usage).toEqual({ input: 5, output: 2 })
    }
  })
})

test('Raw bytes go on as they are', () => {
  const machine = passRaw()
  expect(text(machine.push(bytes('\n\nx')))).toBe('\n\nx')
  expect([machine.cuts, machine.ping(), machine.fail(broken), machine.end()]).toEqual([
    ...[true, undefined, undefined, undefined],
  ])
})
