import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLedger } from '../../src/record/ledger.ts'
import type { LedgerEntry } from '../../src/record/ledger-shape.ts'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type TempDir, tempDir } from '../support/child.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { cutStream, midStreamError } from '../support/fake-fault.ts'
import { apiError, message, text } from '../support/fake-reply.ts'
import { memoryLog } from '../support/memory-log.ts'
import { messageBody } from '../support/raw-client.ts'
import { until } from '../support/wait.ts'

const OAT = 'sk-ant-oat01-canary-of-the-clients-plan'
const TOKEN = 'canary-of-the-client-key-0006'
const PLAN = { authorization: `Bearer ${OAT}`, 'anthropic-beta': 'oauth-2025-04-20' }
const HEADERS = {
  'content-type': 'application/json',
  'anthropic-version': '2023-06-01',
  'x-api-key': TOKEN,
}

let fake: FakeAnthropic
let folder: TempDir
let proxy: Ccproxy | undefined

beforeAll(async () => {
  fake = await startFakeAnthropic({
    credentials: [UPSTREAM_KEY, OAT],
    forbidden: [TOKEN],
  })
})
beforeEach(() => {
  folder = tempDir()
  fake.forget()
})
afterEach(async () => {
  await proxy?.stop()
  proxy = undefined
  folder.remove()
})
afterAll(async () => {
  await fake.close()
  expect(fake.violations).toEqual([])
})

const file = () => join(folder.path, 'data', 'ledger.sqlite')

async function start(env: Record<string, string> = {}, toml?: string): Promise<Ccproxy> {
  proxy = await startCcproxy({
    upstream: fake.url,
    env: { RECORD__DATABASE: file(), AUTH_TOKEN: TOKEN, ...env },
    ...(toml === undefined ? {} : { toml }),
  })
  return proxy
}

async function ask(path: string, body: string, headers: Record<string, string> = {}) {
  const init = { method: 'POST', headers: { ...HEADERS, ...headers }, body }
  const reply = await fetch(`${proxy?.url}${path}`, init)
  const answer = await reply.text().catch(() => 'cut')
  return { status: reply.status, answer, id: reply.headers.get('x-request-id') }
}

/** Ends the proxy as a service manager does and gives all that it kept, oldest first. */
async function keptRows(): Promise<LedgerEntry[]> {
  proxy?.signal('SIGTERM')
  expect(await proxy?.exited).toBe(0)
  const ledger = createLedger({
    ...{ database: file(), instance: 'look', retentionDays: 0, retentionMegabytes: 0 },
    ...{ bodies: 'off', bodyLength: 0, logger: memoryLog() },
  })
  const { rows } = await ledger.query({ order: 'asc' })
  const entries = await Promise.all(rows.map(({ key }) => ledger.entry(key)))
  const { total } = await ledger.analytics({ by: 'hour' })
  expect(total.requests).toBe(rows.length)
  await ledger.close()
  return entries.filter((entry) => entry !== undefined)
}

