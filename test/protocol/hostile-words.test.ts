import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../src/kit/error.ts'
import { chatCodec } from '../../src/protocol/chat/codec.ts'
import { legalToolId } from '../../src/protocol/chat/tool-id.ts'
import { errorOfEvent } from '../../src/protocol/messages/error.ts'
import { readUpstreamError } from '../../src/protocol/read-error.ts'
import { responsesCodec } from '../../src/protocol/responses/codec.ts'

const user = { role: 'user', content: 'Hi' }

/** What a run throws, which must be the client's error. */
function refused(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ProxyError) return `${error.kind} ${error.message}`
    throw error
  }
  return 'nothing'
}

describe('Words that every object knows are words like any other', () => {
  for (const word of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    test(word, () => {
      const named = JSON.parse(`{"${word}":{"include_usage":true}}`)
      const chat = { model: 'm', messages: [user] }
      expect(refused(() => chatCodec.requestIn({ ...chat, reasoning_effort: word }))).toStartWith(
        'invalid_request',
      )
      const said = chatCodec.requestIn(Object.assign(JSON.parse('{}'), chat, named))
      expect(said.hints.include_usage).toBeUndefined()
      const responses = { model: 'm', input: 'Hi' }
      expect(() => responsesCodec.requestIn({ ...responses, ...named })).not.toThrow()
      const choice = { ...responses, tools: [], tool_choice: word }
      expect(refused(() => responsesCodec.requestIn(choice))).toContain(`"${word}" is not a mode`)
      const error = errorOfEvent({ type: 'error', error: { type: word, message: 'x' } })
      expect([error.kind, error.status]).toEqual(['upstream_protocol', 502])
      const body = JSON.stringify({ error: { type: word, code: word, message: 'x' } })
      expect(readUpstreamError({ body }).status).toBe(500)
    })
  }
})

describe('Long texts of others are read in no time', () => {
  const quickly = (run: () => unknown) => {
    const began = performance.now()
    run()
    expect(performance.now() - began).toBeLessThan(500)
  }

  test('ids of calls', () => {
    quickly(() => legalToolId('+!'.repeat(50_000)))
    quickly(() => legalToolId(`${'_'.repeat(100_000)}!+`))
    quickly(() => legalToolId(`${'a+'.repeat(100_000)}!`))
  })

  test('pages and errors', () => {
    const page = `<html>${'<title'.repeat(100_000)}`
    quickly(() => readUpstreamError({ status: 500, body: page }))
    const message = 'input token count '.repeat(50_000)
    quickly(() => readUpstreamError({ status: 400, body: JSON.stringify({ error: { message } }) }))
  })
})

test('What gateways hang behind an id is cut, and nothing else', () => {
  expect(legalToolId('call_1__thought__abc+/=')).toBe('call_1')
  expect(legalToolId('call_1|CiQB+abc/def==')).toBe('call_1')
  expect(legalToolId('call_1.abc=')).toBe('call_1')
  expect(legalToolId('call_1')).toBe('call_1')
  expect(legalToolId('+/=')).toBe('___')
  expect(legalToolId('a+b c')).toBe('a_b_c')
})
