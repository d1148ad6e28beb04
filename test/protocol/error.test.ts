import { describe, expect, test } from 'bun:test'
import { type ErrorKind, ProxyError } from '../../src/kit/error.ts'
import { chatErrors } from '../../src/protocol/chat/error.ts'
import { errorEvent, errorOfEvent, messagesErrors } from '../../src/protocol/messages/error.ts'
import { readErrorValue, readUpstreamError } from '../../src/protocol/read-error.ts'
import { responseError, responsesErrors } from '../../src/protocol/responses/error.ts'

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

  test('inside a stream a code of another range is no status', () => {
    for (const code of [20, 200, 302, 1113, 1302, '1302']) {
      expect(readErrorValue({ error: { message: 'x', code } }).status).toBe(500)
    }
    expect(readErrorValue({ error: { message: 'x', code: '429' } }).status).toBe(429)
  })

  const words: readonly [status: number, kind: string, words: readonly string[]][] = [
    [400, 'invalid_request', ['invalid_request_error', 'BadRequestError', 'INVALID_ARGUMENT']],
    [400, 'invalid_request', ['invalid_request', 'invalid_prompt']],
    [401, 'authentication', ['authentication_error', 'invalid_api_key', 'UNAUTHENTICATED']],
    [403, 'permission', ['permission_error', 'PERMISSION_DENIED', 'billing_error']],
    [404, 'not_found', ['not_found_error', 'NOT_FOUND', 'NotFoundError', 'model_not_found']],
    [413, 'too_large', ['request_too_large']],
    [429, 'rate_limit', ['rate_limit_error', 'rate_limit_exceeded', 'RESOURCE_EXHAUSTED']],
    [429, 'rate_limit', ['rate_limited', 'insufficient_quota', 'requests', 'tokens']],
    [504, 'upstream_timeout', ['timeout_error', 'DEADLINE_EXCEEDED']],
    [529, 'overloaded', ['overloaded_error', 'overloaded', 'server_overloaded', 'UNAVAILABLE']],
  ]
  test.each(words)('inside a stream %d, %s, is what %p say', (status, kind, said) => {
    for (const word of said) {
      for (const error of [{ type: word }, { code: word }, { status: word }]) {
        expect(readErrorValue({ error: { message: 'x', ...error } })).toMatchObject({
          ...{ kind, status },
        })
      }
    }
  })

  test('a status means the same from everyone', () => {
    const kinds: Record<string, number[]> = {
      ...{ invalid_request: [400, 422], authentication: [401], permission: [402, 403] },
      ...{ not_found: [404], method_not_allowed: [405], request_timeout: [408], too_large: [413] },
      ...{ unsupported_media_type: [415], rate_limit: [429], upstream_protocol: [500, 520] },
      ...{ upstream_unreachable: [502], overloaded: [503, 529] },
      ...{ upstream_timeout: [504, 522, 524] },
    }
    for (const [kind, statuses] of Object.entries(kinds)) {
      for (const status of statuses) {
        expect(read(status, { message: 'x' })).toMatchObject({ ...{ kind, status } })
      }
    }
  })

  test('DashScope’s refusal of a stream is an event', () => {
    const body = 'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"x","message":"Too long"}\n\n'
    expect(read(400, body)).toMatchObject({ status: 400, message: 'Too long', vendorCode: 'x' })
  })

  test('a page without a title, and a text without end, are cut short', () => {
    expect(read(502, '<html><body>no</body>').message).toBe(
      'Upstream answered 502 with an HTML page',
    )
    expect(read(500, 'x'.repeat(5000)).message).toBe('x'.repeat(2000))
  })

  test('a limit on requests or a wrong key is no overflow, whatever it says', () => {
    for (const status of [401, 403, 429]) {
      const { vendorCode, ...error } = read(status, { message: 'context window exceeded' })
      expect({ status: error.status, vendorCode }).toEqual({ status, vendorCode: undefined })
    }
    const words = [
      'prompt is too long: 9 tokens > 8 maximum',
      "exceeds the model's maximum context length",
      'context length is exceeded',
      'The input token count (9) exceeds the maximum number of tokens allowed (8)',
      'Range of input length should be [1, 8]',
    ]
    for (const message of words) {
      expect(read(500, { message })).toMatchObject({
        ...{ status: 400, vendorCode: 'context_length_exceeded', message },
      })
    }
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

  const OVERFLOWS: readonly [vendor: string, said: string, message: string][] = [
    [
      'Kimi',
      'Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)',
      'prompt is too long: 291351 tokens > 262144 maximum',
    ],
    [
      'xAI',
      "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
      'prompt is too long: 537812 tokens > 131072 maximum',
    ],
    [
      'llama.cpp',
      'request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it',
      'prompt is too long: 9000 tokens > 4096 maximum',
    ],
    ['GLM', 'Prompt exceeds max length', 'prompt is too long: Prompt exceeds max length'],
    [
      'LM Studio',
      'Trying to keep the first 9813 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.',
      'prompt is too long: 9813 tokens > 4096 maximum',
    ],
    [
      'LM Studio, older',
      'The number of tokens to keep from the initial prompt is greater than the context length.',
      'prompt is too long: The number of tokens to keep from the initial prompt is greater than the context length.',
    ],
    [
      'vLLM, older',
      'The decoder prompt (length 40960) is longer than the maximum model length of 32768.',
      'prompt is too long: 40960 tokens > 32768 maximum',
    ],
    [
      'Together',
      "The input (250000 tokens) is longer than the model's context length (131072 tokens).",
      'prompt is too long: 250000 tokens > 131072 maximum',
    ],
    [
      'MiniMax',
      'invalid params, context window exceeds limit (2013)',
      'prompt is too long: invalid params, context window exceeds limit (2013)',
    ],
    [
      'GitHub Copilot',
      'prompt token count of 188203 exceeds the limit of 128000',
      'prompt is too long: 188203 tokens > 128000 maximum',
    ],
    [
      'Bedrock behind LiteLLM',
      'litellm.BadRequestError: ContextWindowExceededError: Input is too long for requested model.',
      'prompt is too long: litellm.BadRequestError: ContextWindowExceededError: Input is too long for requested model.',
    ],
    [
      'OpenAI, of the prompt alone',
      "This model's maximum context length is 8192 tokens. However, you requested 12192 tokens (10000 in the messages, 1192 in the functions, 1000 in the completion).",
      'prompt is too long: 11192 tokens > 8192 maximum',
    ],
    [
      'vLLM, which stopped counting',
      "This model's maximum context length is 262144 tokens. However, you requested 32000 output tokens and your prompt contains at least 230145 input tokens, for a total of at least 262145 tokens.",
      'prompt is too long: 262145 tokens > 262144 maximum',
    ],
  ]
  for (const [vendor, said, message] of OVERFLOWS) {
    test(`Claude Code compacts where the prompt is too long for ${vendor}`, () => {
      const error = read(400, { error: { message: said } })
      expect(error.vendorCode).toBe('context_length_exceeded')
      expect(JSON.parse(messagesErrors.body(error, 'r')).error.message).toBe(message)
      expect(JSON.parse(chatErrors.body(error, 'r')).error.message).toBe(said)
    })
  }

  const LONG_ANSWERS: readonly [vendor: string, said: string, counts: string][] = [
    [
      'OpenRouter',
      "This endpoint's maximum context length is 200000 tokens. However, you requested about 201209 tokens (158536 of text input, 10673 of tool input, 32000 in the output). Please reduce the length of either one.",
      '169209 + 32000 > 200000',
    ],
    [
      'OpenAI',
      "This model's maximum context length is 32768 tokens. However, you requested 64010 tokens (10 in the messages, 64000 in the completion). Please reduce the length of the messages or completion.",
      '10 + 64000 > 32768',
    ],
    [
      'SGLang',
      "Requested token count exceeds the model's maximum context length of 131072 tokens. You requested a total of 140000 tokens: 76000 tokens from the input messages and 64000 tokens for the completion.",
      '76000 + 64000 > 131072',
    ],
    [
      'vLLM',
      "'max_tokens' or 'max_completion_tokens' is too large: 64000. This model's maximum context length is 32768 tokens and your request has 9 input tokens (64000 > 32768 - 9).",
      '9 + 64000 > 32768',
    ],
    [
      'TGI',
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 16384. Given: 400 `inputs` tokens and 32000 `max_new_tokens`',
      '400 + 32000 > 16384',
    ],
  ]
  for (const [vendor, said, counts] of LONG_ANSWERS) {
    test(`Claude Code asks for less where only the answer is too long for ${vendor}`, () => {
      const error = read(400, { error: { message: said } })
      expect(JSON.parse(messagesErrors.body(error, 'r')).error.message).toStartWith(
        `input length and \`max_tokens\` exceed context limit: ${counts}, `,
      )
    })
  }

  test('other limits are no overflow of the context', () => {
    for (const message of [
      'max_tokens exceeds the limit of 8192',
      'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]',
      'string too long. Expected a string with maximum length 64, but got a string with length 77',
      'Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000',
    ]) {
      expect(read(400, { error: { message } }).vendorCode).toBeUndefined()
    }
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

describe('an error of our own kind', () => {
  // Type and status of Messages, type and code of OpenAI, code inside a response.
  const told: readonly [ErrorKind, string, string, string | null, string][] = [
    ['invalid_request', 'invalid_request_error', 'invalid_request_error', null, 'invalid_prompt'],
    ['authentication', 'authentication_error', 'authentication_error', 'invalid_api_key', ''],
    ['permission', 'permission_error', 'permission_error', null, ''],
    ['not_found', 'not_found_error', 'not_found_error', null, ''],
    ['request_timeout', 'timeout_error', 'timeout_error', null, ''],
    [
      'too_large',
      'request_too_large',
      'invalid_request_error',
      'request_too_large',
      'invalid_prompt',
    ],
    [
      'rate_limit',
      'rate_limit_error',
      'rate_limit_error',
      'rate_limit_exceeded',
      'rate_limit_exceeded',
    ],
    ['internal', 'api_error', 'server_error', null, ''],
    ['upstream_unreachable', 'api_error', 'server_error', 'upstream_unreachable', ''],
    ['upstream_protocol', 'api_error', 'server_error', null, ''],
    ['upstream_timeout', 'timeout_error', 'timeout_error', null, ''],
    ['overloaded', 'overloaded_error', 'overloaded_error', null, ''],
  ]
  test.each(told)('%s has the words of each protocol', (kind, messages, type, code, inside) => {
    const error = new ProxyError(kind, 'x')
    const body = { type: 'error', error: { type: messages, message: 'x' }, request_id: 'r' }
    expect(JSON.parse(messagesErrors.body(error, 'r'))).toEqual(body)
    const own = { error: { message: 'x', type, param: null, code } }
    expect(JSON.parse(chatErrors.body(error, 'r'))).toEqual(own)
    expect(JSON.parse(responsesErrors.body(error, 'r'))).toEqual(own)
    expect(responseError(error).code).toBe(inside || 'server_error')
  })

  test('Codes of OpenAI’s own are kept, an overflow has the one that Codex compacts by', () => {
    const error = new ProxyError('invalid_request', 'x', { code: 'invalid_image' })
    expect(responseError(error).code).toBe('invalid_image')
    const overflow = new ProxyError('invalid_request', 'Prompt is too long', { code: 'x' })
    expect(responseError(overflow).code).toBe('context_length_exceeded')
  })

  test('Who reads an event of Messages gets the status that its type has', () => {
    const statuses: Record<string, number> = {
      ...{ invalid_request_error: 400, authentication_error: 401, billing_error: 402 },
      ...{ permission_error: 403, not_found_error: 404, conflict_error: 409 },
      ...{ request_too_large: 413, rate_limit_error: 429, api_error: 500, timeout_error: 504 },
      overloaded_error: 529,
    }
    for (const [type, status] of Object.entries(statuses)) {
      const error = errorOfEvent({ type: 'error', error: { type, message: 'x' } })
      expect([type, error.status, error.type]).toEqual([type, status, type])
    }
  })

  test('An overflow tells its counts where they can be read', () => {
    const said = (message: string) => {
      const error = new ProxyError('invalid_request', message, { code: 'context_length_exceeded' })
      return JSON.parse(messagesErrors.body(error, 'r')).error.message
    }
    expect(said('maximum context length is 8,192 tokens, you sent 9,001')).toBe(
      'prompt is too long: 9001 tokens > 8192 maximum',
    )
    expect(said('limit 8192, and you sent fewer: 100')).toStartWith(
      'prompt is too long: limit 8192',
    )
    expect(said('too many tokens')).toBe('prompt is too long: too many tokens')
    expect(said('prompt is too long: 9 > 8')).toBe('prompt is too long: 9 > 8')
  })
})
