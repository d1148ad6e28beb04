import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type RawOpenAi, startRawOpenAi, whole } from '../support/raw-openai.ts'

const KEY = 'gateway-dummy-key-0002'
const hello = { model: 'up', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }

let gateway: RawOpenAi
let proxy: Ccproxy

beforeAll(async () => {
  gateway = await startRawOpenAi()
  const env = { UPSTREAM_BASE_URL: `${gateway.url}/v1`, UPSTREAM_API_KEY: KEY }
  proxy = await startCcproxy({ upstream: gateway.url, env })
})

afterAll(async () => {
  await proxy.stop()
  await gateway.close()
})

function post(path: string, body: object): Promise<Response> {
  return fetch(proxy.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
}

for (const path of ['/v1/messages', '/v1/chat/completions']) {
  test(`A key that the upstream quotes is neither told nor logged, on ${path}`, async () => {
    const error = { message: `Incorrect API key provided: ${KEY}.`, type: 'invalid_request_error' }
    gateway.reply(whole(401, { error }))
    const reply = await post(path, hello)
    expect(reply.status).toBe(401)
    const text = await reply.text()
    expect(text).toContain('Incorrect API key provided: ***.')
    expect(text).not.toContain(KEY)
    await Bun.sleep(100)
    expect(proxy.stderr()).not.toContain(KEY)
  })
}

test('An error before any content keeps its status and the retry headers of its reply', async () => {
  const error = { message: 'Rate limited', type: 'rate_limit_error', code: 'rate_limit_exceeded' }
  gateway.reply(
    whole(200, `data: ${JSON.stringify({ error })}\n\n`, {
      'content-type': 'text/event-stream',
      'retry-after': '7',
    }),
  )
  const reply = await post('/v1/messages', { ...hello, stream: true })
  expect(reply.status).toBe(429)
  expect(reply.headers.get('retry-after')).toBe('7')
  expect(reply.headers.get('content-type')).toBe('application/json')
  expect(await reply.json()).toMatchObject({
    type: 'error',
    error: { type: 'rate_limit_error', message: 'Rate limited' },
  })
})
