import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import Anthropic, { toFile } from '@anthropic-ai/sdk'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { midStreamError } from '../support/fake-fault.ts'
import { apiError, message, text, tool } from '../support/fake-reply.ts'
import { BATCH_RESULTS, FILE_BYTES, MODELS } from '../support/fake-resources.ts'

const CLIENT_TOKEN = 'client-token-for-the-sdk-0001'
const MODES = ['', '/api', '/full', '/min', '/pt']
const hello = {
  model: 'claude-opus-5-5',
  max_tokens: 1000,
  messages: [{ role: 'user' as const, content: 'Hello — “ünïcode” 🙂' }],
}
const weather = {
  name: 'get_weather',
  description: 'The weather',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
}

let fake: FakeAnthropic
let proxy: Ccproxy

function client(mode = '', maxRetries = 0): Anthropic {
  return new Anthropic({ baseURL: `${proxy.url}${mode}`, apiKey: CLIENT_TOKEN, maxRetries })
}

beforeAll(async () => {
  fake = await startFakeAnthropic({ forbidden: [CLIENT_TOKEN] })
  proxy = await startCcproxy({ upstream: fake.url, env: { AUTH_TOKEN: CLIENT_TOKEN } })
})

afterAll(async () => {
  await proxy.stop()
  await fake.close()
  expect(fake.violations).toEqual([])
})

let before = 0
beforeEach(() => {
  fake.forget()
  before = fake.requests.length
})

for (const mode of MODES) {
  describe(`the official SDK through "${mode || '/'}"`, () => {
    test('gets a message', async () => {
      fake.reply(text('Grüße, 世界 🙂'))
      const reply = await client(mode).messages.create(hello)
      expect(reply.content).toMatchObject([{ type: 'text', text: 'Grüße, 世界 🙂' }])
      expect(reply.stop_reason).toBe('end_turn')
      expect(reply.usage.output_tokens).toBe(7)
      const request = await fake.waitFor(before)
      expect(JSON.parse(request.text)).toEqual(hello)
      expect(request.header('x-api-key')).toBe(UPSTREAM_KEY)
      expect(request.header('authorization')).toBeUndefined()
      expect(request.header('anthropic-version')).toBe('2026-10-21')
    })

    test('streams with the helper and folds to the same message', async () => {
      const parts = [
        { thinking: 'Zuerst überlegen 🤔' },
        { text: 'Grüße, 世界 🙂', pieces: 9 },
        { tool: 'get_weather', input: { city: 'Köln', days: [1, 2, 3] } },
      ]
      fake.reply(message(parts))
      const seen: string[] = []
      const stream = client(mode).messages.stream({ ...hello, tools: [weather] })
      stream.on('text', (piece) => seen.push(piece))
      const final = await stream.finalMessage()
      expect(seen.join('')).toBe('Grüße, 世界 🙂')
      expect(seen.length).toBeGreaterThan(5)
      expect(final.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use'])
      expect(final.content[2]).toMatchObject({ input: { city: 'Köln', days: [1, 2, 3] } })
      expect(final.stop_reason).toBe('tool_use')
      expect(stream.request_id).toBe('req_fake0000000000000000001')
    })
  })
}

describe('the official SDK and the conversation', () => {
  test('carries thinking and tools through two turns', async () => {
    fake.reply(
      message([
        { thinking: 'Two cities.' },
        { redacted: 'c2VjcmV0' },
        { tool: 'get_weather', input: { city: 'Oslo' } },
        { tool: 'get_weather', input: { city: 'Bergen' } },
      ]),
      text('Rain in both.'),
    )
    const turn = { ...hello, tools: [weather] }
    const first = await client().messages.create(turn)
    const results = first.content.flatMap((block) =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'rain' }]
        : [],
    )
    expect(results.length).toBe(2)
    const second = await client().messages.create({
      ...turn,
      messages: [
        ...hello.messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: results },
      ],
    })
    expect(second.content).toMatchObject([{ type: 'text', text: 'Rain in both.' }])
  })

  test('passes betas on and is told when a beta is unknown', async () => {
    const betas = ['context-management-2025-06-27', 'task-budgets-2026-03-13']
    await client().beta.messages.create({ ...hello, betas })
    const request = await fake.waitFor(before)
    expect(request.header('anthropic-beta')).toBe(betas.join(','))
  })

  test('passes an older API version on', async () => {
    const old = client().withOptions({ defaultHeaders: { 'anthropic-version': '2023-06-01' } })
    await old.messages.create({ ...hello, model: 'claude-sonnet-4-5' })
    expect((await fake.waitFor(before)).header('anthropic-version')).toBe('2023-06-01')
  })

  test('counts tokens', async () => {
    const { model, messages } = hello
    expect(await client().messages.countTokens({ model, messages })).toEqual({ input_tokens: 2095 })
  })

  test('gets the upstream headers that clients read', async () => {
    fake.reply(text('ok', { headers: { 'anthropic-ratelimit-unified-status': 'allowed' } }))
    const { response } = await client().messages.create(hello).withResponse()
    expect(response.headers.get('anthropic-ratelimit-unified-status')).toBe('allowed')
    expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toBe('3999')
    expect(response.headers.get('request-id')).toBe('req_fake0000000000000000001')
  })
})

