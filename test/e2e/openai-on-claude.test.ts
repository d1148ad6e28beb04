import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { cutStream, midStreamError } from '../support/fake-fault.ts'
import { apiError, asJson, type Json, message, text, tool } from '../support/fake-reply.ts'

const CLIENT_TOKEN = 'client-token-for-openai-0001'
const MODES = ['', '/openai', '/api', '/min', '/pt', '/full/openai']
const model = 'claude-sonnet-5-5'
const user = { role: 'user' as const, content: 'Hello — “ünïcode” 🙂' }
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const weather = {
  type: 'function' as const,
  function: { name: 'get_weather', description: 'The weather', parameters },
}
const flatWeather = {
  ...{ type: 'function' as const, name: 'get_weather', description: 'The weather' },
  ...{ parameters, strict: false },
}
const City = z.object({ city: z.string(), degrees: z.number() })
const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

let fake: FakeAnthropic
let proxy: Ccproxy
let before = 0

function client(mode = '', maxRetries = 0): OpenAI {
  return new OpenAI({ baseURL: `${proxy.url}${mode}/v1`, apiKey: CLIENT_TOKEN, maxRetries })
}

/** What reached the upstream, since this test began. */
function sent(index = 0): Json {
  return asJson(JSON.parse(fake.messages()[before + index]?.text ?? '{}'))
}

beforeAll(async () => {
  fake = await startFakeAnthropic({ forbidden: [CLIENT_TOKEN] })
  proxy = await startCcproxy({ upstream: fake.url, env: { AUTH_TOKEN: CLIENT_TOKEN } })
})

afterAll(async () => {
  await proxy.stop()
  await fake.close()
})

beforeEach(() => {
  fake.forget()
  before = fake.messages().length
})

for (const mode of MODES) {
  describe(`the OpenAI SDK on Claude through "${mode || '/'}"`, () => {
    test('gets a chat completion, whole and streamed', async () => {
      fake.reply(text('Grüße, 世界 🙂'), text('Grüße, 世界 🙂'))
      const whole = await client(mode).chat.completions.create({ model, messages: [user] })
      expect(whole.choices[0]).toMatchObject({
        message: { role: 'assistant', content: 'Grüße, 世界 🙂' },
        finish_reason: 'stop',
      })
      expect(whole.usage).toMatchObject({
        prompt_tokens: 15,
        completion_tokens: 7,
        total_tokens: 22,
      })
      const streamed = await client(mode)
        .chat.completions.stream({
          model,
          messages: [user],
          stream_options: { include_usage: true },
        })
        .finalChatCompletion()
      expect(streamed.choices[0]?.message.content).toBe('Grüße, 世界 🙂')
      expect(streamed.usage).toEqual(whole.usage)
      expect(sent().messages).toEqual([
        { role: 'user', content: [{ type: 'text', text: user.content }] },
      ])
      const request = fake.messages()[before]
      expect(request?.header('x-api-key')).toBe(UPSTREAM_KEY)
      expect(request?.header('authorization')).toBeUndefined()
    })

    test('gets a response, whole and streamed', async () => {
      fake.reply(text('Grüße, 世界 🙂'), text('Grüße, 世界 🙂'))
      const whole = await client(mode).responses.create({ model, input: user.content })
      expect(whole).toMatchObject({ status: 'completed', model, output_text: 'Grüße, 世界 🙂' })
      expect(whole.usage).toMatchObject({ input_tokens: 15, output_tokens: 7, total_tokens: 22 })
      const streamed = await client(mode)
        .responses.stream({ model, input: user.content })
        .finalResponse()
      expect(streamed.output_text).toBe('Grüße, 世界 🙂')
      expect(streamed.usage).toEqual(whole.usage)
    })
  })
}

