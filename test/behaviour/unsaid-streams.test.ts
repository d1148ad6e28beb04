import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { until } from '../support/wait.ts'

// Servers that stream without saying so: a framework's StreamingResponse names no type, others plain text or JSON.

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const WORDS = [chunk({ role: 'assistant', content: 'Grüße' }), chunk({ content: ', 世界' })]
const END = `${chunk({}, 'stop')}data: [DONE]\n\n`
const TYPES = ['', 'text/plain; charset=utf-8', 'Application/Octet-Stream', 'application/json']

const bytes = (text: string) => new TextEncoder().encode(text)

let type = ''
let body: () => Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> = () => bytes('')
let proxy: Ccproxy
const upstream = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  // Bytes, since Bun names the type of a text.
  fetch: () => new Response(body(), { headers: type === '' ? {} : { 'content-type': type } }),
})

beforeAll(async () => {
  proxy = await startCcproxy({
    key: false,
    env: { UPSTREAM_BASE_URL: `http://127.0.0.1:${upstream.port}/v1`, UPSTREAM_API_KEY: 'k' },
  })
})

afterAll(async () => {
  await proxy.stop()
  await upstream.stop(true)
})

function ask(path: string, stream: boolean): Promise<Response> {
  const messages = [{ role: 'user', content: 'Hello' }]
  return fetch(proxy.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', max_tokens: 100, messages, stream }),
  })
}

describe('a stream that its server does not call one', () => {
  for (const said of TYPES) {
    test(`as "${said}", is a stream to who asked for one`, async () => {
      type = said
      body = () => bytes(WORDS.join('') + END)
      const messages = await ask('/v1/messages', true)
      expect(messages.status).toBe(200)
      expect(messages.headers.get('content-type')).toStartWith('text/event-stream')
      const text = await messages.text()
      expect(text).toContain('"text":", 世界"')
      expect(text).toContain('event: message_stop')
      const chat = await ask('/v1/chat/completions', true)
      expect(chat.headers.get('content-type')).toStartWith('text/event-stream')
      expect(await chat.text()).toBe(WORDS.join('') + END)
    })

    test(`as "${said}", is a reply to who asked for one`, async () => {
      type = said
      body = () => bytes(`\n\n: connected\n\n${WORDS.join('')}${END}`)
      expect(await (await ask('/v1/messages', false)).json()).toMatchObject({
        content: [{ type: 'text', text: 'Grüße, 世界' }],
        stop_reason: 'end_turn',
      })
    })

    test(`as "${said}", JSON is JSON, and a page is none`, async () => {
      type = said
      const message = { role: 'assistant', content: 'ok' }
      body = () =>
        bytes(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }))
      expect(await (await ask('/v1/messages', false)).json()).toMatchObject({
        content: [{ type: 'text', text: 'ok' }],
      })
      body = () => bytes('database: gone')
      const page = await ask('/v1/messages', true)
      expect(page.status).toBe(502)
      body = () => bytes('')
      expect((await ask('/v1/messages', false)).status).toBe(502)
    })
  }

  test('comes as it is sent', async () => {
    type = 'text/plain'
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    body = () =>
      new ReadableStream({
        async start(controller) {
          controller.enqueue(bytes(WORDS[0] ?? ''))
          await held
          controller.enqueue(bytes(WORDS[1] + END))
          controller.close()
        },
      })
    const reply = await ask('/v1/messages', true)
    let text = ''
    const reading = (async () => {
      for await (const part of reply.body ?? []) text += new TextDecoder().decode(part)
    })()
    await until('the first words', () => text.includes('Grüße'))
    expect(text).not.toContain('世界')
    goOn()
    await reading
    expect(text).toContain('世界')
  })
})
