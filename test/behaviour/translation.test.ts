import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import {
  chatChunk,
  chatEvents,
  completionOf,
  cut,
  data,
  events,
  hang,
  type RawOpenAi,
  RESPONSE_CREATED,
  responseEvent,
  startRawOpenAi,
  whole,
} from '../support/raw-openai.ts'
import { until, within } from '../support/wait.ts'

const GATEWAY_KEY = 'gateway-dummy-key-0001'
const ROLE = chatChunk({ role: 'assistant', content: '' })

let gateway: RawOpenAi
let anthropic: FakeAnthropic
let proxy: Ccproxy

beforeAll(async () => {
  gateway = await startRawOpenAi()
  anthropic = await startFakeAnthropic({ forbidden: [GATEWAY_KEY] })
  const timing = {
    SERVER__PING_SECONDS: '0.3',
    SERVER__EARLY_OPEN_SECONDS: '1',
    NETWORK__IDLE_TIMEOUT_SECONDS: '2',
  }
  const provider = (name: string, wire: string) =>
    `[providers.${name}]\nkind = "openai"\nwire = "${wire}"\nbase_url = "${gateway.url}/v1"\napi_key = "${GATEWAY_KEY}"\n`
  const toml = [
    provider('gw', 'chat'),
    provider('rs', 'responses'),
    provider('plain', 'chat').replace('/v1"', '/plain/v1"'),
    '[providers.plain.models]\n"big" = "vendor/big"\n',
    '[routing.models]\n"routed-*" = "gw/up"\n"*a*a*a*a*a*a*a*a*b" = "gw/never"\n',
  ]
  proxy = await startCcproxy({ upstream: anthropic.url, env: timing, toml: toml.join('') })
})

afterAll(async () => {
  await proxy.stop()
  await gateway.close()
  await anthropic.close()
  // Some names are made up here, and refused as they should be.
  const violations = anthropic.violations.filter(
    (one) => !one.startsWith('POST /v1/messages: model: '),
  )
  expect(violations).toEqual([])
  expect(proxy.stderr()).not.toContain('Unhandled')
  expect(proxy.stderr()).not.toContain(GATEWAY_KEY)
})

const hello = { max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }

function post(path: string, body: object | string, more: RequestInit = {}): Promise<Response> {
  return fetch(proxy.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
    ...more,
  })
}

/** Claude Code's side: a Messages request to the Chat gateway. */
function messages(stream: boolean, more: object = {}): Promise<Response> {
  return post('/to/gw/v1/messages', { model: 'up', ...hello, stream, ...more })
}

function eventNames(text: string): string[] {
  return [...text.matchAll(/^event: (.+)$/gm)].map((match) => match[1] ?? '')
}

describe('an upstream that answers in the other form', () => {
  test('gives JSON where JSON was asked and SSE came', async () => {
    gateway.reply(events(...chatEvents('Gathered.')))
    const reply = await messages(false)
    expect(reply.headers.get('content-type')).toBe('application/json')
    expect(await reply.json()).toMatchObject({
      content: [{ type: 'text', text: 'Gathered.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 7, output_tokens: 2 },
    })
  })

  test('gives SSE where SSE was asked and JSON came', async () => {
    gateway.reply(whole(200, completionOf('Spread.')))
    const reply = await messages(true)
    const text = await reply.text()
    expect(reply.headers.get('content-type')).toStartWith('text/event-stream')
    expect(eventNames(text)).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop'],
      ...['message_delta', 'message_stop'],
    ])
  })

  for (const asks of [false, true]) {
    test(`gives a Chat client ${asks ? 'the' : 'no'} usage chunk where JSON came`, async () => {
      gateway.reply(whole(200, completionOf('Spread.')))
      const more = asks ? { stream_options: { include_usage: true } } : {}
      const body = { model: 'up', ...hello, stream: true, ...more }
      const text = await (await post('/to/gw/v1/chat/completions', body)).text()
      expect(text).toContain('Spread.')
      expect(text.includes('"choices":[]')).toBe(asks)
    })
  }

  test('gives 502 where the gathered stream was cut', async () => {
    gateway.reply(cut(ROLE, chatChunk({ content: 'half' })))
    const reply = await messages(false)
    expect(reply.status).toBe(502)
    expect(await reply.json()).toMatchObject({ type: 'error', error: { type: 'api_error' } })
  })

  test('gives 504 where the gathered stream falls silent, and closes it', async () => {
    gateway.reply(hang(ROLE, chatChunk({ content: 'half' })))
    const reply = await messages(false)
    expect(reply.status).toBe(504)
    await within(1000, 'the upstream to be left', gateway.last().left)
  })
})

