import { describe, expect, test } from 'bun:test'
import { readEnvelope } from '../../src/gateway/envelope.ts'
import { ProxyError } from '../../src/kit/error.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function refusal(text: string): Pick<ProxyError, 'kind' | 'message' | 'field'> {
  try {
    readEnvelope(bytes(text))
  } catch (error) {
    if (error instanceof ProxyError) return error
    throw error
  }
  throw new Error(`${text} was read`)
}

describe('The envelope of a body', () => {
  test('Tells the model, the stream and where things stand', () => {
    const text =
      '{"metadata": {"user_id": "ü"}, "model":"claude-x", "messages" : [1], "stream":true}'
    const envelope = readEnvelope(bytes(text))
    expect([envelope.model, envelope.stream]).toEqual(['claude-x', true])
    const said = (span: { start: number; end: number } | undefined) =>
      span && new TextDecoder().decode(bytes(text).subarray(span.start, span.end))
    expect(said(envelope.modelSpan)).toBe('"claude-x"')
    expect(said(envelope.metadataSpan)).toBe('{"user_id": "ü"}')
    expect(said(envelope.conversationSpan)).toBe('[1]')
  })

  test('Finds the conversation of Responses, and its long strings', () => {
    const long = 'x'.repeat(600)
    const text = `{"model":"m","input":[{"text":"${long}"}]}`
    const { conversationSpan, longStrings, stream, metadataSpan } = readEnvelope(bytes(text))
    expect(text.slice(conversationSpan?.start, conversationSpan?.end)).toStartWith('[{')
    expect(longStrings.map(({ start, end }) => text.slice(start, end))).toEqual([`"${long}"`])
    expect([stream, metadataSpan]).toEqual([undefined, undefined])
  })

  test('Takes the last of a repeated key, as JSON.parse does, and a null stream for none', () => {
    expect(readEnvelope(bytes('{"model":"a","model":"b","stream":null}')).model).toBe('b')
  })
})

describe('What is no request', () => {
  const cases: readonly [string, string, string | undefined][] = [
    ['', 'Request body is empty: send JSON', undefined],
    ['[]', 'Request body is not a JSON object: Unexpected character in JSON at byte 0', undefined],
    ['{"model":', 'Request body is not a JSON object: Unexpected end of JSON', undefined],
    ['{}', 'model: Field required', 'model'],
    ['{"model":""}', 'model: Must be a non-empty string', 'model'],
    ['{"model":7}', 'model: Must be a non-empty string', 'model'],
    ['{"model":"m","stream":"yes"}', 'stream: Must be a boolean', 'stream'],
    ['{"model":nil}', 'Request body is not valid JSON at "model"', 'model'],
    ['{"model":"m","stream":maybe}', 'Request body is not valid JSON at "stream"', 'stream'],
  ]
  test.each(cases)('%p is refused', (text, message, field) => {
    const error = refusal(text)
    expect([error.kind, error.message, error.field]).toEqual(['invalid_request', message, field])
  })
})
