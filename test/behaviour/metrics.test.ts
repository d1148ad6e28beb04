import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { silenceAfterFirst } from '../support/fake-fault.ts'
import { apiError } from '../support/fake-reply.ts'
import { type Observed, startObserved } from '../support/observed.ts'
import { messageBody, post, rawClient } from '../support/raw-client.ts'
import { until } from '../support/wait.ts'

const KEY = 'a-client-key-that-is-long-enough-0001'

const refused = apiError(404, 'not_found_error', 'No such model')

let observed: Observed
beforeAll(async () => {
  observed = await startObserved({ clientKey: KEY })
})
afterAll(() => observed.stop())

const read = (headers: Record<string, string> = { 'x-api-key': KEY }, method = 'GET') =>
  fetch(`${observed.proxy.url}/metrics`, { headers, method })

describe('GET /metrics', () => {
  test('counts what went through', async () => {
    await observed.send()
    const reply = await read()
    expect(reply.status).toBe(200)
    expect(reply.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(reply.headers.get('cache-control')).toBe('no-store')
    const text = await reply.text()
    expect(text).toContain(
      'ccproxy_requests_total{provider="anthropic",protocol="messages",mode="full",endpoint="messages",model="claude-sonnet-4-6",status="200",ended="complete"} 1\n',
    )
    expect(text).toMatch(/ccproxy_tokens_total\{[^}]*kind="output"\} [1-9]/)
    expect(text).toMatch(/ccproxy_cost_usd_total\{[^}]*basis="money"\} 0\.\d+/)
    expect(text).toMatch(/ccproxy_time_to_first_byte_seconds_count\{[^}]*\} 1\n/)
    for (const line of text.trim().split('\n')) expect(line).toMatch(/^(#|ccproxy_|$)/)
  })

  test('shows a stream while it runs', async () => {
    observed.fake.reply(silenceAfterFirst())
    const client = await rawClient(observed.proxy.port)
    client.send(post('/v1/messages', messageBody(true), [['x-api-key', KEY]]))
    await client.readUntil('the first event', (got) => got.includes('message_start'))
    const active = async () =>
      /^ccproxy_active_streams\{provider="anthropic"\} (\d+)$/m.exec(
        await (await read()).text(),
      )?.[1]
    expect(await active()).toBe('1')
    client.leave()
    await until('it to be over', async () => (await active()) === '0')
  })

  test('asks for the client key, and refuses foreign pages', async () => {
    expect((await read({})).status).toBe(401)
    expect((await read({ 'x-api-key': 'wrong' })).status).toBe(401)
    const foreign = { 'x-api-key': KEY, origin: 'https://evil.example' }
    expect((await read(foreign)).status).toBe(403)
    expect((await read({ 'x-api-key': KEY }, 'POST')).status).toBe(405)
  })

  test('is open with security.public_metrics, and nothing else is', async () => {
    const open = await startObserved({ clientKey: KEY, env: { SECURITY__PUBLIC_METRICS: 'true' } })
    const url = open.proxy.url
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    expect((await fetch(`${url}/logs/status`)).status).toBe(401)
    await open.stop()
  })

  test('is bounded whatever clients send', async () => {
    const own = await startObserved({ lenient: true })
    own.fake.otherwise(() => refused)
    await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        own.send({ model: `made-up-${at}` }, {}, at % 2 === 0 ? '/v1/messages' : `/v1/files/${at}`),
      ),
    )
    const text = await (await fetch(`${own.proxy.url}/metrics`)).text()
    expect(text).not.toContain('made-up')
    expect(text).toContain('model="other"')
    expect(text.split('\n').length).toBeLessThan(250)
    await own.stop()
  })
})