describe('an error before any content keeps its own status', () => {
  const failing = data({ error: { message: 'Too fast', type: 'rate_limit_error', code: 429 } })
  const cases: [what: string, texts: string[], status: number][] = [
    ['first of all', [failing], 429],
    ['after the role', [ROLE, failing], 429],
    ['as an end without content', [ROLE], 502],
    ['as an end without anything but a comment', [': hello\n\n'], 502],
    ['as an end mark alone', [data('[DONE]')], 502],
  ]
  for (const [what, texts, status] of cases) {
    test(what, async () => {
      gateway.reply(events(...texts))
      const reply = await messages(true)
      expect(reply.status).toBe(status)
      expect(await reply.json()).toMatchObject({ type: 'error' })
    })
  }

  test('on the Responses wire, right after its start', async () => {
    const response = { id: 'resp_1', object: 'response', status: 'failed', output: [] }
    const error = { code: 'server_is_overloaded', message: 'Overloaded' }
    gateway.reply(
      events(
        RESPONSE_CREATED,
        responseEvent('response.failed', { response: { ...response, error } }),
      ),
    )
    const reply = await post('/to/rs/v1/messages', { model: 'up', ...hello, stream: true })
    expect(reply.status).toBeGreaterThanOrEqual(500)
    expect(await reply.json()).toMatchObject({ error: { message: 'Overloaded' } })
  })

  test('where the answer is 200 and its body an error', async () => {
    gateway.reply(whole(200, { error: { message: 'No credit', code: 402 } }))
    const reply = await messages(false)
    expect(reply.status).toBe(402)
    expect(await reply.json()).toMatchObject({ error: { message: 'No credit' } })
  })
})

describe('an error within a stream comes in the client’s shape', () => {
  const failing = data({ error: { message: 'Gone', type: 'server_error' } })

  test('Messages: an error event, and nothing after it', async () => {
    gateway.reply(events(ROLE, chatChunk({ content: 'x' }), failing, chatChunk({ content: 'y' })))
    const reply = await messages(true)
    const text = await reply.text()
    expect(reply.status).toBe(200)
    expect(eventNames(text).at(-1)).toBe('error')
    expect(text).not.toContain('"y"')
  })

  for (const [path, body, mark] of [
    ['/v1/chat/completions', hello, '"error"'],
    ['/v1/responses', { input: 'Hello' }, 'response.failed'],
  ] as const) {
    test(`${path} on Anthropic`, async () => {
      anthropic.reply(async (exchange) => {
        const start = {
          ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] },
          ...{
            stop_reason: null,
            stop_sequence: null,
            usage: { input_tokens: 1, output_tokens: 1 },
          },
        }
        const said = [
          { type: 'message_start', message: start },
          { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
          { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } },
          { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
        ]
        await events(...said.map((one) => `event: ${one.type}\n${data(one)}`))(exchange, {})
      })
      const reply = await post(path, { model: 'claude-sonnet-5-5', stream: true, ...body })
      const text = await reply.text()
      expect(text).toContain(mark)
      expect(text).toContain('Overloaded')
    })
  }
})

