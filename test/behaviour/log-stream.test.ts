import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { EventStreams } from '../../src/http/event-stream.ts'
import { logStream } from '../../src/http/logs/stream.ts'
import { Live } from '../../src/record/live.ts'
import { Running } from '../../src/record/running.ts'
import { type EventListener, listenTo } from '../support/event-listener.ts'
import { silenceAfterFirst } from '../support/fake-fault.ts'
import { apiError, text } from '../support/fake-reply.ts'
import { settled } from '../support/ledger-rows.ts'
import { type Observed, objectsIn, startObserved } from '../support/observed.ts'
import { messageBody, post, rawClient } from '../support/raw-client.ts'
import { until } from '../support/wait.ts'

let observed: Observed

beforeAll(async () => {
  observed = await startObserved()
})
afterAll(() => observed.stop())

async function listen(query = '', lastId?: string): Promise<EventListener> {
  const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
  const listener = await listenTo(`${observed.proxy.url}/logs/stream${query}`, headers)
  await listener.event('hello')
  return listener
}

describe('GET /logs/stream', () => {
  test('tells a stream from its start to its end, in order', async () => {
    const listener = await listen()
    expect(listener.response.headers.get('content-type')).toBe('text/event-stream')
    expect(listener.heard[0]?.data).toEqual({
      version: expect.any(String),
      time: expect.any(String),
      missed: false,
      running: [],
    })
    observed.fake.reply(text('A stream that takes its time', { pace: 30 }))
    const reply = observed.send({ stream: true })
    const { data: started } = await listener.event('started')
    expect(started).toMatchObject({
      serial: expect.any(Number),
      model: 'claude-sonnet-4-6',
      provider: 'anthropic',
      stream: true,
      path: '/v1/messages',
    })
    expect(listener.heard.some(({ event }) => event === 'settled')).toBe(false)
    const late = await listen()
    expect(objectsIn(late.heard[0]?.data.running)).toMatchObject([{ serial: started.serial }])
    late.leave()
    const { data: first } = await listener.event('first_byte')
    expect(first).toMatchObject({ serial: started.serial, id: started.id })
    expect(Number(first.first_byte_ms)).toBeGreaterThanOrEqual(0)
    const { data: over } = await listener.event('settled')
    expect(over).toMatchObject({
      serial: started.serial,
      id: started.id,
      status: 200,
      ended: 'complete',
      tokens: { input: expect.any(Number), output: expect.any(Number) },
      cost_usd: expect.any(Number),
      list_price: false,
      duration_ms: expect.any(Number),
    })
    await (await reply).text()
    expect(listener.heard.map(({ event }) => event)).toEqual([
      'hello',
      'started',
      'first_byte',
      'settled',
    ])
    listener.leave()
  })

  test('tells who comes back what it missed, and whether something is gone', async () => {
    const first = await listen()
    await observed.send()
    const { id } = await first.event('settled')
    first.leave()
    await observed.send({ model: 'claude-opus-4-6' })
    await observed.send({ model: 'claude-haiku-4-5' })
    const again = await listen('', id)
    const { data } = await again.event('settled', 2)
    expect(data).toMatchObject({ model: 'claude-haiku-4-5' })
    expect(again.heard.map(({ event }) => event)).toEqual(['hello', 'settled', 'settled'])
    expect(again.heard[0]?.data).toMatchObject({ missed: false })
    expect(again.heard[0]?.id).toBe(id)
    again.leave()
    for (const strange of ['another-1', '7', `${id}9`, `${id?.split('-')[0]}-99999`]) {
      const stranger = await listen('', strange)
      expect(stranger.heard[0]?.data).toMatchObject({ missed: true })
      expect(stranger.heard.length).toBe(1)
      stranger.leave()
    }
  })

  test('is filtered; by results only what settled is told', async () => {
    const [opus, failed] = [await listen('?model=claude-opus-4-6'), await listen('?status=5xx')]
    observed.fake.reply(
      text('a'),
      text('b'),
      apiError(500, 'api_error', 'Internal'),
      apiError(500, 'api_error', 'Internal'),
      apiError(500, 'api_error', 'Internal'),
    )
    await observed.send()
    await observed.send({ model: 'claude-opus-4-6' })
    await observed.send()
    const { data } = await failed.event('settled')
    expect(data).toMatchObject({ status: 500 })
    observed.fake.forget()
    expect(failed.heard.map(({ event }) => event)).toEqual(['hello', 'settled'])
    expect(opus.heard.map(({ event }) => event)).toEqual([
      'hello',
      'started',
      'first_byte',
      'settled',
    ])
    opus.leave()
    failed.leave()
  })

  test('forgets who leaves', async () => {
    const listeners = async () => Object((await observed.get('/logs/status')).body.live).listeners
    await until('nobody', async () => (await listeners()) === 0)
    const some = [await listen(), await listen()]
    expect(await listeners()).toBe(2)
    for (const one of some) one.leave()
    await until('nobody again', async () => (await listeners()) === 0)
  })

  test('sends away the hundred and first', async () => {
    const many = await Promise.all(Array.from({ length: 100 }, () => listen()))
    const { status, body, headers } = await observed.get('/logs/stream')
    expect(status).toBe(503)
    expect(headers.get('retry-after')).toBe('10')
    expect(JSON.stringify(body)).toContain('GET /logs/query')
    for (const one of many) one.leave()
    await until('room again', async () => {
      const again = await fetch(`${observed.proxy.url}/logs/stream`)
      await again.body?.cancel()
      return again.status === 200
    })
  })

  test('holds nothing large: names that clients choose are cut', async () => {
    const own = await startObserved({ lenient: true })
    const listener = await listenTo(`${own.proxy.url}/logs/stream`)
    await listener.event('hello')
    await own.send({ model: 'x'.repeat(1_000_000) })
    const { data } = await listener.event('settled')
    expect(String(data.model).length).toBe(600)
    expect(JSON.stringify(listener.heard).length).toBeLessThan(20_000)
    listener.leave()
    await own.stop()
  })
})

