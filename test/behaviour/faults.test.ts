import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import {
  breakAfterHead,
  breakBeforeHead,
  type Coding,
  compressed,
  cutStream,
  earlyHints,
  encode,
  html,
  pieces,
  redirect,
} from '../support/fake-fault.ts'
import { exactly, frame, head, json, type Reply, text } from '../support/fake-reply.ts'
import { ask, eventsOf, expectErrorShape, expectStillServing } from '../support/faults.ts'

let fake: FakeAnthropic
let proxy: Ccproxy

beforeAll(async () => {
  fake = await startFakeAnthropic()
  const env = { NETWORK__HEADER_TIMEOUT_SECONDS: '1.5', NETWORK__IDLE_TIMEOUT_SECONDS: '1' }
  proxy = await startCcproxy({ upstream: fake.url, env })
})

afterAll(async () => {
  await proxy.stop()
  await fake.close()
  expect(fake.violations).toEqual([])
})

beforeEach(() => fake.forget())

const MODES = ['', '/min', '/pt']
const REPLY = { id: 'msg_1', type: 'message', role: 'assistant', content: [], n: 'é'.repeat(500) }
const EVENTS = `${frame({ type: 'message_start', message: REPLY })}${frame({ type: 'message_stop' })}`
const ERROR = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded, sorry' } }

describe('an upstream that breaks before its head', () => {
  for (const how of ['cut', 'reset'] as const) {
    for (const stream of [true, false]) {
      for (const mode of MODES) {
        test(`by ${how} gives 502 (${stream ? 'stream' : 'JSON'}, "${mode || '/'}")`, async () => {
          const index = fake.requests.length
          fake.reply(breakBeforeHead(how, 20), breakBeforeHead(how, 20), breakBeforeHead(how, 20))
          const reply = await ask(proxy, mode, stream)
          expect(reply.status).toBe(502)
          expect(expectErrorShape(reply).type).toBe('api_error')
          expect(fake.requests.length - index).toBeLessThanOrEqual(2)
          await expectStillServing(proxy, fake)
        })
      }
    }
  }
})

describe('an upstream that breaks after its head', () => {
  for (const how of ['cut', 'reset'] as const) {
    test(`by ${how} inside JSON ends with an error, not half a reply`, async () => {
      fake.reply(breakAfterHead(how))
      const reply = await ask(proxy, '', false)
      if (reply.status === 200) expect(reply.whole).toBe(false)
      else expectErrorShape(reply)
      await expectStillServing(proxy, fake)
    })

    test(`by ${how} before the first event ends with an error`, async () => {
      fake.reply(breakAfterHead(how, 'text/event-stream'))
      const reply = await ask(proxy, '', true)
      if (reply.status === 200) expect(eventsOf(reply.body).at(-1)?.event).toBe('error')
      else expectErrorShape(reply)
    })
  }
})

describe('an upstream that breaks in the stream', () => {
  for (const point of ['after-frame', 'mid-frame', 'mid-chunk'] as const) {
    for (const how of ['cut', 'reset'] as const) {
      for (const mode of ['', '/min']) {
        test(`${point} by ${how} ends with an error event through "${mode || '/'}"`, async () => {
          fake.reply(cutStream(point, how))
          const reply = await ask(proxy, mode, true)
          expect(reply.status).toBe(200)
          const events = eventsOf(reply.body)
          expect(events[0]?.event).toBe('message_start')
          expect(reply.body.toString()).not.toContain('NEVER')
          expect(events.filter(({ event }) => event === 'error').length).toBe(1)
          expect(events.at(-1)?.data).toMatchObject({ type: 'error', error: { type: 'api_error' } })
          expect([reply.whole, reply.closed]).toEqual([true, 'end'])
          await expectStillServing(proxy, fake)
        })
      }

      test(`${point} by ${how} is cut the same through "/pt"`, async () => {
        fake.reply(cutStream(point, how))
        const reply = await ask(proxy, '/pt', true)
        expect(reply.status).toBe(200)
        expect(reply.body.toString()).toStartWith('event: message_start')
        expect(reply.body.toString()).not.toContain('event: error')
        expect(reply.whole).toBe(false)
        await expectStillServing(proxy, fake)
      })
    }
  }
})

