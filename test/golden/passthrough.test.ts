import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import { pieces } from '../support/fake-fault.ts'
import { exchange, messageBody, post, type RawReply } from '../support/raw-client.ts'

// A case is: header lines that the client sends, `---`, the request's body, `---`, the reply's body.
const FOLDER = join(import.meta.dir, 'passthrough')
const MODES = ['', '/api', '/min', '/pt']

interface Case {
  readonly name: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
  readonly reply: Buffer
}

function readCase(file: string): Case {
  const bytes = readFileSync(join(FOLDER, file))
  const first = bytes.indexOf('\n---\n')
  const second = bytes.indexOf('\n---\n', first + 5)
  if (first === -1 || second === -1) throw new Error(`Golden case "${file}" lacks its two "---"`)
  const lines = bytes.subarray(0, first).toString().split('\n')
  const headers = lines.flatMap((line): [string, string][] => {
    const [name = '', value = ''] = line.split(/: (.*)/)
    return name === '' ? [] : [[name, value]]
  })
  const body = bytes.subarray(first + 5, second)
  return { name: file.replace(/\.txt$/, ''), headers, body, reply: bytes.subarray(second + 5) }
}

const CASES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.txt'))
  .map(readCase)

let fake: FakeAnthropic
let proxy: Ccproxy

beforeAll(async () => {
  fake = await startFakeAnthropic({ lenient: true })
  proxy = await startCcproxy({ upstream: fake.url })
})

afterAll(async () => {
  await proxy.stop()
  await fake.close()
  expect(fake.violations).toEqual([])
})

function isStream(body: Buffer): boolean {
  return /^(event|data|:|id)/.test(body.toString('latin1'))
}

/** Sends a case and lets the fake answer with the reply cut into these pieces. */
async function carry(
  mode: string,
  request: Buffer,
  parts: readonly Buffer[],
  headers: Case['headers'] = [],
  pace = 0,
): Promise<RawReply> {
  const type = isStream(Buffer.concat(parts))
    ? 'text/event-stream; charset=utf-8'
    : 'application/json'
  fake.reply(pieces(parts, { type, pace }))
  return exchange(proxy.port, post(`${mode}/v1/messages`, request, headers))
}

function cut(bytes: Buffer, ...offsets: readonly number[]): Buffer[] {
  const bounds = [0, ...offsets, bytes.length]
  return bounds
    .slice(1)
    .map((end, index) => bytes.subarray(bounds[index], end))
    .filter((part) => part.length > 0)
}

describe('what passes through is unchanged, to the byte', () => {
  for (const { name, headers, body, reply } of CASES) {
    for (const mode of MODES) {
      test(`${name} through "${mode || '/'}"`, async () => {
        const index = fake.requests.length
        const got = await carry(mode, body, [reply], headers)
        const request = await fake.waitFor(index)
        expect(request.body.toString('latin1')).toBe(body.toString('latin1'))
        for (const [header, value] of headers) expect(request.header(header)).toBe(value)
        expect(got.status).toBe(200)
        expect(got.body.toString('latin1')).toBe(reply.toString('latin1'))
      })
    }
  }

  test('there are cases', () => {
    expect(CASES.length).toBeGreaterThan(15)
  })
})

describe('however the upstream cuts its bytes', () => {
  const utf8 = CASES.find(({ name }) => name === 'stream-utf8')
  if (utf8 === undefined) throw new Error('Golden case "stream-utf8" is missing')

  for (const mode of ['', '/pt']) {
    test(`UTF-8 split at every offset arrives whole through "${mode || '/'}"`, async () => {
      const start = utf8.reply.indexOf('"text_delta"')
      const stop = utf8.reply.indexOf('content_block_stop')
      for (let at = start; at < stop; at++) {
        const got = await carry(mode, utf8.body, cut(utf8.reply, at), [], 1)
        expect(got.body.equals(utf8.reply)).toBe(true)
      }
    }, 20000)

    test(`a byte at a time through "${mode || '/'}"`, async () => {
      const every = Array.from({ length: utf8.reply.length - 1 }, (_, index) => index + 1)
      const got = await carry(mode, utf8.body, cut(utf8.reply, ...every))
      expect(got.body.equals(utf8.reply)).toBe(true)
      expect(got.whole).toBe(true)
    })

    test(`an SSE line of 5 MB arrives through "${mode || '/'}"`, async () => {
      const delta = { type: 'input_json_delta', partial_json: 'ü'.repeat(2_500_000) }
      const big = { type: 'content_block_delta', index: 0, delta }
      const reply = Buffer.from(`event: content_block_delta\ndata: ${JSON.stringify(big)}\n\n`)
      const whole = Buffer.concat([reply, utf8.reply])
      const got = await carry(mode, utf8.body, cut(whole, 1_000_001, 3_000_000))
      expect(got.body.length).toBe(whole.length)
      expect(got.body.equals(whole)).toBe(true)
    })
  }

  test('a request of 20 MB arrives at the upstream as it was', async () => {
    const index = fake.requests.length
    const content = 'ä"\\'.repeat(4_000_000)
    const body = Buffer.from(messageBody(false, { metadata: { content } }))
    await carry('', body, [Buffer.from('{"type":"message"}')])
    expect((await fake.waitFor(index)).body.equals(body)).toBe(true)
  })
})
