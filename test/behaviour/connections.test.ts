import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import { message, type Reply, text } from '../support/fake-reply.ts'
import { ask } from '../support/faults.ts'
import { sleep, until } from '../support/wait.ts'

let fake: FakeAnthropic
let proxy: Ccproxy

beforeAll(async () => {
  fake = await startFakeAnthropic()
  proxy = await startCcproxy({ upstream: fake.url })
})

afterAll(async () => {
  await proxy.stop()
  await fake.close()
  expect(fake.violations).toEqual([])
})

beforeEach(() => fake.forget())

describe('connections to the upstream', () => {
  test('are kept and used again', async () => {
    const before = fake.server.open.total
    for (let count = 0; count < 10; count++) expect((await ask(proxy, '', false)).status).toBe(200)
    expect(fake.server.open.total - before).toBeLessThanOrEqual(2)
  })

  test('carry more than 256 requests at once', async () => {
    const count = 320
    const first = fake.requests.length
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const held: Reply = async (exchange, context) => {
      await gate
      await text('together')(exchange, context)
    }
    fake.reply(...Array.from({ length: count }, () => held))
    const asked = Array.from({ length: count }, () => ask(proxy, '/pt', true, 20000))
    await until('all to be at the upstream', () => fake.requests.length - first === count, 15000)
    open()
    const replies = await Promise.all(asked)
    expect(replies.filter((reply) => reply.status === 200).length).toBe(count)
  }, 30000)

  test('are tried once more when a reused one was dead before its first byte', async () => {
    for (const mode of ['', '/pt']) {
      const first = await ask(proxy, mode, false)
      expect(first.status).toBe(200)
      expect(first.headers.get('x-ccproxy-attempts')).toBeUndefined()
      const index = fake.requests.length
      fake.reply(
        async (exchange) => {
          exchange.finish()
          exchange.socket.destroy()
        },
        message([{ text: 'Second connection' }]),
      )
      const reply = await ask(proxy, mode, false)
      expect(reply.status).toBe(200)
      expect(reply.body.toString()).toContain('Second connection')
      expect(reply.headers.get('x-ccproxy-attempts')).toBe('2')
      expect(fake.requests.length - index).toBe(2)
      expect(fake.requests[index]?.connection).not.toBe(fake.requests[index + 1]?.connection ?? -1)
    }
  })

  test('that fail twice say so, and where they went', async () => {
    expect((await ask(proxy, '', false)).status).toBe(200)
    const dies: Reply = async (exchange) => {
      exchange.finish()
      exchange.socket.destroy()
    }
    fake.reply(dies, dies)
    const { status, headers } = await ask(proxy, '', false)
    expect(status).toBe(502)
    expect(headers.get('x-ccproxy-attempts')).toBe('2')
    expect(headers.get('x-ccproxy-upstream')).toBe('anthropic/claude-sonnet-4-6')
  })

  test('that the upstream closed while idle are not noticed by the client', async () => {
    for (let count = 0; count < 5; count++) {
      expect((await ask(proxy, '', false)).status).toBe(200)
      fake.server.dropConnections()
      if (count % 2 === 0) await sleep(20)
    }
  })
})