describe('an upstream that compresses', () => {
  const codings: readonly Coding[] = ['gzip', 'br', 'zstd', 'deflate', 'gzip, br']
  for (const coding of codings) {
    for (const announced of [true, false]) {
      // Only gzip and zstd can be told by their first bytes.
      if (!announced && coding !== 'gzip' && coding !== 'zstd') continue
      for (const mode of MODES) {
        const title = `with ${coding}${announced ? '' : ' unannounced'} through "${mode || '/'}"`

        test(`JSON ${title} arrives readable`, async () => {
          fake.reply(compressed(coding, JSON.stringify(REPLY), { announced }))
          const reply = await ask(proxy, mode, false)
          expect(reply.status).toBe(200)
          expect(reply.headers.get('content-encoding')).toBeUndefined()
          expect(reply.body.toString()).toBe(JSON.stringify(REPLY))
          expect(reply.whole).toBe(true)
        })

        test(`a stream ${title} arrives readable`, async () => {
          fake.reply(compressed(coding, EVENTS, { announced, type: 'text/event-stream' }))
          const reply = await ask(proxy, mode, true)
          expect(reply.headers.get('content-encoding')).toBeUndefined()
          expect(reply.body.toString()).toBe(EVENTS)
          expect(reply.whole).toBe(true)
        })

        test(`an error ${title} arrives readable`, async () => {
          fake.reply(compressed(coding, JSON.stringify(ERROR), { announced, status: 529 }))
          const reply = await ask(proxy, mode, mode !== '')
          expect(reply.status).toBe(529)
          expect(reply.headers.get('content-encoding')).toBeUndefined()
          expect(reply.body.toString()).toBe(JSON.stringify(ERROR))
          expect(reply.whole).toBe(true)
        })
      }
    }
  }

  test('with gzip unannounced and its first byte alone arrives readable', async () => {
    const bytes = encode(EVENTS, 'gzip')
    fake.reply(pieces([bytes.subarray(0, 1), bytes.subarray(1)], { pace: 30 }))
    expect((await ask(proxy, '', true)).body.toString()).toBe(EVENTS)
  })

  // Brotli has no magic number: it may be guessed, but binary must never pass for JSON.
  test('with br unannounced arrives readable or as a clear error', async () => {
    fake.reply(compressed('br', JSON.stringify(REPLY), { announced: false }))
    const reply = await ask(proxy, '', false)
    if (reply.status === 200) expect(reply.body.toString()).toBe(JSON.stringify(REPLY))
    else expect([reply.status, expectErrorShape(reply).type]).toEqual([502, 'api_error'])
  })
})

describe('an upstream that speaks nonsense', () => {
  for (const status of [200, 502, 503]) {
    for (const stream of [true, false]) {
      test(`HTML with ${status} gives a clear error (${stream ? 'stream' : 'JSON'})`, async () => {
        fake.reply(html(status))
        const reply = await ask(proxy, stream ? '/min' : '', stream)
        expect(reply.status).toBe(status === 503 ? 503 : 502)
        expect(expectErrorShape(reply).message).not.toContain('<html')
        await expectStillServing(proxy, fake)
      })
    }
  }

  test('103 Early Hints is passed over', async () => {
    fake.reply(earlyHints(text('After the hints')))
    const reply = await ask(proxy, '', true)
    expect(reply.status).toBe(200)
    expect(eventsOf(reply.body).at(-1)?.event).toBe('message_stop')
  })

  for (const status of [301, 302, 303, 307, 308]) {
    for (const mode of ['', '/pt']) {
      test(`redirect ${status} is not followed through "${mode || '/'}"`, async () => {
        const index = fake.requests.length
        fake.reply(redirect(status, `${fake.url}/v1/models`))
        const reply = await ask(proxy, mode, false)
        expect(fake.requests.length - index).toBe(1)
        expect(reply.status).toBe(502)
        expectErrorShape(reply)
      })
    }
  }

  test('bytes that are no HTTP give 502', async () => {
    fake.reply(exactly('SSH-2.0-OpenSSH_9.6\r\n\r\n', { close: true }))
    const reply = await ask(proxy, '', false)
    expect(reply.status).toBe(502)
    expectErrorShape(reply)
  })

  test('an empty 200 gives 502', async () => {
    fake.reply(exactly(head(200, { 'content-type': 'application/json', 'content-length': '0' })))
    const reply = await ask(proxy, '', false)
    expect(reply.status).toBe(502)
    expectErrorShape(reply)
  })

  test('a JSON reply to a stream request arrives, not hangs', async () => {
    fake.reply(json(200, REPLY))
    const reply = await ask(proxy, '', true)
    expect(reply.body.toString()).toContain('msg_1')
  })
})

