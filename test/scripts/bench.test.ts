import { afterEach, describe, expect, test } from 'bun:test'
import { CHAT } from '../../scripts/bench/chat-payload.ts'
import { Connection } from '../../scripts/bench/client.ts'
import type { Figure } from '../../scripts/bench/figure.ts'
import { Pacer } from '../../scripts/bench/pacer.ts'
import { eventStream, MESSAGES, requestWire, STREAM_HEAD } from '../../scripts/bench/payload.ts'
import { summarise } from '../../scripts/bench/report.ts'
import { RequestReader } from '../../scripts/bench/request-reader.ts'
import { ANY_ID, ANY_TIME, type Expected, Template } from '../../scripts/bench/template.ts'
import { wholeStreamBehaviour } from '../../scripts/bench/traffic.ts'
import { chatAnswers, messagesAnswers } from '../../scripts/bench/translated.ts'
import { answerWith, FakeUpstream } from '../../scripts/bench/upstream.ts'

const body = MESSAGES.request(true)
const stream = MESSAGES.stream(3)
const upstreams: FakeUpstream[] = []

function upstream(): FakeUpstream {
  const started = new FakeUpstream()
  started.expect(body)
  upstreams.push(started)
  return started
}

async function ask(fake: FakeUpstream, expected: Expected, sent = body) {
  const connection = await Connection.open(fake.port)
  const reply = await connection.request(requestWire(fake.port, MESSAGES.path, sent), expected)
  connection.leave()
  return reply
}

afterEach(() => {
  for (const fake of upstreams.splice(0)) fake.stop()
})

