import { afterEach, expect, spyOn, test } from 'bun:test'
import { loadSettings } from '../../src/config/load.ts'
import { startServer } from '../../src/http/server.ts'
import { type TempDir, tempDir } from '../support/child.ts'

let home: TempDir | undefined
afterEach(() => home?.remove())

/** A server with the demo upstream, and what Bun is told of the time that connections may be silent. */
async function startTimed() {
  home = tempDir()
  const env = {
    CCPROXY__PROVIDERS__D__KIND: 'demo',
    ROUTING__DEFAULT: 'd',
    RECORD__LEDGER: 'false',
  }
  const flags = { port: '0', 'log-level': 'silent' }
  const { settings } = await loadSettings({ env, cwd: home.path, home: home.path, flags })
  const told: number[] = []
  const { serve } = Bun
  const spy = spyOn(Bun, 'serve')
  spy.mockImplementation((options) => {
    const server = serve(options)
    const { timeout } = server
    spyOn(server, 'timeout').mockImplementation((request, seconds) => {
      told.push(seconds)
      timeout.call(server, request, seconds)
    })
    return server
  })
  const world = { version: '0.0.0', commit: 'x', terminal: false, env: {}, home: home.path }
  const server = await startServer({ settings, ...world })
  spy.mockRestore()
  return { ...server, told }
}

function post(
  url: string,
  { content, ...rest }: { content: string; stream: boolean; max_tokens?: number },
  signal?: AbortSignal,
): Promise<Response> {
  const messages = [{ role: 'user', content }]
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'claude-sonnet-5', max_tokens: 50, ...rest, messages }),
    ...(signal && { signal }),
  })
}

test('A connection whose request is answered is closed after its time again', async () => {
  const server = await startTimed()
  const ask = async (path: string, stream: boolean) => {
    server.told.length = 0
    const reply = await post(server.url + path, { content: 'Hello', stream })
    await reply.text()
    return server.told
  }
  expect(await ask('/v1/messages', false)).toEqual([0, 120])
  expect(await ask('/v1/messages', true)).toEqual([0, 120])
  expect(await ask('/v1/chat/completions', true)).toEqual([0, 120])
  expect(await ask('/nowhere', false)).toEqual([0, 120])
  server.stop()
})

test('A stream that its client leaves in the middle ends without harm', async () => {
  const server = await startTimed()
  const left = new AbortController()
  const said = { content: 'wait 5s', stream: true, max_tokens: 500 }
  const reply = await post(`${server.url}/v1/messages`, said, left.signal)
  await reply.body?.getReader().read()
  expect(server.told).toEqual([0])
  left.abort()
  for (let count = 0; server.told.length < 2 && count < 100; count++) await Bun.sleep(20)
  expect(server.told).toEqual([0, 120])
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  server.stop()
})
