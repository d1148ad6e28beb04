import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../src/kit/error.ts'
import { chatErrors } from '../../src/protocol/chat/error.ts'
import { errorEvent, errorOfEvent, messagesErrors } from '../../src/protocol/messages/error.ts'
import { readErrorValue, readUpstreamError } from '../../src/protocol/read-error.ts'

const read = (status: number, body: unknown) =>
  readUpstreamError({ status, body: typeof body === 'string' ? body : JSON.stringify(body) })

describe('an upstream error of any shape', () => {
  const cases: [string, number, unknown, object][] = [
    [
      'Anthropic',
      529,
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      { kind: 'overloaded', status: 529, type: 'overloaded_error', message: 'Overloaded' },
    ],
    [
      'Anthropic with a code',
      404,
      {
        type: 'error',
        error: {
          type: 'not_found_error',
          message: 'x',
          details: { error_code: 'thread_not_found' },
        },
      },
      { kind: 'not_found', vendorCode: 'thread_not_found' },
    ],
    [
      'OpenAI',
      400,
      { error: { message: 'bad', type: 'invalid_request_error', param: 'tools.0', code: 'x' } },
      { kind: 'invalid_request', field: 'tools.0', vendorCode: 'x', message: 'bad' },
    ],
    ['detail', 422, { detail: 'no' }, { status: 422, kind: 'invalid_request', message: 'no' }],
    [
      'FastAPI',
      422,
      { detail: [{ loc: ['body', 'messages', 0], msg: 'Field required', type: 'missing' }] },
      { message: 'Field required', field: 'messages.0' },
    ],
    ['message', 403, { message: 'stop' }, { kind: 'permission', message: 'stop' }],
    ['error text', 404, { error: 'model "x" not found' }, { message: 'model "x" not found' }],
    [
      'Gemini',
      429,
      [{ error: { code: 429, message: 'Quota', status: 'RESOURCE_EXHAUSTED' } }],
      { kind: 'rate_limit', type: 'RESOURCE_EXHAUSTED', message: 'Quota' },
    ],
    [
      'OpenRouter',
      502,
      {
        error: {
          message: 'Provider returned error',
          code: 502,
          metadata: { raw: '{"error":{"message":"boom"}}' },
        },
      },
      { message: 'Provider returned error: boom', status: 502 },
    ],
    [
      'JSON in a string',
      400,
      { error: { message: '{"error":{"message":"deep","type":"t"}}' } },
      { message: 'deep', type: 't' },
    ],
    ['text', 500, 'Internal Server Error', { message: 'Internal Server Error', status: 500 }],
    [
      'HTML in a 200',
      200,
      '<!DOCTYPE html><title>Just a moment...</title>',
      { status: 502, message: 'Upstream answered 200 with an HTML page titled "Just a moment..."' },
    ],
    [
      'nothing',
      503,
      '',
      { kind: 'overloaded', message: 'Upstream answered 503 without a message' },
    ],
  ]
  for (const [name, status, body, expected] of cases) {
    test(name, () => expect(read(status, body)).toMatchObject(expected))
  }

  test('inside a stream the status comes from the code or the type', () => {
    expect(readErrorValue({ error: { message: 'x', code: 429 } }).status).toBe(429)
    expect(readErrorValue({ error: { message: 'x', type: 'overloaded_error' } }).status).toBe(529)
    expect(readErrorValue({ error: { message: 'x', type: 'server_error' } }).status).toBe(500)
  })
})

describe('an error for the client', () => {
  test('Messages keeps status and message, and a foreign type in details', () => {
    const error = read(429, {
      error: { message: 'm', type: 'requests', code: 'rate_limit_exceeded' },
    })
    expect(JSON.parse(messagesErrors.body(error, 'req_1'))).toEqual({
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message: 'm',
        details: { type: 'requests', error_code: 'rate_limit_exceeded' },
      },
      request_id: 'req_1',
    })
  })

  test('402 and 409 have types of their own in Messages', () => {
    expect(messagesErrors.body(read(402, { message: 'pay' }), 'r')).toContain('"billing_error"')
    expect(messagesErrors.body(read(409, { message: 'c' }), 'r')).toContain('"conflict_error"')
  })

  test('Chat keeps the upstream type, with no code invented', () => {
    const error = read(529, { type: 'error', error: { type: 'overloaded_error', message: 'm' } })
    expect(JSON.parse(chatErrors.body(error, 'r'))).toEqual({
      error: { message: 'm', type: 'overloaded_error', param: null, code: null },
    })
    const own = new ProxyError('invalid_request', 'Bad', { field: 'n' })
    expect(chatErrors.event(own, 'r')).toBe(
      'data: {"error":{"message":"Bad","type":"invalid_request_error","param":"n","code":null}}\n\n',
    )
  })

  test('a context overflow becomes the words that Claude Code compacts on', () => {
    const openAi = read(400, {
      error: {
        message:
          "This model's maximum context length is 8192 tokens. However, you requested 9001 tokens.",
        type: 'invalid_request_error',
        code: 'context_length_exceeded',
      },
    })
    expect(JSON.parse(messagesErrors.body(openAi, 'r')).error).toMatchObject({
      type: 'invalid_request_error',
      message: 'prompt is too long: 9001 tokens > 8192 maximum',
    })
    const local = read(500, { error: 'the request exceeds the context window' })
    expect(local.status).toBe(400)
    expect(messagesErrors.body(local, 'r')).toContain('prompt is too long: the request exceeds')
  })

  test('a hub error event gives back its error', () => {
    const error = read(503, { message: 'later' })
    const event = errorEvent(error)
    expect(event.type === 'error' && errorOfEvent(event)).toBe(error)
    const bare = errorOfEvent({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'slow' },
    })
    expect(bare).toMatchObject({ kind: 'rate_limit', status: 429, message: 'slow' })
    expect(errorOfEvent({ type: 'error', error: { type: 'api_error', message: 'x' } }).status).toBe(
      500,
    )
  })
})
