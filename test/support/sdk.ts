import { type Ccproxy, startCcproxy } from './ccproxy.ts'
import { claudePath } from './claude.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from './fake-anthropic.ts'
import { asJson, type Json } from './fake-reply.ts'
import { marked, type ProcessEntry } from './processes.ts'
import { until } from './wait.ts'

/** Long enough for Claude Code to start on a busy machine, ms. */
export const SDK_TEST_MS = 60_000

/** How SDK mode is set up. */
export interface SdkOptions {
  /** Lines of the `[sdk]` table. */
  readonly sdk?: string
  /** Other tables. */
  readonly toml?: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether Claude Code has a key (default true). */
  readonly signedIn?: boolean
  /** Whether `sdk.cli_path` names the real Claude Code (default true). */
  readonly cliPath?: boolean
}

/** ccproxy with the real Claude Code behind /sdk, and the API that it asks. */
export interface Sdk {
  readonly fake: FakeAnthropic
  readonly proxy: Ccproxy
  /** Asks for a message, below /sdk. */
  ask(body: Json, options?: AskOptions): Promise<Answered>
  /** Sends a request whose answer the caller reads. */
  send(body: Json, options?: AskOptions): Promise<Response>
  /** The Claude Codes that run, and what they have started. */
  processes(): ProcessEntry[]
  claudes(): ProcessEntry[]
  /** The status of /sdk. */
  sessions(): Promise<Json>
  stop(): Promise<void>
}

/** How a request goes. */
export interface AskOptions {
  /** The session that the path names. */
  readonly session?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** An answer that was read to its end. */
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
  /** The text blocks, joined. */
  readonly text: string
}

/** A Messages request with one line of the user's. */
export function say(text: string, more: Json = {}): Json {
  return { ...BASE, messages: [{ role: 'user', content: text }], ...more }
}

const BASE = { model: 'claude-sonnet-4-6', max_tokens: 1000 }

/** Starts both; Claude Code has a plain model without tools unless `sdk` says otherwise. */
export async function startSdk(options: SdkOptions = {}): Promise<Sdk> {
  const fake = await startFakeAnthropic()
  const mark = `SDK_TEST_RUN=${crypto.randomUUID()}`
  const key = options.signedIn === false ? '' : `ANTHROPIC_API_KEY = "${UPSTREAM_KEY}"\n`
  const path = options.cliPath === false ? '' : `cli_path = ${JSON.stringify(claudePath())}\n`
  const table = `[sdk]\n${path}${options.sdk ?? PLAIN}\n`
  const proxy = await startCcproxy({
    upstream: fake.url,
    key: false,
    env: {
      DISABLE_TELEMETRY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      SDK_TEST_RUN: mark.split('=')[1] ?? '',
      ...options.env,
    },
    toml: `${table}[sdk.env]\nANTHROPIC_BASE_URL = "${fake.url}"\n${key}${options.toml ?? ''}`,
  })
  const processes = () => marked(mark).filter(({ pid }) => pid !== proxy.pid)
  const send = (body: Json, { session, headers, signal }: AskOptions = {}) =>
    fetch(`${proxy.url}/sdk/${session === undefined ? '' : `${session}/`}v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    })
  return {
    fake,
    proxy,
    send,
    processes,
    ask: async (body, asked) => answeredBy(await send(body, asked)),
    claudes: () => processes().filter(({ command }) => /^\S*claude\S* .*stream-json/.test(command)),
    sessions: async () => {
      const status = asJson(await (await fetch(`${proxy.url}/sdk/status`)).json())
      return asJson(status.sessions)
    },
    stop: async () => {
      await proxy.stop()
      await fake.close()
      await until('no process is left', () => processes().length === 0, 8000)
    },
  }
}

const PLAIN = 'tools = "none"\nsetting_sources = []'

async function answeredBy(response: Response): Promise<Answered> {
  const body = asJson(await response.json())
  const blocks = Array.isArray(body.content) ? body.content.map(asJson) : []
  const text = blocks.map((block) => (block.type === 'text' ? block.text : '')).join('')
  return { status: response.status, headers: response.headers, body, text }
}

/** The messages of the n-th request to the API, without what Claude Code adds, as `role: text`. */
export function heard(fake: FakeAnthropic, index: number): string[] {
  const request = fake.messages().at(index)
  const body = asJson(JSON.parse(request?.text ?? '{}'))
  const messages = Array.isArray(body.messages) ? body.messages.map(asJson) : []
  return messages
    .filter(({ role }) => role !== 'system')
    .map(({ role, content }) => `${role}: ${wordsOf(content)}`)
}

function wordsOf(content: unknown): string {
  if (typeof content === 'string') return content
  const blocks = Array.isArray(content) ? content.map(asJson) : []
  return blocks
    .map((block) => String(block.text ?? block.name ?? block.type))
    .filter((text) => !text.startsWith('<system-reminder>'))
    .join(' | ')
}
