import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { PermissionOutcome } from '../../src/provider/claude-sdk/permission-entry.ts'
import { startCcproxy } from '../support/ccproxy.ts'
import { answer, listenAt } from '../support/permission-client.ts'
import { type PermissionServer, startPermissionServer } from '../support/permission-server.ts'
import { until, within } from '../support/wait.ts'

const KEY = 'a-client-key-that-is-long-enough-0001'
const INPUT = { command: 'ls', flags: ['-l', null], deep: { all: true, n: 1.5 } }

let server: PermissionServer
beforeEach(() => {
  server = startPermissionServer()
})
afterEach(() => server.stop())

/** Asks, and gives the id under which it waits. */
function ask(at: PermissionServer = server): { id: string; outcome: Promise<PermissionOutcome> } {
  const outcome = at.desk.ask({ tool: 'Bash', input: INPUT })
  return { id: at.desk.pending().at(-1)?.request_id ?? '', outcome }
}

async function errorOf(response: Response): Promise<object> {
  const body: unknown = await response.json()
  const { error } = Object(body)
  expect(typeof error.message).toBe('string')
  return error
}

describe('GET /permissions/stream', () => {
  test('greets, tells what waits, then what comes and how it ends', async () => {
    const before = ask()
    const listener = await listenAt(server.url)
    const { headers } = listener.response
    expect(headers.get('content-type')).toBe('text/event-stream')
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('x-accel-buffering')).toBe('no')
    const replayed = await listener.event('permission_request')
    expect(listener.heard[0]).toEqual({
      event: 'ping',
      data: { message: 'Connected to permission stream' },
    })
    expect(replayed).toMatchObject({
      type: 'permission_request',
      request_id: before.id,
      tool_name: 'Bash',
      input: INPUT,
      timeout_seconds: 30,
    })
    const after = ask()
    expect(await listener.event('permission_request', 2)).toMatchObject({ request_id: after.id })
    await answer(server.url, before.id, { allowed: true })
    expect(await listener.event('permission_resolved')).toMatchObject({
      request_id: before.id,
      allowed: true,
      resolved_at: expect.any(String),
    })
    expect(await before.outcome).toEqual({ behavior: 'allow' })
  })

  test('sends away the hundred and first', async () => {
    const many = await Promise.all(Array.from({ length: 100 }, () => listenAt(server.url)))
    const late = await fetch(`${server.url}/permissions/stream`)
    expect(late.status).toBe(503)
    expect(late.headers.get('retry-after')).toBe('10')
    expect(await errorOf(late)).toMatchObject({
      message: '100 desks listen already: close one, or ask GET /permissions',
    })
    for (const one of many) one.leave()
    await until('room again', async () => {
      const again = await fetch(`${server.url}/permissions/stream`)
      await again.body?.cancel()
      return again.status === 200
    })
  })

  test('is kept alive by pings', async () => {
    const quick = startPermissionServer({ pingAfterMs: 150 })
    const listener = await listenAt(quick.url)
    await listener.event('ping', 3)
    void quick.desk.ask({ tool: 'Bash', input: INPUT })
    expect(await listener.event('permission_request')).toMatchObject({ input: INPUT })
    await listener.event('ping', 4)
    await quick.stop()
  })

  test('tells of an expiry', async () => {
    const hasty = startPermissionServer({ timeoutMs: 50 })
    const listener = await listenAt(hasty.url)
    const { id, outcome } = ask(hasty)
    expect(await listener.event('permission_expired')).toMatchObject({ request_id: id })
    expect(await outcome).toMatchObject({ behavior: 'deny' })
    const late = await answer(hasty.url, id, { allowed: true })
    expect(late.status).toBe(410)
    expect(await errorOf(late)).toMatchObject({ type: 'gone_error' })
    const state: unknown = await (await fetch(`${hasty.url}/permissions/${id}`)).json()
    expect(state).toMatchObject({ status: 'expired', time_remaining: 0 })
    await hasty.stop()
  })

  test('serves several desks; one that leaves is no longer told', async () => {
    const told: number[] = []
    const subscribe = server.desk.subscribe.bind(server.desk)
    server.desk.subscribe = (listener) => {
      const leave = subscribe(listener)
      told.push(1)
      return () => {
        told.pop()
        leave()
      }
    }
    const [first, second] = [await listenAt(server.url), await listenAt(server.url)]
    await until('both desks', () => told.length === 2)
    first.leave()
    await until('the one that left to be forgotten', () => told.length === 1)
    const { id } = ask()
    expect(await second.event('permission_request')).toMatchObject({ request_id: id })
    second.leave()
    await until('nobody listens', () => told.length === 0)
  })

  test('ends, after what it has still to say, when the server stops', async () => {
    const listener = await listenAt(server.url)
    const { id, outcome } = ask()
    await listener.event('permission_request')
    server.desk.close()
    server.streams.endAll()
    expect(await listener.event('permission_resolved')).toMatchObject({
      request_id: id,
      allowed: false,
      reason: 'cancelled',
    })
    await until('the stream to end', listener.ended)
    expect(await outcome).toMatchObject({ behavior: 'deny' })
  })

  test('ends for a reader that does not read, whose desk may come back', async () => {
    let told = 0
    const subscribe = server.desk.subscribe.bind(server.desk)
    server.desk.subscribe = (listener) =>
      subscribe((event) => {
        told += 1
        listener(event)
      })
    const response = await fetch(`${server.url}/permissions/stream`)
    const reader = response.body?.getReader()
    await reader?.read()
    const input = { content: 'x'.repeat(4 * 1024 * 1024) }
    for (let count = 0; count < 40; count += 1) {
      void server.desk.ask({ tool: 'Write', input })
      await Bun.sleep(2)
    }
    let bytes = 0
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { done: true }
      if (done) break
      bytes += value?.length ?? 0
    }
    // Of 160 MB only what fits into its queue was kept for it; from then on it was told nothing.
    expect(told).toBeLessThan(20)
    expect(bytes).toBeLessThan(80 * 1024 * 1024)
  }, 20_000)
})

