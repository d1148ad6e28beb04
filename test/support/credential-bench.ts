import { IDENTITY_LINE } from '../../src/auth/identity.ts'
import { type Ccproxy, type CcproxyOptions, startCcproxy } from './ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from './fake-anthropic.ts'
import { FakeOAuth } from './fake-oauth.ts'
import { isJson, type Json } from './fake-reply.ts'
import { type LoginHome, loginHome } from './login-home.ts'
import { messageBody } from './raw-client.ts'
import type { RecordedRequest } from './raw-server.ts'

/** What the proxy answered and what that made the upstream see. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
  readonly upstream: readonly RecordedRequest[]
}

/** A fake sign-in, a fake API that takes what the sign-in issued, and ccproxies between. */
export class CredentialBench {
  readonly oauth = new FakeOAuth()
  readonly #proxies: Ccproxy[] = []
  #fake: FakeAnthropic | undefined
  #home: LoginHome | undefined

  get fake(): FakeAnthropic {
    if (this.#fake === undefined) throw new Error('The bench is not open')
    return this.#fake
  }

  /** The present test's own; processes started in it share its plan login. */
  get home(): LoginHome {
    this.#home ??= loginHome()
    return this.#home
  }

  /** Starts the API; it takes the sign-in's live tokens and `keys`, and must never see `forbidden`. */
  async open(keys: readonly string[] = [], forbidden: readonly string[] = []): Promise<void> {
    this.#fake = await startFakeAnthropic({ credentials: this.oauth.credentials(keys), forbidden })
  }

  /** What leads a real process to the sign-in and to the present test's home. */
  env(): Record<string, string> {
    return { ...this.oauth.environment(), ...this.home.env }
  }

  async start(options: CcproxyOptions = {}): Promise<Ccproxy> {
    const env = { ...this.env(), ...options.env }
    const proxy = await startCcproxy({ upstream: this.fake.url, key: false, ...options, env })
    this.#proxies.push(proxy)
    return proxy
  }

  /** Sends a small Messages request. */
  async ask(
    proxy: Ccproxy,
    path = '/v1/messages',
    headers: Readonly<Record<string, string>> = {},
    body: string = messageBody(false),
  ): Promise<Answer> {
    const before = this.fake.requests.length
    const json = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
    const reply = await fetch(proxy.url + path, {
      method: 'POST',
      headers: { ...json, ...headers },
      body,
    })
    const answer: unknown = await reply.json()
    const upstream = this.fake.requests.slice(before)
    return { status: reply.status, headers: reply.headers, body: jsonOf(answer), upstream }
  }

  /** Ends what the test started. */
  async reset(): Promise<void> {
    await Promise.all(this.#proxies.splice(0).map((proxy) => proxy.stop()))
    this.#home?.remove()
    this.#home = undefined
    this.oauth.troubles.length = 0
    this.#fake?.forget()
    this.#fake?.otherwise(() => undefined)
  }

  async close(): Promise<void> {
    await this.reset()
    await this.#fake?.close()
    await this.oauth.stop()
  }
}

/** The message of an error answer. */
export function errorOf({ body }: Answer): string {
  return isJson(body.error) ? String(body.error.message) : ''
}

/** What went up as credential, where it was one alone. */
export function credentialOf(request: RecordedRequest | undefined): string {
  const key = request?.header('x-api-key')
  const bearer = request?.header('authorization')
  if (key !== undefined && bearer !== undefined) return 'both'
  return key ?? bearer ?? 'none'
}

/** What `/status` says of the Anthropic provider's credential. */
export async function statusOf(
  proxy: Ccproxy,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const body: unknown = await (await fetch(`${proxy.url}/api/status`, { headers })).json()
  return String(jsonOf(body).credential)
}

/** Whether a request's system prompt begins with the identity block. */
export function hasIdentity(request: RecordedRequest | undefined): boolean {
  const system = jsonOf(JSON.parse(request?.text ?? '{}')).system
  const first: unknown = Array.isArray(system) ? system[0] : undefined
  return isJson(first) && first.text === IDENTITY_LINE
}

function jsonOf(value: unknown): Json {
  return isJson(value) ? value : {}
}