describe('silence', () => {
  const slow =
    (milliseconds: number) => async (exchange: Parameters<ReturnType<typeof hang>>[0]) => {
      await Bun.sleep(milliseconds)
      await events(...chatEvents('Late.'))(exchange, {})
    }
  test('opens a translated stream early, with pings of the client’s protocol', async () => {
    gateway.reply(slow(1700))
    const text = await (await messages(true)).text()
    expect(eventNames(text)[0]).toBe('ping')
    expect(eventNames(text).at(-1)).toBe('message_stop')
  })

  test('never pings a translated stream under /pt', async () => {
    anthropic.reply(async (exchange) => {
      await Bun.sleep(1700)
      exchange.socket.destroy()
    })
    const body = { model: 'claude-sonnet-5-5', stream: true, ...hello }
    const reply = await post('/pt/v1/chat/completions', body)
    expect(await reply.text()).not.toContain('ping')
    expect(reply.status).toBe(502)
  })

  test('an error after the early opening comes in the stream', async () => {
    gateway.reply(async (exchange) => {
      await Bun.sleep(1500)
      await whole(429, { error: { message: 'Too late', type: 'rate_limit_error' } })(exchange, {})
    })
    const reply = await messages(true)
    const text = await reply.text()
    expect(reply.status).toBe(200)
    expect(eventNames(text).at(-1)).toBe('error')
    expect(text).toContain('Too late')
  })
})

describe('a client that leaves a translated stream', () => {
  const phases: [when: string, texts: string[] | undefined, stream: boolean][] = [
    ['before the answer', undefined, true],
    ['before any content', [ROLE], true],
    ['in the middle', [ROLE, chatChunk({ content: 'x' })], true],
    ['while its JSON is gathered', [ROLE, chatChunk({ content: 'x' })], false],
  ]
  for (const [when, texts, stream] of phases) {
    test(when, async () => {
      const before = gateway.requests.length
      gateway.reply(texts === undefined ? () => undefined : hang(...texts))
      const leaving = new AbortController()
      const body = JSON.stringify({ model: 'up', ...hello, stream })
      const reply = post('/to/gw/v1/messages', body, { signal: leaving.signal })
      reply.catch(() => undefined)
      await until('the request upstream', () => gateway.requests.length > before)
      if (when === 'in the middle') await (await reply).body?.getReader().read()
      else await Bun.sleep(100)
      leaving.abort()
      await within(1000, 'the upstream to be left', gateway.last().left)
    })
  }
})

test('max_tokens goes under the other name once an upstream asks for it (A43)', async () => {
  const refusal = {
    message:
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    type: 'invalid_request_error',
    param: 'max_tokens',
    code: 'unsupported_parameter',
  }
  const before = gateway.requests.length
  gateway.reply(whole(400, { error: refusal }))
  expect((await messages(false, { model: 'odd' })).status).toBe(200)
  expect((await messages(true, { model: 'odd' })).status).toBe(200)
  const sent = gateway.requests.slice(before).map(({ text }) => /max_\w*tokens/.exec(text)?.[0])
  expect(sent).toEqual(['max_tokens', 'max_completion_tokens', 'max_completion_tokens'])
})