describe('each exchange is a row', () => {
  test('JSON, streams, translations, errors and refusals, with all that is known of them', async () => {
    await start()
    const cached = {
      usage: {
        ...{ input_tokens: 1000, output_tokens: 500, cache_read_input_tokens: 2000 },
        cache_creation_input_tokens: 300,
        cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
        output_tokens_details: { thinking_tokens: 40 },
      },
    }
    const session = '4f1d8d2e-53f2-4a1f-a9fd-8003ca3f872f'
    fake.reply(text('Hello', cached), text('Hello', cached))
    const first = await ask('/v1/messages', messageBody(false), {
      'x-claude-code-session-id': session,
      'x-request-id': 'chosen-by-the-client',
    })
    const metadata = { metadata: { user_id: JSON.stringify({ session_id: 'from-the-body' }) } }
    await ask('/v1/messages?beta=true', messageBody(true, metadata))
    const chat = { model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'Hi' }] }
    await ask('/openai/v1/chat/completions', JSON.stringify(chat))
    fake.reply(apiError(429, 'rate_limit_error', 'Slow down'))
    await ask('/v1/messages', messageBody(false))
    fake.reply(cutStream('after-frame'))
    await ask('/v1/messages', messageBody(true))
    await ask('/v1/messages', '{"broken":')
    const rows = await keptRows()
    expect(first.id).toBe('chosen-by-the-client')
    expect(rows).toHaveLength(6)
    const [json, stream, translated, limited, cut, broken] = rows
    // 1000 × 3 + 500 × 15 + 2000 × 0.3 + 100 × 3.75 + 200 × 6, a million.
    const cost = 0.012675
    expect(json).toMatchObject({
      id: 'chosen-by-the-client',
      upstreamRequestId: 'req_fake0000000000000000001',
      session,
      mode: 'full',
      method: 'POST',
      path: '/v1/messages',
      protocol: 'messages',
      wire: 'messages',
      provider: 'anthropic',
      kind: 'anthropic',
      model: 'claude-sonnet-4-6',
      upstreamModel: 'claude-sonnet-4-6',
      stream: false,
      status: 200,
      ended: 'complete',
      stopReason: 'end_turn',
      attempts: 1,
      listPrice: false,
      requestBody: undefined,
      replyBody: undefined,
      address: '127.0.0.1',
      tokens: {
        ...{ input: 1000, output: 500, cacheRead: 2000, cacheWrite: 300 },
        ...{ cacheWrite5m: 100, cacheWrite1h: 200, thinking: 40 },
      },
    })
    expect(json?.cost).toBeCloseTo(cost, 9)
    expect(Math.abs((json?.time ?? 0) - Date.now())).toBeLessThan(60_000)
    expect(json?.firstByteMs).toBeLessThanOrEqual(json?.durationMs ?? 0)
    expect(stream).toMatchObject({ stream: true, session: 'from-the-body', path: '/v1/messages' })
    expect(stream).toMatchObject({ stopReason: 'end_turn', tokens: json?.tokens })
    expect(stream?.cost).toBeCloseTo(cost, 9)
    expect(translated).toMatchObject({
      ...{ protocol: 'chat', wire: 'messages', model: 'gpt-4o', stream: true, status: 200 },
      path: '/v1/chat/completions',
      stopReason: 'end_turn',
    })
    expect(translated?.upstreamModel).toStartWith('claude-')
    expect(translated?.cost).toBeGreaterThan(0)
    expect(limited).toMatchObject({ status: 429, ended: 'upstream_error', error: 'Slow down' })
    expect(limited?.cost).toBeUndefined()
    expect(cut).toMatchObject({ status: 200, ended: 'upstream_cut', attempts: 1 })
    expect(broken).toMatchObject({
      status: 400,
      ended: 'refused',
      attempts: 0,
      provider: undefined,
    })
  }, 20_000)

  test('what an upstream says of its failure is that, wherever it says it', async () => {
    await start()
    const chat = (stream: boolean) =>
      JSON.stringify({ model: 'gpt-4o', stream, messages: [{ role: 'user', content: 'Hi' }] })
    const asked: [path: string, body: string, status: number][] = [
      ['/v1/messages', messageBody(true), 200],
      ['/pt/v1/messages', messageBody(true), 200],
      ['/v1/chat/completions', chat(true), 200],
      ['/v1/chat/completions', chat(false), 429],
    ]
    for (const [path, body, status] of asked) {
      fake.reply(midStreamError('rate_limit_error', 'Slow down'))
      const own = path.startsWith('/pt')
        ? { 'x-api-key': UPSTREAM_KEY, authorization: `Bearer ${TOKEN}` }
        : {}
      expect((await ask(path, body, own)).status).toBe(status)
    }
    fake.reply(midStreamError('rate_limit_error', 'Slow down', ''))
    await ask('/v1/chat/completions', chat(true))
    const rows = (await keptRows()).map(({ ended, error }) => ({ ended, error }))
    expect(rows).toEqual(
      asked.concat([asked[3]!]).map(() => ({ ended: 'upstream_error', error: 'Slow down' })),
    )
  }, 20_000)

  test('a plan login costs a list price', async () => {
    await start({}, '[security]\n')
    fake.reply(text('Hi', { headers: { 'anthropic-ratelimit-unified-status': 'allowed' } }))
    const answer = await ask('/v1/messages', messageBody(false), PLAN)
    expect(answer.status).toBe(200)
    const [row] = await keptRows()
    expect(row?.listPrice).toBe(true)
    expect(row?.cost).toBeGreaterThan(0)
  }, 20_000)

  test('none is kept where the settings say so, and nothing is made', async () => {
    await start({ RECORD__LEDGER: 'false' })
    expect((await ask('/v1/messages', messageBody(false))).status).toBe(200)
    proxy?.signal('SIGTERM')
    await proxy?.exited
    expect(existsSync(file())).toBe(false)
  }, 20_000)
})

