import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import { pieces, silence, silenceAfterFirst, silenceInsideJson } from '../support/fake-fault.ts'
import { apiError, chunk, frame, type Reply, streamHead, text } from '../support/fake-reply.ts'
import { ask, eventsOf } from '../support/faults.ts'
import { messageBody, parseReply, post, rawClient } from '../support/raw-client.ts'
import { sleep, until, within } from '../support/wait.ts'

const PING = /event: ping\ndata: \{"type": ?"ping"\}\n\n/g
const OWN_FRAME = frame({ type: 'message_stop' })
const FRAME = frame({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'half and half' },
})

let fake: FakeAnthropic
let proxy: Ccproxy
let longSilence: ReturnType<typeof ask>

beforeAll(async () => {
  fake = await startFakeAnthropic()
  const env = { SERVER__PING_SECONDS: '0.3', SERVER__EARLY_OPEN_SECONDS: '0.9' }
  proxy = await startCcproxy({ upstream: fake.url, env })
  // Starts first and is awaited late: the other tests run meanwhile.
  fake.reply(withSilence(11000, [FRAME, OWN_FRAME]))
  longSilence = ask(proxy, '/pt', true, 15000)
  await (await fake.waitFor(0)).complete
})

afterAll(async () => {
  await proxy.stop()
  await fake.close()
  expect(fake.violations).toEqual([])
})

beforeEach(() => fake.forget())

/** Sends these pieces with a silence before each but the first. */
function withSilence(milliseconds: number, parts: readonly string[]): Reply {
  return async (exchange) => {
    await exchange.request.complete
    await exchange.write(streamHead())
    for (const [index, part] of parts.entries()) {
      if (index > 0) await sleep(milliseconds)
      await exchange.write(chunk(part))
    }
    await exchange.write('0\r\n\r\n')
    exchange.finish()
  }
}

describe('a quiet upstream', () => {
  for (const mode of ['', '/api', '/min']) {
    test(`gets pings between events through "${mode || '/'}"`, async () => {
      fake.reply(withSilence(1000, [FRAME, OWN_FRAME]))
      const reply = await ask(proxy, mode, true)
      const body = reply.body.toString()
      expect(body.replace(PING, '')).toBe(FRAME + OWN_FRAME)
      const pings = body.match(PING)?.length ?? 0
      expect(pings).toBeGreaterThanOrEqual(2)
      expect(pings).toBeLessThanOrEqual(4)
      expect(body).toStartWith(FRAME)
    })
  }

  test('gets no ping inside a half event', async () => {
    fake.reply(withSilence(800, [FRAME + FRAME.slice(0, 40), FRAME.slice(40), OWN_FRAME]))
    const body = (await ask(proxy, '', true)).body.toString()
    expect(body.replace(PING, '')).toBe(FRAME + FRAME + OWN_FRAME)
    expect(body.match(PING)?.length ?? 0).toBeGreaterThanOrEqual(2)
  })

  test('gets no ping while events come more often than that', async () => {
    const parts = [...Array.from({ length: 8 }, () => FRAME), OWN_FRAME]
    fake.reply(withSilence(120, parts))
    expect((await ask(proxy, '', true)).body.toString()).toBe(parts.join(''))
  })

  test('gets not a byte more through "/pt"', async () => {
    fake.reply(withSilence(1000, [FRAME + FRAME.slice(0, 40), FRAME.slice(40), OWN_FRAME]))
    const reply = await ask(proxy, '/pt', true)
    expect(reply.body.toString()).toBe(FRAME + FRAME + OWN_FRAME)
    expect(reply.whole).toBe(true)
  })

  test('passes an event on at once, not with the next', async () => {
    fake.reply(withSilence(250, [FRAME, OWN_FRAME]))
    const client = await rawClient(proxy.port)
    const start = performance.now()
    client.send(post('/v1/messages', messageBody(true)))
    await client.readUntil('the first event', (got) => got.includes('half and half'))
    expect(performance.now() - start).toBeLessThan(150)
    await within(5000, 'the end', client.closed)
  })
})