describe('POST /permissions/{id}/respond', () => {
  test('takes the first answer of two desks at once, and the other is told so', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id, outcome } = ask()
      const replies = await Promise.all([
        answer(server.url, id, { allowed: true }),
        answer(server.url, id, { allowed: false }),
      ])
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 409])
      const won = replies[0].status === 200
      expect((await outcome).behavior).toBe(won ? 'allow' : 'deny')
      const taken: unknown = await replies[won ? 0 : 1].json()
      expect(taken).toMatchObject({ status: 'success', permission_id: id, allowed: won })
      expect(await errorOf(replies[won ? 1 : 0])).toMatchObject({
        type: 'conflict_error',
        message: expect.stringContaining(won ? 'already allowed' : 'already denied'),
      })
    }
  })

  test('brings a word for Claude, or another input', async () => {
    const told = ask()
    await answer(server.url, told.id, { allowed: false, message: 'not now' })
    expect(await told.outcome).toEqual({ behavior: 'deny', message: 'not now' })
    const changed = ask()
    await answer(server.url, changed.id, { allowed: true, updated_input: { command: 'ls -a' } })
    expect(await changed.outcome).toEqual({
      behavior: 'allow',
      updatedInput: { command: 'ls -a' },
    })
  })

  test.each([
    [{}, 'allowed', 'Field required'],
    [{ allowed: 'yes' }, 'allowed', 'Must be true or false'],
    [{ allowed: null }, 'allowed', 'Must be true or false'],
    [{ allowed: false, message: 3 }, 'message', 'Must be a string'],
    [{ allowed: true, updated_input: [1] }, 'updated_input', 'Must be an object'],
    [{ allowed: false, updated_input: {} }, 'updated_input', 'Goes only with "allowed": true'],
  ])('refuses %j and names the field', async (body, field, issue) => {
    const { id } = ask()
    const reply = await answer(server.url, id, body)
    expect(reply.status).toBe(400)
    const message = `${field}: ${issue}`
    expect(await errorOf(reply)).toEqual({
      type: 'validation_error',
      message,
      details: { field, issue: message },
    })
    expect(server.desk.find(id)?.status).toBe('pending')
  })

  test.each(['', 'null', '[true]', '{"allowed":tru'])('refuses the body %j', async (body) => {
    const { id } = ask()
    expect((await answer(server.url, id, body)).status).toBe(400)
    expect(server.desk.find(id)?.status).toBe('pending')
  })

  test('knows no other request, and no other method', async () => {
    expect((await answer(server.url, 'nobody', { allowed: true })).status).toBe(404)
    expect((await fetch(`${server.url}/permissions/nobody`)).status).toBe(404)
    const { id } = ask()
    const wrong = await fetch(`${server.url}/permissions/${id}/respond`)
    expect(wrong.status).toBe(405)
    expect(wrong.headers.get('allow')).toBe('POST')
    expect(server.desk.find(id)?.status).toBe('pending')
  })
})

