import { expect } from 'bun:test'
import type { Ccproxy } from './ccproxy.ts'
import type { FakeAnthropic } from './fake-anthropic.ts'
import { asJson, type Json } from './fake-reply.ts'
import { messageBody, parseReply, post, type RawReply, rawClient } from './raw-client.ts'
import { within } from './wait.ts'

/** The events of an SSE body; throws where a frame is not whole. */
export function eventsOf(body: Buffer): { event: string; data: Json }[] {
  const whole = body.toString('utf8')
  if (whole !== '' && !whole.endsWith('\n\n')) throw new Error(`Half a frame: ${whole.slice(-80)}`)
  const frames = whole.split('\n\n').filter((part) => part !== '')
  return frames.map((part) => {
    const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? []
    return { event, data: asJson(JSON.parse(data)) }
  })
}

/** Expects an error body in Anthropic's shape and gives its inner error. */
export function expectErrorShape(reply: RawReply): Json {
  expect(reply.headers.get('content-type')).toStartWith('application/json')
  expect(reply.headers.get('content-encoding')).toBeUndefined()
  const body = asJson(JSON.parse(reply.body.toString('utf8')))
  const error = asJson(body.error)
  expect(body.type).toBe('error')
  expect(typeof error.type).toBe('string')
  expect(String(error.message).length).toBeGreaterThan(10)
  return error
}

/** Posts a Messages request and reads until the server closes; fails where that takes too long. */
export async function ask(
  proxy: Ccproxy,
  mode: string,
  stream: boolean,
  timeout = 15_000,
): Promise<RawReply & { closed: 'end' | 'cut'; took: number }> {
  const client = await rawClient(proxy.port)
  const start = performance.now()
  client.send(post(`${mode}/v1/messages`, messageBody(stream)))
  const closed = await within(timeout, 'the reply and its close', client.closed)
  const took = performance.now() - start
  return { ...parseReply(client.received()), closed, took }
}

/** Waits until nothing hangs between the proxy and the upstream after a fault. */
export async function expectStillServing(proxy: Ccproxy, fake: FakeAnthropic): Promise<void> {
  fake.forget()
  const reply = await ask(proxy, '', false)
  expect(reply.status).toBe(200)
  expect(reply.body.toString()).toContain('Hello from the fake.')
}
