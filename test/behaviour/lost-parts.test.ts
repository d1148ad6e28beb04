import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import { message } from '../support/fake-reply.ts'
import {
  chatChunk,
  chatEvents,
  completionOf,
  events,
  type RawOpenAi,
  startRawOpenAi,
  whole,
} from '../support/raw-openai.ts'
import { until } from '../support/wait.ts'

// What an answer holds and the client's protocol has no place for is named: in a header, or where that is gone in the log.

let gateway: RawOpenAi
let anthropic: FakeAnthropic
let proxy: Ccproxy

beforeAll(async () => {
  gateway = await startRawOpenAi()
  anthropic = await startFakeAnthropic()
  const toml = `[providers.gw]\nkind = "openai"\nwire = "chat"\nbase_url = "${gateway.url}/v1"\napi_key = "gateway-dummy-key"\n`
  proxy = await startCcproxy({ upstream: anthropic.url, toml })
})

afterAll(async () => {
  await proxy.stop()
  await gateway.close()
  await anthropic.close()
})

const images = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }]
const LOST_IMAGES = 'message.images: dropped, no counterpart'
const LOST_THOUGHT = 'content.redacted_thinking: dropped, no counterpart'

function ask(path: string, stream: boolean): Promise<Response> {
  return fetch(proxy.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model: 'claude-sonnet-4-5', max_tokens: 100, stream },
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
}

/** The log's line on an exchange that has ended. */
async function logged({ headers }: Response): Promise<string> {
  const id = headers.get('x-request-id') ?? ''
  const line = () =>
    proxy
      .stderr()
      .split('\n')
      .find((one) => one.includes(id))
  await until('the line', () => line() !== undefined)
  return line() ?? ''
}

test('an image of a whole Chat answer', async () => {
  const answer = { role: 'assistant', content: 'A cat.', images }
  const choices = [{ index: 0, message: answer, finish_reason: 'stop' }]
  gateway.reply(whole(200, { ...completionOf(''), choices }))
  const reply = await ask('/to/gw/v1/messages', false)
  expect(reply.headers.get('x-ccproxy-notes')).toBe(LOST_IMAGES)
  expect(await reply.json()).toMatchObject({ content: [{ type: 'text', text: 'A cat.' }] })
  expect(await logged(reply)).toContain(LOST_IMAGES)
})

test('an image of a streamed one', async () => {
  const [first = '', ...rest] = chatEvents('A dog.')
  gateway.reply(events(first, chatChunk({ images }), chatChunk({ images }), ...rest))
  const reply = await ask('/to/gw/v1/messages', true)
  expect(await reply.text()).toContain('A dog.')
  expect((await logged(reply)).split(LOST_IMAGES)).toHaveLength(2)
})

test('fields without end are named up to a bound', async () => {
  const fields = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`f${index}${'x'.repeat(500)}`, 'y']),
  )
  gateway.reply(events(chatChunk({ ...fields, content: 'Much.' }), ...chatEvents('More.')))
  const reply = await ask('/to/gw/v1/messages', true)
  expect(await reply.text()).toContain('More.')
  const line = await logged(reply)
  expect(line).toContain('message.f0x')
  expect(line.length).toBeLessThan(40_000)
})

for (const stream of [false, true]) {
  test(`a hidden thought on the way to a Chat client (stream: ${stream})`, async () => {
    anthropic.reply(message([{ redacted: 'AAAA' }, { text: 'For hidden reasons.' }]))
    const reply = await ask('/v1/chat/completions', stream)
    expect(await reply.text()).toContain('reasons.')
    if (!stream) expect(reply.headers.get('x-ccproxy-notes')).toBe(LOST_THOUGHT)
    expect(await logged(reply)).toContain(LOST_THOUGHT)
  })

  test(`the same on the way to a Responses client, which has a place for it (stream: ${stream})`, async () => {
    anthropic.reply(message([{ redacted: 'AAAA' }, { text: 'For hidden reasons.' }]))
    const reply = await fetch(`${proxy.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'claude-sonnet-4-5', stream, input: 'Hello' }),
    })
    expect(await reply.text()).toContain('reasons.')
    expect(await logged(reply)).not.toContain('redacted_thinking')
  })
}