describe('who may answer', () => {
  test.each(['https://evil.example', 'null', 'http://localhost:1'])(
    'no page of the origin %j',
    async (origin) => {
      const { id } = ask()
      for (const type of ['application/json', 'text/plain']) {
        const headers = { origin, 'content-type': type }
        expect((await answer(server.url, id, { allowed: true }, headers)).status).toBe(403)
      }
      const heard = await fetch(`${server.url}/permissions/stream`, { headers: { origin } })
      expect(heard.status).toBe(403)
      expect(server.desk.find(id)?.status).toBe('pending')
    },
  )

  test('nobody without the client key, where there is one', async () => {
    const locked = startPermissionServer({ key: KEY })
    const { id, outcome } = ask(locked)
    expect((await answer(locked.url, id, { allowed: true })).status).toBe(401)
    for (const path of ['/permissions', '/permissions/stream', `/permissions/${id}`]) {
      expect((await fetch(locked.url + path)).status).toBe(401)
    }
    expect(locked.desk.find(id)?.status).toBe('pending')
    const headers = { authorization: `Bearer ${KEY}` }
    expect((await answer(locked.url, id, { allowed: true }, headers)).status).toBe(200)
    expect(await outcome).toEqual({ behavior: 'allow' })
    await locked.stop()
  })
})

test('GET /permissions/{id} and the list tell what is known', async () => {
  const { id } = ask()
  const state: unknown = await (await fetch(`${server.url}/permissions/${id}`)).json()
  expect(state).toMatchObject({
    request_id: id,
    tool_name: 'Bash',
    input: INPUT,
    status: 'pending',
    created_at: expect.any(String),
    expires_at: expect.any(String),
    resolved_at: null,
  })
  const time = Object(state).time_remaining
  expect(time).toBeGreaterThan(25)
  expect(time).toBeLessThanOrEqual(30)
  const list = await fetch(`${server.url}/permissions`)
  expect(list.headers.get('cache-control')).toBe('no-store')
  expect(await list.json()).toMatchObject({ permissions: [{ request_id: id }] })
  await answer(server.url, id, { allowed: false, message: 'no' })
  const later: unknown = await (await fetch(`${server.url}/permissions/${id}`)).json()
  expect(later).toMatchObject({ status: 'denied', message: 'no', time_remaining: 0 })
  expect(await (await fetch(`${server.url}/permissions`)).json()).toEqual({ permissions: [] })
})

test('ccproxy serves them, describes them, and ends the stream when it drains', async () => {
  const proxy = await startCcproxy({ toml: '[sdk]\npermission_timeout_seconds = 5\n' })
  const listener = await listenAt(proxy.url)
  await listener.event('ping')
  const description: unknown = await (await fetch(`${proxy.url}/swagger/json`)).json()
  const { paths } = Object(description)
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(
      [
        '/permissions/',
        '/permissions/stream',
        '/permissions/{id}',
        '/permissions/{id}/respond',
      ].map((path) => path.replace(/\/$/, '')),
    ),
  )
  const respond = paths['/permissions/{id}/respond'].post
  expect(respond.requestBody.content['application/json'].schema.required).toEqual(['allowed'])
  expect(JSON.stringify(paths)).not.toContain('"const"')
  proxy.signal('SIGTERM')
  await until('the stream to end', listener.ended)
  expect(await within(3000, 'its exit', proxy.exited)).toBe(0)
  await proxy.stop()
})