describe('the OpenAI SDK on Claude with Chat Completions', () => {
  test('maps the names of OpenAI to models of Claude', async () => {
    const reply = await client().chat.completions.create({ model: 'gpt-5.5', messages: [user] })
    expect(reply.model).toBe('gpt-5.5')
    expect(String(sent().model)).toStartWith('claude-sonnet-')
  })

  test('hoists system and developer messages and carries limits, stops and images', async () => {
    await client().chat.completions.create({
      ...{ model, max_completion_tokens: 321, stop: ['END'], user: 'someone' },
      messages: [
        { role: 'system', content: 'S1' },
        { role: 'developer', content: [{ type: 'text', text: 'D1' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See' },
            { type: 'image_url', image_url: { url: PNG } },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          ],
        },
      ],
    })
    expect(JSON.stringify(sent().system)).toMatch(/S1.*D1/)
    expect(sent()).toMatchObject({ max_tokens: 321, stop_sequences: ['END'] })
    expect(sent().metadata).toEqual({ user_id: 'someone' })
    const source = { type: 'base64', media_type: 'image/png', data: PNG.split(',')[1] }
    expect(sent().messages).toMatchObject([
      {
        content: [
          { type: 'text', text: 'See' },
          { type: 'image', source },
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        ],
      },
    ])
  })

  for (const stream of [false, true]) {
    const how = stream ? 'streamed' : 'whole'

    test(`runs its tool helper over two parallel calls and a last answer (${how})`, async () => {
      const calls = message([
        { text: 'Both.' },
        { tool: 'get_weather', input: { city: 'Rom' } },
        { tool: 'get_weather', input: { city: 'Köln "am" Rhein' } },
      ])
      fake.reply(calls, text('Sunny in both.'))
      const asked: string[] = []
      const runnable = {
        type: 'function' as const,
        function: {
          ...{ name: 'get_weather', description: 'The weather', parameters },
          parse: (value: string) => z.object({ city: z.string() }).parse(JSON.parse(value)),
          function: ({ city }: { city: string }) => {
            asked.push(city)
            return `Sun in ${city}`
          },
        },
      }
      const options = { model, messages: [user], tools: [runnable] }
      const { completions } = client().chat
      const runner = stream
        ? completions.runTools({ ...options, stream: true })
        : completions.runTools(options)
      expect(await runner.finalContent()).toBe('Sunny in both.')
      expect(asked).toEqual(['Rom', 'Köln "am" Rhein'])
      expect(sent(1).messages).toMatchObject([
        { role: 'user' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Both.' },
            { type: 'tool_use', input: { city: 'Rom' } },
            { type: 'tool_use', input: { city: 'Köln "am" Rhein' } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result' }, { type: 'tool_result' }] },
      ])
    })

    test(`parses structured output into its schema (${how})`, async () => {
      fake.reply(text('{"city":"Rom","degrees":21.5}'))
      const options = { model, messages: [user], response_format: zodResponseFormat(City, 'city') }
      const { completions } = client().chat
      const reply = stream
        ? await completions.stream(options).finalChatCompletion()
        : await completions.parse(options)
      expect(reply.choices[0]?.message.parsed).toEqual({ city: 'Rom', degrees: 21.5 })
      expect(sent().output_config).toMatchObject({
        format: { type: 'json_schema', schema: { type: 'object', required: ['city', 'degrees'] } },
      })
    })

    test(`hands thinking out and takes it back with its signature (${how})`, async () => {
      fake.reply(
        message([
          { thinking: 'Think of' },
          { text: 'I look.' },
          { thinking: ' Rom.' },
          { tool: 'get_weather', input: { city: 'Rom' } },
        ]),
        text('Sun.'),
      )
      const options = { model, reasoning_effort: 'high' as const, tools: [weather] }
      const { completions } = client().chat
      let told = ''
      const listen = async () => {
        const run = completions.stream({ ...options, messages: [user] })
        run.on('chunk', ({ choices }) => {
          told += String(asJson(choices[0]?.delta).reasoning_content ?? '')
        })
        return run.finalChatCompletion()
      }
      const reply = stream
        ? await listen()
        : await completions.create({ ...options, messages: [user] })
      const said = reply.choices[0]?.message
      if (said === undefined) throw new Error('No message came')
      // The stream helper keeps only the last piece of a field that it does not know.
      expect(stream ? told : asJson(said).reasoning_content).toBe('Think of Rom.')
      expect(sent().output_config).toMatchObject({ effort: 'high' })
      const [call] = said.tool_calls ?? []
      const answer = { role: 'tool' as const, tool_call_id: call?.id ?? '', content: 'Sun in Rom' }
      await completions.create({ ...options, messages: [user, said, answer] })
      const [, assistant] = asArray(sent(1).messages)
      // The fake takes a thinking block back only with the very signature that it gave.
      const types = asArray(asJson(assistant).content).map((block) => asJson(block).type)
      expect(types).toEqual(['thinking', 'thinking', 'text', 'tool_use'])
    })
  }

  test('forces, forbids and serialises tools', async () => {
    const older = 'claude-sonnet-4-6'
    const options = { model: older, messages: [user], tools: [weather] }
    const { completions } = client().chat
    await completions.create({ ...options, tool_choice: 'required', parallel_tool_calls: false })
    await completions.create({
      ...options,
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
    })
    await completions.create({ ...options, tool_choice: 'none' })
    const choices = [0, 1, 2].map((index) => sent(index).tool_choice)
    expect(choices).toEqual([
      { type: 'any', disable_parallel_tool_use: true },
      { type: 'tool', name: 'get_weather' },
      { type: 'none' },
    ])
  })

  test('streams the arguments of a call as they come', async () => {
    fake.reply(tool('get_weather', { city: 'Rom' }))
    const events = await client().chat.completions.create({
      ...{ model, messages: [user], tools: [weather], stream: true },
    })
    const pieces: string[] = []
    const indices = new Set<number>()
    for await (const event of events) {
      for (const call of event.choices[0]?.delta.tool_calls ?? []) {
        indices.add(call.index)
        if (call.function?.arguments) pieces.push(call.function.arguments)
      }
    }
    expect(pieces.length).toBeGreaterThan(1)
    expect(pieces.join('')).toBe('{"city":"Rom"}')
    expect([...indices]).toEqual([0])
  })

  test('says what was dropped', async () => {
    const call = client().chat.completions.create({
      model,
      messages: [user],
      seed: 7,
      logit_bias: {},
    })
    const { response } = await call.withResponse()
    expect(response.headers.get('x-ccproxy-notes')).toContain('seed')
    expect(sent()).not.toHaveProperty('seed')
  })

  test('refuses n of 2 by its name', async () => {
    const error = await thrown(client().chat.completions.create({ model, messages: [user], n: 2 }))
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect(error).toMatchObject({ status: 400, param: 'n', type: 'invalid_request_error' })
    expect(fake.messages().length).toBe(before)
  })
})

describe('the OpenAI SDK on Claude with Responses', () => {
  for (const stream of [false, true]) {
    const how = stream ? 'streamed' : 'whole'
    const make = (options: OpenAI.Responses.ResponseCreateParamsNonStreaming) =>
      stream
        ? client()
            .responses.stream({ ...options, stream: true })
            .finalResponse()
        : client().responses.create(options)

    test(`replays reasoning and parallel calls without a store (${how})`, async () => {
      fake.reply(
        message([
          { thinking: 'Think of both.' },
          { redacted: 'EmwKAhgBEgy3va3pzix' },
          { text: 'Both.' },
          { tool: 'get_weather', input: { city: 'Rom' } },
          { tool: 'get_weather', input: { city: 'Köln' } },
        ]),
        text('Sunny in both.'),
      )
      const options = {
        ...{ model, store: false, tools: [flatWeather], reasoning: { effort: 'high' as const } },
        include: ['reasoning.encrypted_content' as const],
      }
      const input: OpenAI.Responses.ResponseInputItem[] = [user]
      const first = await make({ ...options, input })
      expect(first.output.map((item) => item.type)).toEqual([
        ...(['reasoning', 'reasoning', 'message', 'function_call', 'function_call'] as const),
      ])
      for (const item of first.output) {
        if (item.type === 'reasoning' || item.type === 'message') input.push(item)
        if (item.type !== 'function_call') continue
        const { type, call_id, name, arguments: given } = item
        input.push({ type, call_id, name, arguments: given })
      }
      for (const item of first.output) {
        if (item.type !== 'function_call') continue
        input.push({ type: 'function_call_output', call_id: item.call_id, output: item.arguments })
      }
      const last = await make({ ...options, input })
      expect(last.output_text).toBe('Sunny in both.')
      expect(sent(1).messages).toMatchObject([
        { role: 'user' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Think of both.' },
            { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix' },
            { type: 'text', text: 'Both.' },
            { type: 'tool_use', input: { city: 'Rom' } },
            { type: 'tool_use', input: { city: 'Köln' } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result' }, { type: 'tool_result' }] },
      ])
    })

    test(`parses structured output into its schema (${how})`, async () => {
      fake.reply(text('{"city":"Rom","degrees":21.5}'))
      const options = { model, input: 'Weather?', text: { format: zodTextFormat(City, 'city') } }
      const reply = stream
        ? await client().responses.stream(options).finalResponse()
        : await client().responses.parse(options)
      expect(reply.output_parsed).toEqual({ city: 'Rom', degrees: 21.5 })
      expect(sent().output_config).toMatchObject({ format: { type: 'json_schema' } })
    })

    test(`tells an answer that was cut by the limit (${how})`, async () => {
      fake.reply(text('Half an ans', { stopReason: 'max_tokens' }))
      const reply = await make({ model, input: 'Hello', max_output_tokens: 99 })
      expect(reply).toMatchObject({
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
      })
      expect(sent().max_tokens).toBe(99)
    })
  }

  test('numbers its events without a gap, ends with the whole response', async () => {
    fake.reply(message([{ thinking: 'Hm.' }, { text: 'Yes.' }, { tool: 'x', input: {} }]))
    const events = await client().responses.create({ model, input: 'Hello', stream: true })
    const seen: OpenAI.Responses.ResponseStreamEvent[] = []
    for await (const event of events) seen.push(event)
    expect(seen.map((event) => event.sequence_number)).toEqual(seen.map((_, index) => index))
    expect(seen[0]?.type).toBe('response.created')
    expect(seen.at(-1)?.type).toBe('response.completed')
    const added = seen.filter((event) => event.type === 'response.output_item.added')
    const done = seen.filter((event) => event.type === 'response.output_item.done')
    expect(added.map((event) => event.output_index)).toEqual([0, 1, 2])
    expect(done.map((event) => event.output_index)).toEqual([0, 1, 2])
  })

  test('refuses a stored conversation by its name', async () => {
    const error = await thrown(
      client().responses.create({ model, input: 'Hello', previous_response_id: 'resp_1' }),
    )
    expect(error).toMatchObject({ status: 400, param: 'previous_response_id' })
    expect(fake.messages().length).toBe(before)
  })
})

describe('the OpenAI SDK on Claude when Claude fails', () => {
  const cases = [
    [400, 'invalid_request_error', OpenAI.BadRequestError],
    [401, 'authentication_error', OpenAI.AuthenticationError],
    [403, 'permission_error', OpenAI.PermissionDeniedError],
    [404, 'not_found_error', OpenAI.NotFoundError],
    [413, 'request_too_large', OpenAI.APIError],
    [429, 'rate_limit_error', OpenAI.RateLimitError],
    [500, 'api_error', OpenAI.InternalServerError],
    [529, 'overloaded_error', OpenAI.InternalServerError],
  ] as const

  for (const [status, type, Class] of cases) {
    test(`throws its class for a ${status} on both endpoints, the message kept`, async () => {
      const refuse = () => apiError(status, type, `Because of ${status}`, { 'retry-after': '7' })
      fake.reply(refuse(), refuse())
      const errors = [
        await thrown(client().chat.completions.create({ model, messages: [user] })),
        await thrown(client().responses.create({ model, input: 'Hello' })),
      ]
      for (const error of errors) {
        expect(error).toBeInstanceOf(Class)
        expect(String(error)).toContain(`Because of ${status}`)
        expect(error).toMatchObject({ status })
      }
    })
  }

  test('retries a 529 by itself, when it is told', async () => {
    fake.reply(
      apiError(529, 'overloaded_error', 'Overloaded', { 'retry-after-ms': '10' }),
      text('Second time.'),
    )
    const reply = await client('', 1).chat.completions.create({ model, messages: [user] })
    expect(reply.choices[0]?.message.content).toBe('Second time.')
    expect(fake.messages().length - before).toBe(2)
  })

  test('throws for an error inside a stream and for a stream that breaks off', async () => {
    const faults = [midStreamError('overloaded_error', 'Overloaded now'), cutStream('after-frame')]
    for (const fault of faults) {
      fake.reply(fault, fault)
      const chat = client().chat.completions.stream({ model, messages: [user] })
      expect(await thrown(chat.finalChatCompletion())).toBeInstanceOf(Error)
      const types: string[] = []
      const error = await thrown(
        (async () => {
          const events = await client().responses.create({ model, input: 'Hello', stream: true })
          for await (const event of events) types.push(event.type)
        })(),
      )
      expect(types).not.toContain('response.completed')
      expect(types.includes('response.failed') || error instanceof OpenAI.APIError).toBe(true)
    }
  })

  test('throws its class for a wrong client key, without asking Claude', async () => {
    const wrong = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'wrong', maxRetries: 0 })
    const error = await thrown(wrong.chat.completions.create({ model, messages: [user] }))
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(fake.messages().length).toBe(before)
  })
})

test('the OpenAI SDK lists the models and gets one', async () => {
  const ids: string[] = []
  for await (const entry of client().models.list()) ids.push(entry.id)
  expect(ids).toContain('claude-opus-5-5')
  expect(await client('/openai').models.retrieve('claude-sonnet-4-6')).toMatchObject({
    ...{ id: 'claude-sonnet-4-6', object: 'model' },
  })
})

test('nothing that reached Claude was refused', () => {
  expect(fake.violations).toEqual([])
})

function thrown(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  )
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