describe('an upstream that is too slow or not there', () => {
  test('no head in time gives 504', async () => {
    fake.reply(async (exchange) => void (await exchange.request.left))
    const reply = await ask(proxy, '', false)
    expect(reply.status).toBe(504)
    expect(expectErrorShape(reply).type).toBe('timeout_error')
  })

  test('silence in the stream ends it with an error event', async () => {
    fake.reply(text('never ends', { stallAfterFirst: 60000 }))
    const reply = await ask(proxy, '', true)
    expect(eventsOf(reply.body).at(-1)?.event).toBe('error')
    expect(reply.took).toBeLessThan(4000)
  })

  test('a closed port gives 502 that names no secret', async () => {
    const gone = await startFakeAnthropic()
    await gone.close()
    const alone = await startCcproxy({ upstream: gone.url })
    const reply = await ask(alone, '', false)
    await alone.stop()
    expect(reply.status).toBe(502)
    expect(JSON.stringify(expectErrorShape(reply))).not.toContain('sk-ant')
  })
})

describe('an upstream that speaks no proper HTTP', () => {
  const heads = {
    'it does not speak proper HTTP: check the scheme and the port of base_url':
      'SSH-2.0-OpenSSH_9.9\r\n',
    'its response headers are too large': `HTTP/1.1 200 OK\r\n${`x-a: ${'a'.repeat(60_000)}\r\n`.repeat(40)}\r\n`,
  }
  for (const [meaning, bytes] of Object.entries(heads)) {
    test(`is named in our own words: ${meaning}`, async () => {
      fake.reply(exactly(bytes, { close: true }))
      const reply = await ask(proxy, '', false)
      expect(reply.status).toBe(502)
      expect(expectErrorShape(reply).message).toBe(`Cannot reach upstream "anthropic": ${meaning}`)
    })
  }
})

test('an upstream that sends blanks while it thinks is not called silent', async () => {
  fake.reply(async (exchange) => {
    await exchange.request.complete
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    await exchange.write(head(200, headers))
    for (let count = 0; count < 6; count++) {
      await exchange.write('1\r\n\n\r\n')
      await Bun.sleep(300)
    }
    const body = JSON.stringify(REPLY)
    await exchange.write(`${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`)
    exchange.finish()
  })
  const reply = await ask(proxy, '', false)
  expect([reply.status, reply.body.toString().trim()]).toEqual([200, JSON.stringify(REPLY)])
})

describe('an upstream whose files are pages', () => {
  for (const prefix of MODES) {
    test(`cannot act as this origin ("${prefix || '/'}")`, async () => {
      fake.reply(html(200))
      const { headers } = await fetch(`${proxy.url}${prefix}/v1/files/file_1/content`)
      // A browser runs nothing of it, and takes it for no origin of ours.
      expect(headers.get('content-security-policy')).toBe('sandbox')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    })
  }
})

describe('an upstream that sends without end', () => {
  let patient: Ccproxy
  beforeAll(async () => {
    patient = await startCcproxy({ upstream: fake.url })
  })
  afterAll(() => patient.stop())
  const MIB = Buffer.alloc(1024 * 1024, ' ')
  /** Sends blanks until the reader leaves; tells how many it got rid of. */
  const endless = (type: string, start: string, sent: { mib: number }): Reply => {
    return async (exchange) => {
      await exchange.request.complete
      let left = false
      exchange.request.left.then(() => {
        left = true
      })
      const headers = { 'content-type': type, 'transfer-encoding': 'chunked' }
      await exchange.write(`${head(200, headers)}${start.length.toString(16)}\r\n${start}\r\n`)
      for (; !left && sent.mib < 600; sent.mib++) {
        await exchange.write(Buffer.concat([Buffer.from('100000\r\n'), MIB, Buffer.from('\r\n')]))
      }
    }
  }

  test('is left at a bound, with 502', async () => {
    const sent = { mib: 0 }
    fake.reply(endless('application/json', '{', sent))
    const reply = await ask(patient, '', false, 15_000)
    expect(reply.status).toBe(502)
    expect(expectErrorShape(reply).message).toBe(
      'Upstream sent more than 256 MiB for one answer: check base_url',
    )
    expect(sent.mib).toBeLessThan(400)
    await expectStillServing(patient, fake)
  }, 20_000)

  test('is left where little becomes much', async () => {
    fake.reply(compressed('gzip', `{${' '.repeat(300 * 1024 * 1024)}}`, { status: 500 }))
    const reply = await ask(patient, '', false, 15_000)
    expect(reply.status).toBe(502)
    expect(expectErrorShape(reply).message).toContain('more than 256 MiB')
    await expectStillServing(patient, fake)
  }, 20_000)

  test('is left where a stream was to become one answer', async () => {
    const sent = { mib: 0 }
    fake.reply(endless('text/event-stream', 'event: ', sent))
    const reply = await ask(patient, '', false, 15_000)
    expect(reply.status).toBe(502)
    expect(sent.mib).toBeLessThan(400)
    await expectStillServing(patient, fake)
  }, 20_000)
})