test('a server that is told to end ends its listeners at once, not its running streams', async () => {
  const own = await startObserved({ env: { SERVER__DRAIN_SECONDS: '0.7' } })
  const listener = await listenTo(`${own.proxy.url}/logs/stream`)
  await listener.event('hello')
  own.fake.reply(silenceAfterFirst())
  const client = await rawClient(own.proxy.port)
  client.send(post('/v1/messages', messageBody(true)))
  await client.readUntil('the first event', (got) => got.includes('message_start'))
  const begun = performance.now()
  own.proxy.signal('SIGTERM')
  await until('the listener to be ended', listener.ended)
  expect(performance.now() - begun).toBeLessThan(600)
  expect(await own.proxy.exited).toBe(0)
  expect(performance.now() - begun).toBeGreaterThan(600)
  await own.stop()
})

test('a reader that reads nothing is let go after 8 MiB; the others hear everything', async () => {
  const live = new Live(new Running())
  const streams = new EventStreams()
  const options = { live, filter: {}, lastId: undefined, version: '0', cost: () => undefined }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => streams.respond({ subscribe: logStream(options) }),
  })
  const slow = await rawClient(server.port ?? 0)
  slow.send('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await slow.readUntil('the greeting', (got) => got.includes('event: hello'))
  slow.pause()
  const quick = await listenTo(server.url.href)
  await quick.event('hello')
  const error = 'e'.repeat(600)
  let told = 0
  while (live.listeners > 1 && told < 100_000) {
    for (let at = 0; at < 500; at += 1) live.observer.settled(settled({ error }))
    told += 500
    await quick.event('settled', told)
  }
  // The queue, what is on its way, and what the system's sockets hold; the slow one has cost no more.
  expect(told * 1000).toBeLessThan(64 * 1024 * 1024)
  expect(live.listeners).toBe(1)
  slow.leave()
  quick.leave()
  streams.endAll()
  await server.stop(true)
}, 20_000)
