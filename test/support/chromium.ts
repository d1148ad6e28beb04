import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { findProgram } from './needs.ts'

const Targets = Type.Array(
  Type.Object({ type: Type.String(), webSocketDebuggerUrl: Type.String() }),
)
const Reply = Type.Object({
  id: Type.Optional(Type.Number()),
  error: Type.Optional(Type.Object({ message: Type.String() })),
  result: Type.Optional(Type.Unknown()),
  method: Type.Optional(Type.String()),
  params: Type.Optional(Type.Unknown()),
})
const Evaluated = Type.Object({
  result: Type.Object({ value: Type.Optional(Type.Unknown()) }),
  exceptionDetails: Type.Optional(Type.Unknown()),
})
const Shot = Type.Object({ data: Type.String() })

const Sent = Type.Object({ request: Type.Object({ url: Type.String() }) })

/** A page in a headless browser that can reach one origin only. */
export interface Page {
  /** The URL of each request that the page made, `data:` left out. */
  readonly requested: readonly string[]
  /** What the page wrote to its console or broke of its policy. */
  readonly complaints: readonly string[]
  evaluate(expression: string): Promise<unknown>
  /** Evaluates until the value is truthy. */
  until(expression: string): Promise<unknown>
  screenshot(): Promise<Uint8Array>
  close(): Promise<void>
}

/** Opens an address of this machine in Chromium; nothing else can be reached from the page. */
export async function openPage(url: string): Promise<Page> {
  const gate = gateTo(new URL(url).origin)
  const profile = mkdtempSync(join(tmpdir(), 'ccproxy-chromium-'))
  const browser = launch(profile, gate.port ?? 0)
  const socket = await connect(await pageAddress(profile))
  const { send, complaints, requested } = session(socket)
  await send('Runtime.enable')
  await send('Log.enable')
  await send('Page.enable')
  await send('Network.enable')
  await send('Page.navigate', { url })
  const evaluate = async (expression: string): Promise<unknown> => {
    const options = { expression, awaitPromise: true, returnByValue: true }
    return Value.Parse(Evaluated, await send('Runtime.evaluate', options)).result.value
  }
  return {
    requested,
    complaints,
    evaluate,
    until: (expression) => waitFor(expression, () => evaluate(expression)),
    screenshot: async () =>
      Buffer.from(Value.Parse(Shot, await send('Page.captureScreenshot')).data, 'base64'),
    close: async () => {
      socket.close()
      browser.kill('SIGKILL')
      await browser.exited
      await gate.stop(true)
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

function launch(profile: string, proxyPort: number) {
  const program = findProgram('chromium')
  if (program === undefined) throw new Error('Chromium is not installed: apt-get install chromium')
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-dev-shm-usage',
    '--window-size=1200,1000',
    `--user-data-dir=${profile}`,
    `--proxy-server=http://127.0.0.1:${proxyPort}`,
    '--proxy-bypass-list=<-loopback>',
    '--remote-debugging-port=0',
    'about:blank',
  ]
  const env = { PATH: process.env.PATH ?? '', HOME: profile }
  return Bun.spawn([program, ...flags], { stdio: ['ignore', 'ignore', 'ignore'], env })
}

/**
 * A proxy that forwards to one origin and refuses everything else, also what the browser asks on
 * its own account (update.googleapis.com, whatever its flags say) and every CONNECT.
 */
function gateTo(origin: string) {
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const url = new URL(request.url)
      if (url.origin !== origin) return new Response(null, { status: 502 })
      return fetch(url, { method: request.method, headers: request.headers, body: request.body })
    },
  })
}

async function pageAddress(profile: string): Promise<string> {
  const file = join(profile, 'DevToolsActivePort')
  const port = await waitFor('the port of the browser', () =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n')[0] : undefined,
  )
  const targets = Value.Parse(Targets, await (await fetch(`http://127.0.0.1:${port}/json`)).json())
  const page = targets.find(({ type }) => type === 'page')
  if (page === undefined) throw new Error('The browser has no page')
  return page.webSocketDebuggerUrl
}

async function connect(address: string): Promise<WebSocket> {
  const socket = new WebSocket(address)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener('open', () => resolve())
  socket.addEventListener('error', () => reject(new Error('Cannot reach the browser')))
  await promise
  return socket
}

const COMPLAINTS: ReadonlySet<string> = new Set([
  'Log.entryAdded',
  'Runtime.consoleAPICalled',
  'Runtime.exceptionThrown',
])

function session(socket: WebSocket) {
  const complaints: string[] = []
  const requested: string[] = []
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let last = 0
  socket.addEventListener('message', ({ data }) => {
    const { id, error, result, method, params } = Value.Parse(Reply, JSON.parse(String(data)))
    if (method !== undefined && COMPLAINTS.has(method)) complaints.push(JSON.stringify(params))
    if (method === 'Network.requestWillBeSent') {
      const { url } = Value.Parse(Sent, params).request
      if (!url.startsWith('data:')) requested.push(url)
    }
    if (id === undefined) return
    if (error) waiting.get(id)?.reject(new Error(error.message))
    else waiting.get(id)?.resolve(result)
    waiting.delete(id)
  })
  const send = (method: string, params: object = {}): Promise<unknown> => {
    const reply = Promise.withResolvers<unknown>()
    waiting.set(++last, reply)
    socket.send(JSON.stringify({ id: last, method, params }))
    return reply.promise
  }
  return { send, complaints, requested }
}

async function waitFor<T>(what: string, look: () => T | Promise<T>): Promise<T> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const value = await look()
    if (value) return value
    await Bun.sleep(25)
  }
  throw new Error(`Waited 20 s for ${what}`)
}