describe('bodies', () => {
  const SECRET = 'sk-ant-api03-canary-in-a-body-0001'
  const said = (stream: boolean) =>
    messageBody(stream, { messages: [{ role: 'user', content: `My key is ${SECRET}, keep it` }] })
  const echo = message([{ text: `You said ${SECRET}, and password=hunter22 too`, pieces: 9 }])

  test('of failures only, or of all, and no secret is in the file', async () => {
    for (const mode of ['errors', 'all']) {
      await start({ RECORD__BODIES: mode })
      fake.reply(echo, echo, apiError(400, 'invalid_request_error', `No such key: ${SECRET}`))
      await ask('/v1/messages', said(false))
      await ask('/v1/messages', said(true))
      await ask('/v1/messages', said(false), PLAN)
      const rows = (await keptRows()).slice(-3)
      const kept = rows.map(({ requestBody, replyBody }) => [requestBody, replyBody].map(Boolean))
      const good = mode === 'all'
      expect({ mode, kept }).toEqual({
        mode,
        kept: [
          [good, good],
          [good, good],
          [true, true],
        ],
      })
      expect(rows[2]?.requestBody).toContain('My key is ***, keep it')
      expect(rows[2]?.error).toBe('No such key: ***')
      if (good) {
        expect(rows[0]?.replyBody).toContain('You said ***, and password=*** too')
        expect(rows[1]?.replyBody).toContain('You said ***, and password=*** too')
      }
      await proxy?.stop()
    }
    const names = readdirSync(join(folder.path, 'data'))
    expect(names).toContain('ledger.sqlite')
    const bytes = names
      .map((name) => readFileSync(join(folder.path, 'data', name), 'latin1'))
      .join()
    expect(bytes).toContain('My key is')
    for (const secret of ['canary', 'hunter22', UPSTREAM_KEY, TOKEN, OAT]) {
      expect({ secret, found: bytes.includes(secret) }).toEqual({ secret, found: false })
    }
  }, 30_000)
})

describe('a ledger that fails', () => {
  test('costs no request, and is told of once', async () => {
    writeFileSync(join(folder.path, 'data'), 'a file where the folder should be')
    await start()
    for (let at = 0; at < 5; at++) {
      expect((await ask('/v1/messages', messageBody(at % 2 === 0))).status).toBe(200)
      await Bun.sleep(120)
    }
    const told = () =>
      proxy?.logs.filter(
        ({ msg }) => msg === 'ledger cannot be written: requests go on and rows wait',
      )
    await until('the log line', () => told()?.length === 1)
    await Bun.sleep(600)
    expect(told()).toHaveLength(1)
    proxy?.signal('SIGTERM')
    expect(await proxy?.exited).toBe(0)
    await until('the loss', () => proxy?.logs.some(({ lost }) => lost === 5) === true)
  }, 20_000)

  test('of a newer ccproxy is refused in words, and requests go on', async () => {
    const { MIGRATIONS } = await import('../../src/record/migrations.ts')
    const { SqliteStore } = await import('../../src/record/store/sqlite.ts')
    const step = { sqlite: ['CREATE TABLE more (a BIGINT)'], postgres: [] }
    const options = { path: file(), instance: 'new', said: () => undefined }
    const newer = new SqliteStore({ ...options, migrations: [...MIGRATIONS, step] })
    await newer.size()
    await newer.close()
    await start()
    expect((await ask('/v1/messages', messageBody(false))).status).toBe(200)
    const line = await proxy?.log('the refusal', ({ msg }) =>
      String(msg).startsWith('ledger refused'),
    )
    expect(line?.problem).toContain(`has version ${MIGRATIONS.length + 1}`)
    expect(line?.problem).toContain('update ccproxy, or name another with record.database')
    expect((await ask('/v1/messages', messageBody(false))).status).toBe(200)
  }, 20_000)
})