describe('a slow start', () => {
  test('opens early with 200 and pings, then carries the stream', async () => {
    fake.reply(text('Late but whole', { stallBefore: 1800 }))
    const client = await rawClient(proxy.port)
    const start = performance.now()
    client.send(post('/v1/messages', messageBody(true)))
    await client.readUntil('the early ping', (got) => /event: ping/.test(got))
    const opened = performance.now() - start
    expect(opened).toBeGreaterThan(800)
    expect(opened).toBeLessThan(1700)
    await within(5000, 'the end', client.closed)
    const reply = parseReply(client.received())
    expect(reply.status).toBe(200)
    expect(reply.headers.get('content-type')).toStartWith('text/event-stream')
    const events = eventsOf(reply.body).filter(({ event }) => event !== 'ping')
    expect(events[0]?.event).toBe('message_start')
    expect(events.at(-1)?.event).toBe('message_stop')
  })

  test('tells an error inside the stream once it has opened', async () => {
    const late = apiError(529, 'overloaded_error', 'Overloaded late')
    fake.reply(async (exchange, context) => {
      await sleep(1400)
      await late(exchange, context)
    })
    const reply = await ask(proxy, '', true)
    expect(reply.status).toBe(200)
    const last = eventsOf(reply.body).at(-1)
    expect(last?.event).toBe('error')
    expect(last?.data.error).toMatchObject({ type: 'overloaded_error', message: 'Overloaded late' })
  })

  test('keeps the status of a reply that is no stream', async () => {
    const late = apiError(529, 'overloaded_error', 'Overloaded late')
    fake.reply(async (exchange, context) => {
      await sleep(1200)
      await late(exchange, context)
    })
    expect((await ask(proxy, '', false)).status).toBe(529)
  })

  test('keeps the status through "/pt", where nothing is added', async () => {
    const late = apiError(529, 'overloaded_error', 'Overloaded late')
    fake.reply(async (exchange, context) => {
      await sleep(1200)
      await late(exchange, context)
    })
    const reply = await ask(proxy, '/pt', true)
    expect(reply.status).toBe(529)
    expect(reply.body.toString()).not.toContain('ping')
  })
})

describe('a client that leaves', () => {
  const phases = [
    { name: 'before the first byte', stream: true, reply: silence(), sees: '' },
    { name: 'in the stream', stream: true, reply: silenceAfterFirst(), sees: 'message_start' },
    { name: 'before a non-stream reply', stream: false, reply: silence(), sees: '' },
    { name: 'inside a non-stream reply', stream: false, reply: silenceInsideJson(), sees: '' },
  ]
  for (const mode of ['', '/min', '/pt']) {
    for (const { name, stream, reply, sees } of phases) {
      test(`${name} through "${mode || '/'}" ends the upstream request within 1 s`, async () => {
        fake.reply(reply)
        const index = fake.requests.length
        const client = await rawClient(proxy.port)
        client.send(post(`${mode}/v1/messages`, messageBody(stream)))
        const request = await fake.waitFor(index)
        await request.complete
        if (sees !== '') await client.readUntil('the first event', (got) => got.includes(sees))
        else await sleep(60)
        const logged = proxy.logs.length
        const gone = performance.now()
        client.leave()
        const left = await within(1000, 'the upstream request to be aborted', request.left)
        expect(left - gone).toBeLessThan(1000)
        await until('its log line', () =>
          proxy.logs
            .slice(logged)
            .some((line) => line.status === 499 || /client/.test(`${line.end ?? line.ended}`)),
        )
      })
    }
  }

  test('after early opening ends the upstream request too', async () => {
    fake.reply(silence())
    const index = fake.requests.length
    const client = await rawClient(proxy.port)
    client.send(post('/v1/messages', messageBody(true)))
    await client.readUntil('the early ping', (got) => /event: ping/.test(got))
    client.leave()
    await within(1000, 'the upstream request to be aborted', (await fake.waitFor(index)).left)
  })
})

describe('a slow reader', () => {
  const MEGABYTE = 1024 * 1024
  const READERS = 4

  for (const mode of ['', '/pt']) {
    test(`keeps memory bounded through "${mode || '/'}"`, async () => {
      const before = proxy.rss()
      let sent = 0
      const big = frame({
        type: 'content_block_delta',
        index: 0,
        delta: { text: 'x'.repeat(65000) },
      })
      const flood: Reply = async (exchange) => {
        await exchange.request.complete
        await exchange.write(streamHead())
        for (let count = 0; count < (56 * MEGABYTE) / big.length; count++) {
          if (!(await exchange.write(chunk(big)))) return
          sent += big.length
        }
      }
      fake.reply(...Array.from({ length: READERS }, () => flood))
      const clients = await Promise.all(
        Array.from({ length: READERS }, async () => {
          const client = await rawClient(proxy.port)
          client.pause()
          client.send(post(`${mode}/v1/messages`, messageBody(true)))
          return client
        }),
      )
      await sleep(1500)
      expect(sent).toBeGreaterThan(MEGABYTE)
      expect(sent).toBeLessThan(READERS * 40 * MEGABYTE)
      expect(proxy.rss() - before).toBeLessThan(60)
      for (const client of clients) client.leave()
    })
  }
})

test('an empty stream of the upstream is an error, not a silent success', async () => {
  fake.reply(pieces([]))
  const reply = await ask(proxy, '', true)
  expect(reply.body.toString()).toContain('"type":"error"')
})

test('a stream lives through a silence longer than every idle timeout of the server', async () => {
  expect((await longSilence).body.toString()).toBe(FRAME + OWN_FRAME)
}, 20000)