test('a lower limit that an upstream names is kept to from then on, with a note', async () => {
  const message = 'Range of max_tokens should be [1, 600]'
  const before = gateway.requests.length
  gateway.reply(whole(400, { error: { message, type: 'invalid_request_error' } }))
  for (const stream of [false, true]) {
    const reply = await messages(stream, { model: 'short', max_tokens: 64_000 })
    expect(reply.status).toBe(200)
    expect(reply.headers.get('x-ccproxy-notes')).toContain('max_tokens: 64000 sent as 600')
  }
  const sent = gateway.requests.slice(before).map(({ text }) => /max_tokens":(\d+)/.exec(text)?.[1])
  expect(sent).toEqual(['64000', '600', '600'])
})

test('a rate limit keeps its status, message and retry headers', async () => {
  const limit = { error: { message: 'Slow down', type: 'requests', code: 'rate_limit_exceeded' } }
  gateway.reply(whole(429, limit, { 'retry-after': '7', 'x-ratelimit-remaining-requests': '0' }))
  const reply = await messages(true)
  expect(reply.status).toBe(429)
  expect(reply.headers.get('retry-after')).toBe('7')
  expect(reply.headers.get('x-ratelimit-remaining-requests')).toBe('0')
  expect(await reply.json()).toMatchObject({
    error: { type: 'rate_limit_error', message: 'Slow down' },
  })
})

test('a context overflow comes as the words that make Claude Code compact', async () => {
  const message =
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
  gateway.reply(whole(400, { error: { message, code: 'context_length_exceeded' } }))
  const reply = await messages(false)
  expect(reply.status).toBe(400)
  expect(await reply.text()).toContain('prompt is too long: 9000 tokens > 8192 maximum')
})

for (const path of ['/to/gw/v1/messages', '/to/rs/v1/messages']) {
  for (const stream of [false, true]) {
    test(`JSON that is no answer is a 502: ${path}, stream ${stream}`, async () => {
      gateway.reply(whole(200, { status: 'ok', version: '1' }))
      const reply = await post(path, { model: 'up', ...hello, stream })
      expect(reply.status).toBe(502)
    })
  }
}

test('an unknown status is a 502, not an error of ours', async () => {
  gateway.reply(whole(999, '{}'))
  expect((await messages(false)).status).toBe(502)
})

describe('bad input never reaches an upstream', () => {
  const broken = new Uint8Array([
    ...Buffer.from('{"model":"up","max_tokens":5,"messages":[{"role":"user","content":"'),
    ...[0xff, 0xc3],
    ...Buffer.from('"}]}'),
  ])
  const deep = `{"model":"up","max_tokens":5,"messages":[{"role":"user","content":${'['.repeat(200_000)}${']'.repeat(200_000)}}]}`
  for (const [what, body] of [
    ['invalid UTF-8', broken],
    ['200,000 levels', deep],
    ['null messages', '{"model":"up","messages":null,"max_tokens":5}'],
  ] as const) {
    test(what, async () => {
      const before = gateway.requests.length
      const started = performance.now()
      const reply = await post('/to/gw/v1/messages', '', { body })
      expect(reply.status).toBe(400)
      expect(gateway.requests.length).toBe(before)
      expect(performance.now() - started).toBeLessThan(2500)
    })
  }
})

describe('names of models', () => {
  test('a pattern is no regular expression that a name can make run for ever', async () => {
    const started = performance.now()
    const model = 'a'.repeat(5000)
    const reply = await post('/v1/messages', { model, ...hello })
    await reply.arrayBuffer()
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('routing.models goes first, and /min and /pt never map', async () => {
    const routed = await post('/v1/messages', { model: 'routed-1[1m]', ...hello })
    expect(routed.headers.get('x-ccproxy-upstream')).toBe('gw/up')
    for (const mode of ['/min', '/pt']) {
      await (await post(`${mode}/v1/messages`, { model: 'routed-1', ...hello })).arrayBuffer()
      expect(anthropic.messages().at(-1)?.text).toContain('"routed-1"')
    }
  })

  test('a listed foreign name is taken back', async () => {
    const reply = await post('/v1/messages', { model: 'anthropic/gw/vendor/big-1', ...hello })
    expect(reply.status).toBe(200)
    expect(gateway.body().model).toBe('vendor/big-1')
  })

  test('OpenAI’s names are mapped for OpenAI clients only', async () => {
    await (await post('/v1/chat/completions', { model: 'gpt-4o-mini', ...hello })).arrayBuffer()
    expect(anthropic.messages().at(-1)?.text).toContain('"claude-haiku-5-5"')
    await (await post('/v1/messages', { model: 'gpt-4o-mini', ...hello })).arrayBuffer()
    expect(anthropic.messages().at(-1)?.text).toContain('"gpt-4o-mini"')
  })

  test('a name of any length or content leaves a clean header', async () => {
    const model = `x\r\nx-evil: 1${'y'.repeat(100_000)}`
    const reply = await post('/to/gw/v1/messages', { model, ...hello })
    expect(reply.status).toBe(200)
    expect(reply.headers.get('x-evil')).toBeNull()
    expect(reply.headers.get('x-ccproxy-upstream')?.length).toBeLessThan(400)
  })
})

describe('lists of models', () => {
  const version = { headers: { 'anthropic-version': '2023-06-01' } }

  test('foreign models stand behind Anthropic’s own for its clients', async () => {
    const list = await (await fetch(`${proxy.url}/v1/models?limit=1000`, version)).text()
    expect(list).toContain('"anthropic/gw/vendor/big-1"')
    expect(list).toContain('"claude-opus-5-5"')
  })

  for (const [client, init] of [
    ['Anthropic', version],
    ['OpenAI', {}],
  ] as const) {
    test(`an upstream without a list shows what the settings name, to ${client} clients`, async () => {
      gateway.reply(whole(404, { error: { message: 'Not Found' } }))
      const reply = await fetch(`${proxy.url}/to/plain/v1/models`, init)
      expect(reply.status).toBe(200)
      expect(await reply.text()).toContain('vendor/big"')
    })
  }

  test('a list without its envelope, as Together sends it, is put into one', async () => {
    const entry = { id: 'vendor/bare-1', object: 'model', created: 1_700_000_000, type: 'chat' }
    gateway.reply(whole(200, [entry, { id: 7 }]))
    const openai = await fetch(`${proxy.url}/to/gw/v1/models`)
    expect(await openai.json()).toEqual({
      object: 'list',
      data: [{ id: 'vendor/bare-1', object: 'model', created: 1_700_000_000, owned_by: 'unknown' }],
    })
    gateway.reply(whole(200, [entry]))
    const claude = await (await fetch(`${proxy.url}/to/gw/v1/models`, version)).text()
    expect(claude).toContain('"anthropic/gw/vendor/bare-1"')
  })

  test('an id cannot climb out of the list', async () => {
    const before = gateway.requests.length
    const reply = await fetch(`${proxy.url}/v1/models/anthropic/gw/..%2f..%2fadmin%3fx`)
    expect(reply.status).toBe(404)
    expect(gateway.requests.length).toBe(before)
    expect((await fetch(`${proxy.url}/v1/models/%zz`)).status).toBe(400)
  })

  test('an id that holds "openai" does not decide the shape of an error', async () => {
    const reply = await fetch(`${proxy.url}/v1/models/openai/none`, version)
    expect(reply.status).toBe(404)
    expect(await reply.json()).toMatchObject({ type: 'error' })
  })
})

describe('headers of a translated request', () => {
  test('no credential, cookie or hop header goes up, and the body says what it is', async () => {
    const headers = {
      'x-api-key': 'sk-ant-api03-own-of-the-client',
      cookie: 'session=1',
      connection: 'x-private',
      'x-private': '1',
      'anthropic-version': '2023-06-01',
    }
    const body = new TextEncoder().encode(JSON.stringify({ model: 'up', ...hello }))
    const reply = await post('/to/gw/v1/messages', '', { headers, body })
    expect(reply.status).toBe(200)
    const request = gateway.last()
    const all = request.headers.map(([name, value]) => `${name}: ${value}`).join('\n')
    expect(all).not.toMatch(/sk-ant|session=1|x-private|anthropic-version/i)
    expect(request.header('authorization')).toBe(`Bearer ${GATEWAY_KEY}`)
    expect(request.header('content-type')).toBe('application/json')
  })
})

test('thinking of another upstream is removed before Anthropic, in count_tokens too', async () => {
  gateway.reply(
    whole(200, {
      ...completionOf('Said.'),
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Said.', reasoning_content: 'Thought.' },
          finish_reason: 'stop',
        },
      ],
    }),
  )
  const first: unknown = await (await messages(false)).json()
  const content = Object(first).content
  expect(content[0]).toMatchObject({ type: 'thinking', thinking: 'Thought.' })
  const turns = [
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content },
    { role: 'user', content: 'Again' },
  ]
  for (const path of ['/v1/messages', '/v1/messages/count_tokens']) {
    const limit = path.endsWith('s') && !path.endsWith('tokens') ? { max_tokens: 100 } : {}
    const reply = await post(path, { model: 'claude-sonnet-5-5', ...limit, messages: turns })
    expect(reply.status).toBe(200)
    expect(anthropic.requests.at(-1)?.text).not.toContain('Thought.')
  }
})
