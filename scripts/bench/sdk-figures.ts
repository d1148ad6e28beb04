import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure, Values } from './figure.ts'
import { deltaText, messagesStream } from './payload.ts'
import { type Running, type Subject, start } from './subjects.ts'
import { type Bench, quantile } from './traffic.ts'

/** How many conversations begin, and how many turns a warm one takes. */
const TIMES = 12
const DELTAS = 3
const ANSWER = Array.from({ length: DELTAS }, (_, index) => deltaText(index)).join('')
const WARM_MOST = 0.2

const modules = join(import.meta.dir, '..', '..', 'node_modules', '@anthropic-ai')

/** The real Claude Code, as the Agent SDK's platform package brings it. */
function claudePath(): string {
  const folders = ['', '-musl'].map((libc) => `claude-agent-sdk-linux-${process.arch}${libc}`)
  const found = folders.map((folder) => join(modules, folder, 'claude')).find(existsSync)
  if (found === undefined) throw new Error('Cannot find Claude Code: run `bun install` first')
  return found
}

/** An API that takes any request of Claude Code's and answers at once. */
function startApi() {
  const { body } = messagesStream(DELTAS)
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
  })
}

/** The subject with Claude Code behind /sdk, whose API is on `port`. */
function withClaude(subject: Subject, port: number, prewarm: number): Subject {
  const env = {
    SDK__CLI_PATH: claudePath(),
    SDK__TOOLS: 'none',
    SDK__PREWARM: String(prewarm),
    ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
    ANTHROPIC_API_KEY: 'sk-ant-api03-bench',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  }
  const { command } = subject
  if (command === undefined) throw new Error(`No process to measure: ${subject.name}`)
  return {
    ...subject,
    command: (own, upstream, home) => {
      const { argv, env: settings } = command(own, upstream, home)
      return { argv, env: { ...settings, ...env } }
    },
  }
}

/** Milliseconds to the first event of an answer, which is read to its end and checked. */
async function firstEvent(bench: Bench, url: string, text: string): Promise<number> {
  const began = performance.now()
  const messages = [{ role: 'user', content: text }]
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 1024, stream: true, messages }),
  })
  const chunks: Uint8Array[] = []
  let first = Number.NaN
  for await (const chunk of reply.body ?? []) {
    if (chunks.length === 0) first = performance.now() - began
    chunks.push(chunk)
  }
  const said = Buffer.concat(chunks).toString()
  const texts = [...said.matchAll(/"text_delta","text":"([^"]*)"/g)].map((match) => match[1])
  if (reply.status !== 200 || texts.join('') !== ANSWER || !said.includes('message_stop')) {
    bench.invalid(
      `${bench.subject.name}: Claude Code’s answer is wrong (${reply.status}): ${said.slice(0, 300)}`,
    )
  }
  return first
}

async function medianOf(count: number, measure: (index: number) => Promise<number>) {
  const values: number[] = []
  for (let index = 0; index < count; index++) values.push(await measure(index))
  return quantile(values, 0.5)
}

/** Measures with a ccproxy of its own; what is not ccproxy has no SDK mode. */
async function withSdk(
  bench: Bench,
  prewarm: number,
  measure: (url: string, direct: number) => Promise<Values>,
): Promise<Values> {
  if (bench.subject.name !== 'ccproxy') return {}
  const api = startApi()
  const port = api.port ?? 0
  let running: Running | undefined
  try {
    running = await start(withClaude(bench.subject, port, prewarm), port)
    const own = `http://127.0.0.1:${port}/v1/messages`
    const direct = await medianOf(TIMES, () => firstEvent(bench, own, 'Hello'))
    const url = `http://127.0.0.1:${running.port}/sdk`
    // The first of all loads the Agent SDK and brings Claude Code's file into memory.
    await firstEvent(bench, `${url}/v1/messages`, 'Hello')
    return await measure(url, direct)
  } finally {
    await running?.stop()
    await api.stop(true)
  }
}

function coldAndWarm(bench: Bench): Promise<Values> {
  return withSdk(bench, 0, async (url, direct) => {
    const cold = await medianOf(TIMES, () => firstEvent(bench, `${url}/v1/messages`, 'Hello'))
    const kept = `${url}/bench-session/v1/messages`
    for (const text of ['Hello', 'And now?']) await firstEvent(bench, kept, text)
    const warm = await medianOf(TIMES, (index) => firstEvent(bench, kept, `Go on ${index}`))
    const [addedCold, addedWarm] = [cold - direct, warm - direct]
    return { 'sdk-cold': addedCold, 'sdk-warm': addedWarm, 'sdk-warm-share': addedWarm / addedCold }
  })
}

/** Long enough for a spare to have started. */
const SPARE_MILLISECONDS = 1500

function bySpare(bench: Bench): Promise<Values> {
  return withSdk(bench, 1, async (url, direct) => {
    const spare = await medianOf(TIMES, async () => {
      await Bun.sleep(SPARE_MILLISECONDS)
      return firstEvent(bench, `${url}/v1/messages`, 'Hello')
    })
    return { 'sdk-spare': spare - direct }
  })
}

const common = { fresh: false, needsProcess: true, rounds: { quick: 1, full: 1 } }

/** What SDK mode adds to the time to the first event, with the real Claude Code before a fake API. */
export const sdkFigures: Figure[] = [
  {
    ...common,
    name: 'sdk',
    rows: [
      {
        id: 'sdk-cold',
        title: `SDK mode, time to first event over the API’s, new conversation, median of ${TIMES}`,
        unit: 'ms',
        comparison: 'none',
      },
      {
        id: 'sdk-warm',
        title: 'the same, next turn of a warm session',
        unit: 'ms',
        comparison: 'none',
      },
      {
        id: 'sdk-warm-share',
        title: 'the same, warm against cold',
        unit: '',
        comparison: 'none',
        target: { on: 'value', most: WARM_MOST },
      },
    ],
    measure: coldAndWarm,
  },
  {
    ...common,
    name: 'sdk-spare',
    rows: [
      {
        id: 'sdk-spare',
        title: 'SDK mode, time to first event over the API’s, new conversation by a spare',
        unit: 'ms',
        comparison: 'none',
      },
    ],
    measure: bySpare,
  },
]