describe('the official SDK and the models', () => {
  test('pages through all models', async () => {
    const ids: string[] = []
    for await (const model of client().models.list({ limit: 2 })) ids.push(model.id)
    expect(ids).toEqual(MODELS.map((model) => model.id))
    expect(fake.requests.length - before).toBe(3)
  })

  test('reads one model, also with a slash in its id', async () => {
    expect(await client().models.retrieve('claude-opus-5-5')).toMatchObject({ type: 'model' })
    const missing = await client('/pt')
      .models.retrieve('vendor/model')
      .catch((thrown: unknown) => thrown)
    expect(missing).toBeInstanceOf(Anthropic.NotFoundError)
    expect(decodeURIComponent((await fake.waitFor(before + 1)).path)).toBe(
      '/v1/models/vendor/model',
    )
  })
})

describe('the official SDK and batches', () => {
  const requests = [{ custom_id: 'one', params: hello }]

  for (const mode of ['', '/pt']) {
    test(`creates, lists, cancels and deletes through "${mode || '/'}"`, async () => {
      const { batches } = client(mode).messages
      expect(await batches.create({ requests })).toMatchObject({ processing_status: 'in_progress' })
      expect(JSON.parse((await fake.waitFor(before)).text)).toEqual({ requests })
      const listed = await batches.list()
      expect(listed.data.map((entry) => entry.id)).toEqual(['msgbatch_1'])
      expect(await batches.cancel('msgbatch_7')).toMatchObject({ processing_status: 'canceling' })
      expect(await batches.delete('msgbatch_7')).toMatchObject({ type: 'message_batch_deleted' })
    })

    test(`downloads results byte for byte through "${mode || '/'}"`, async () => {
      const path = `${proxy.url}${mode}/v1/messages/batches/msgbatch_1/results`
      const headers = { 'x-api-key': CLIENT_TOKEN, 'anthropic-version': '2023-06-01' }
      expect(await (await fetch(path, { headers })).text()).toBe(BATCH_RESULTS)
    })
  }
})

describe('the official SDK and files', () => {
  test('uploads binary content as multipart, byte for byte', async () => {
    const content = Buffer.concat([FILE_BYTES, Buffer.from('\r\n--looks-like-a-boundary\r\n')])
    const stored = await client().beta.files.upload({ file: await toFile(content, 'ü.bin') })
    expect(stored).toMatchObject({ type: 'file' })
    const request = await fake.waitFor(before)
    expect(request.header('content-type')).toStartWith('multipart/form-data; boundary=')
    expect(request.body.includes(content)).toBe(true)
    expect(request.header('x-api-key')).toBe(UPSTREAM_KEY)
  })

  test('downloads binary content byte for byte', async () => {
    const reply = await client().beta.files.download('file_1')
    expect(Buffer.from(await reply.arrayBuffer()).equals(FILE_BYTES)).toBe(true)
  })

  test('lists and deletes', async () => {
    expect((await client().beta.files.list()).data).toEqual([])
    expect(await client().beta.files.delete('file_9')).toMatchObject({ id: 'file_9' })
  })
})

describe('the official SDK and errors', () => {
  const cases = [
    [400, 'invalid_request_error', Anthropic.BadRequestError],
    [401, 'authentication_error', Anthropic.AuthenticationError],
    [403, 'permission_error', Anthropic.PermissionDeniedError],
    [404, 'not_found_error', Anthropic.NotFoundError],
    [409, 'conflict_error', Anthropic.ConflictError],
    [413, 'request_too_large', Anthropic.APIError],
    [422, 'invalid_request_error', Anthropic.UnprocessableEntityError],
    [429, 'rate_limit_error', Anthropic.RateLimitError],
    [500, 'api_error', Anthropic.InternalServerError],
    [504, 'timeout_error', Anthropic.InternalServerError],
    [529, 'overloaded_error', Anthropic.InternalServerError],
  ] as const

  for (const [status, type, Class] of cases) {
    test(`throws its class for an upstream ${status}, type and message kept`, async () => {
      fake.reply(apiError(status, type, `Because of ${status}`, { 'x-should-retry': 'false' }))
      const error = await client('', 2)
        .messages.create(hello)
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(Class)
      expect(error).toMatchObject({ status, requestID: 'req_fake0000000000000000001' })
      expect(String(error)).toContain(`Because of ${status}`)
      expect(fake.requests.length - before).toBe(1)
    })
  }

  test('retries a 529 by itself, once per answer', async () => {
    fake.reply(
      apiError(529, 'overloaded_error', 'Overloaded', { 'retry-after-ms': '10' }),
      text('Second time.'),
    )
    const reply = await client('', 1).messages.create(hello)
    expect(reply.content).toMatchObject([{ type: 'text', text: 'Second time.' }])
    expect(fake.requests.length - before).toBe(2)
  })

  test('throws for an error inside the stream', async () => {
    fake.reply(midStreamError('overloaded_error', 'Overloaded now'))
    const error = await client()
      .messages.stream(hello)
      .finalMessage()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Anthropic.APIError)
    expect(String(error)).toContain('Overloaded now')
  })

  test('throws its class for a wrong client key, without asking the upstream', async () => {
    const wrong = new Anthropic({ baseURL: proxy.url, apiKey: 'wrong', maxRetries: 0 })
    const error = await wrong.messages.create(hello).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Anthropic.AuthenticationError)
    expect(fake.requests.length).toBe(before)
  })

  test('runs its tool helper against a tool call', async () => {
    fake.reply(tool('get_weather', { city: 'Rom' }))
    const reply = await client('/min').messages.create({ ...hello, tools: [weather] })
    expect(reply.content.at(-1)).toMatchObject({ type: 'tool_use', input: { city: 'Rom' } })
  })
})