describe('RequestReader', () => {
  const chunkedBody = `5\r\n${'{"a":'}\r\n2\r\n1}\r\n0\r\n\r\n`
  const wire = Buffer.concat([
    requestWire(1, '/v1/messages', Buffer.from('{"sized":true}')),
    Buffer.from(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedBody}`),
  ])

  test('reads sized and chunked requests cut at every offset', () => {
    for (let cut = 0; cut <= wire.length; cut++) {
      const bodies: string[] = []
      const reader = new RequestReader(
        (bytes) => bodies.push(bytes.toString()),
        (problem) => bodies.push(problem),
      )
      reader.push(wire.subarray(0, cut))
      reader.push(wire.subarray(cut))
      expect(bodies).toEqual(['{"sized":true}', '{"a":1}'])
    }
  })
})

describe('Connection', () => {
  test('accepts the expected stream, one event a write', async () => {
    const fake = upstream()
    fake.behaviour = new Pacer(stream, 1).behaviour
    const reply = await ask(fake, stream.body)
    expect(reply).toMatchObject({ status: 200, complete: true, mismatch: -1 })
    expect(reply.length).toBe(stream.body.length)
    expect(fake.invalid).toEqual([])
  })

  test('tells where a body differs', async () => {
    const fake = upstream()
    fake.behaviour = wholeStreamBehaviour(stream)
    const other = Buffer.from(stream.body)
    other[other.length - 3] = 33
    const reply = await ask(fake, other)
    expect(reply.mismatch).toBeGreaterThanOrEqual(0)
  })

  test('tells a reply that is too short or too long', async () => {
    const fake = upstream()
    fake.behaviour = answerWith(Buffer.from('{}'))
    expect((await ask(fake, Buffer.from('{} '))).mismatch).toBe(2)
    expect((await ask(fake, Buffer.from('{'))).mismatch).toBe(0)
  })

  test('tells a cut from an end', async () => {
    const fake = upstream()
    fake.behaviour = (exchange) => {
      exchange.write(Buffer.concat([STREAM_HEAD, ...stream.chunks]))
      setTimeout(() => exchange.cut(), 20)
    }
    const reply = await ask(fake, stream.body)
    expect(reply).toMatchObject({ complete: false, mismatch: -1 })
  })

  test('has the upstream refuse another body than was sent', async () => {
    const fake = upstream()
    fake.behaviour = answerWith(MESSAGES.jsonReply)
    await ask(fake, MESSAGES.jsonReply, Buffer.from('{}'))
    expect(fake.invalid).toHaveLength(1)
  })
})

describe('Template', () => {
  const frame = (id: string, text: string) => `{"id":"msg_${id}","text":"${text}"}`
  const template = new Template(Buffer.from(frame(ANY_ID, 'a') + frame(ANY_ID, 'b')))
  const mine = 'abcdefghijklmnopqrstuvw1'
  const other = 'abcdefghijklmnopqrstuvw2'

  async function askFor(text: string) {
    const fake = upstream()
    fake.behaviour = answerWith(Buffer.from(text))
    return ask(fake, template)
  }

  test('accepts any id that stays the same', async () => {
    const reply = await askFor(frame(mine, 'a') + frame(mine, 'b'))
    expect(reply).toMatchObject({ complete: true, mismatch: -1 })
  })

  test('refuses another id in the same reply, no id, other words and a short reply', async () => {
    const wrong = [
      frame(mine, 'a') + frame(other, 'b'),
      frame('----', 'a') + frame('----', 'b'),
      frame(mine, 'a') + frame(mine, 'c'),
      frame(mine, 'a'),
      '',
    ]
    for (const text of wrong) {
      expect((await askFor(text)).mismatch, text).toBeGreaterThanOrEqual(0)
    }
  })

  test('is compared as well where the stream comes in small pieces', async () => {
    for (const answers of [chatAnswers, messagesAnswers]) {
      const expected = answers.stream(3)
      if (!(expected instanceof Template)) throw new Error('No template')
      const text = expected.body
        .toString()
        .replaceAll(ANY_ID, mine)
        .replaceAll(ANY_TIME, '1812345678')
      const fake = upstream()
      fake.behaviour = new Pacer(eventStream(text.match(/[\s\S]{1,40}/g) ?? [], 0), 1).behaviour
      expect(await ask(fake, expected)).toMatchObject({ complete: true, mismatch: -1 })
    }
  })
})

describe('FakeUpstream', () => {
  test('accepts what says the same in another shape, and nothing else', async () => {
    const fake = upstream()
    fake.expectSame(body)
    fake.behaviour = answerWith(MESSAGES.jsonReply)
    await ask(fake, MESSAGES.jsonReply, CHAT.request(true))
    await ask(fake, MESSAGES.jsonReply, CHAT.request(true))
    expect(fake.invalid).toEqual([])
    await ask(fake, MESSAGES.jsonReply, CHAT.request(false))
    fake.expectSame(body)
    await ask(fake, MESSAGES.jsonReply, CHAT.request(true, 1000))
    expect(fake.invalid).toHaveLength(2)
  })
})

describe('summarise', () => {
  const figure: Figure = {
    name: 'example',
    fresh: false,
    needsProcess: false,
    rounds: { quick: 1, full: 1 },
    rows: [
      {
        id: 'cpu',
        title: 'CPU',
        unit: 's',
        comparison: 'ratio',
        target: { on: 'comparison', most: 1.6 },
      },
    ],
    measure: async () => ({}),
  }

  const round = (nginx: number | undefined, ccproxy: number) => ({
    nginx: { cpu: nginx },
    ccproxy: { cpu: ccproxy },
  })

  test('takes the median of ratios of the same round', () => {
    const rounds = [round(10, 15), round(100, 130), round(10, 90)]
    const [line] = summarise(figure, rounds, ['nginx', 'ccproxy'])
    expect(line).toMatchObject({ verdict: 'met', against: { ccproxy: 1.5 } })
  })

  test('judges what translates in a line of its own, by the worst subject', () => {
    const translated = { on: 'comparison', most: 2 } as const
    const both = { ...figure, rows: figure.rows.map((row) => ({ ...row, translated })) }
    const rounds = [
      { nginx: { cpu: 10 }, ccproxy: { cpu: 15 }, up: { cpu: 19 }, down: { cpu: 21 } },
    ]
    const [own, other] = summarise(both, rounds, ['nginx', 'ccproxy', 'up', 'down'], ['up', 'down'])
    expect(own).toMatchObject({ verdict: 'met', against: { nginx: 1, ccproxy: 1.5 } })
    expect(other).toMatchObject({ verdict: 'missed', against: { nginx: 1, up: 1.9, down: 2.1 } })
  })

  test('says missed, and not measured where there is no nginx', () => {
    expect(summarise(figure, [round(10, 17)], ['ccproxy'])[0]!.verdict).toBe('missed')
    expect(summarise(figure, [round(undefined, 1)], ['ccproxy'])[0]!.verdict).toBe('not measured')
  })
})
