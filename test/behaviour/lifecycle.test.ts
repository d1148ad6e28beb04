import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Ccproxy, runCcproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import { silenceAfterFirst } from '../support/fake-fault.ts'
import { text } from '../support/fake-reply.ts'
import { eventsOf } from '../support/faults.ts'
import { messageBody, parseReply, post, type RawClient, rawClient } from '../support/raw-client.ts'
import { startRawServer } from '../support/raw-server.ts'
import { sleep, within } from '../support/wait.ts'

let fake: FakeAnthropic

beforeAll(async () => {
  fake = await startFakeAnthropic()
})

afterAll(() => fake.close())

async function withStream(drain: string): Promise<{ proxy: Ccproxy; client: RawClient }> {
  const env = { SERVER__DRAIN_SECONDS: drain }
  const proxy = await startCcproxy({ upstream: fake.url, env })
  const client = await rawClient(proxy.port)
  client.send(post('/v1/messages', messageBody(true)))
  await client.readUntil('the first event', (got) => got.includes('message_start'))
  return { proxy, client }
}

describe('a server that is told to end', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`by ${signal} ends a running stream with an error event after drain_seconds`, async () => {
      fake.reply(silenceAfterFirst())
      const { proxy, client } = await withStream('0.7')
      const start = performance.now()
      proxy.signal(signal)
      await within(5000, 'the stream to end', client.closed)
      const took = performance.now() - start
      expect(took).toBeGreaterThan(600)
      expect(took).toBeLessThan(3000)
      const reply = parseReply(client.received())
      expect(eventsOf(reply.body).at(-1)?.event).toBe('error')
      expect(reply.whole).toBe(true)
      expect(await within(3000, 'its exit', proxy.exited)).toBe(0)
      await proxy.stop()
    })
  }

  test('lets a running stream finish', async () => {
    fake.reply(text('A stream that takes its time', { pace: 80 }))
    const { proxy, client } = await withStream('10')
    const start = performance.now()
    proxy.signal('SIGTERM')
    await within(5000, 'the stream to end', client.closed)
    expect(eventsOf(parseReply(client.received()).body).at(-1)?.event).toBe('message_stop')
    expect(await within(2000, 'its exit', proxy.exited)).toBe(0)
    expect(performance.now() - start).toBeLessThan(4000)
    await proxy.stop()
  })

  test('takes no new request', async () => {
    fake.reply(silenceAfterFirst())
    const { proxy, client } = await withStream('10')
    const count = fake.requests.length
    proxy.signal('SIGTERM')
    await sleep(150)
    const status = await fetch(`${proxy.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: messageBody(false),
    }).then(
      (reply) => reply.status,
      () => 'refused',
    )
    expect(['refused', 503]).toContain(status)
    expect(fake.requests.length).toBe(count)
    client.leave()
    await within(3000, 'its exit', proxy.exited)
    await proxy.stop()
  })

  test('twice ends at once', async () => {
    fake.reply(silenceAfterFirst())
    const { proxy, client } = await withStream('20')
    proxy.signal('SIGTERM')
    await sleep(200)
    const start = performance.now()
    proxy.signal('SIGTERM')
    await within(2000, 'its exit', proxy.exited)
    expect(performance.now() - start).toBeLessThan(1000)
    await within(1000, 'the stream to end', client.closed)
    await proxy.stop()
  })

  test('without requests ends at once', async () => {
    const proxy = await startCcproxy({ upstream: fake.url })
    const start = performance.now()
    proxy.signal('SIGTERM')
    expect(await within(3000, 'its exit', proxy.exited)).toBe(0)
    expect(performance.now() - start).toBeLessThan(1500)
    await proxy.stop()
  })
})

describe('a taken port', () => {
  test('is refused with the process that has it and what to do', async () => {
    const holder = await startRawServer(() => undefined)
    const outcome = await runCcproxy(['serve', '--port', String(holder.port)])
    await holder.close()
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toContain(String(holder.port))
    expect(outcome.stderr).toContain(String(process.pid))
    expect(outcome.stderr).toContain('--port')
  })

  test('is never shared by two instances', async () => {
    const first = await startCcproxy({ upstream: fake.url })
    const outcome = await runCcproxy(['serve', '--port', String(first.port)])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toContain(String(first.pid))
    expect((await fetch(`${first.url}/health`)).status).toBe(200)
    await first.stop()
  })
})
