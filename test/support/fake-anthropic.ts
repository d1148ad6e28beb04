import { checkBody } from './fake-check-body.ts'
import { betasOf, checkApiHeaders, checkHygiene, checkJsonType } from './fake-check-headers.ts'
import { demand, Refusal, refuse } from './fake-refusal.ts'
import { apiError, Issued, isJson, type Json, json, type Reply, text } from './fake-reply.ts'
import { resource } from './fake-resources.ts'
import { type RawServer, type RecordedRequest, startRawServer } from './raw-server.ts'
import { until } from './wait.ts'

/** The key that tests give the proxy for the fake. */
export const UPSTREAM_KEY = 'sk-ant-api03-upstream-dummy-0001'

/** How a fake is set up. */
export interface FakeOptions {
  readonly credentials?: readonly string[]
  /** Values that must never reach the upstream. */
  readonly forbidden?: readonly string[]
  /** Takes any body and any beta: for tests whose bytes no real API would take. */
  readonly lenient?: boolean
}

/** A strict Anthropic API on loopback. @see wire.md 1 */
export interface FakeAnthropic {
  readonly url: string
  readonly port: number
  readonly requests: readonly RecordedRequest[]
  /** What a client sent that no client may send; a test ends by expecting none. */
  readonly violations: readonly string[]
  readonly server: RawServer
  /** Queues replies to Messages requests; with an empty queue `otherwise` answers. */
  reply(...replies: readonly Reply[]): void
  /** Forgets queued replies that no request took, so that one failed test does not fail the next. */
  forget(): void
  /** Decides by the request; undefined leaves it to the default. */
  otherwise(choose: (request: RecordedRequest, body: Json) => Reply | undefined): void
  /** Replies to another endpoint than Messages: `POST /v1/messages/count_tokens`. */
  route(methodAndPath: string, reply: Reply): void
  /** The n-th request (from 0), once its head is there. */
  waitFor(index: number): Promise<RecordedRequest>
  /** Requests to `POST /v1/messages`. */
  messages(): RecordedRequest[]
  close(): Promise<void>
}

/** Starts a fake API. */
export async function startFakeAnthropic(options: FakeOptions = {}): Promise<FakeAnthropic> {
  const fake = new Fake(options)
  await fake.start()
  return fake
}

class Fake implements FakeAnthropic {
  readonly requests: RecordedRequest[] = []
  readonly violations: string[] = []
  readonly #issued = new Issued()
  readonly #queue: Reply[] = []
  readonly #routes = new Map<string, Reply>()
  #choose: (request: RecordedRequest, body: Json) => Reply | undefined = () => undefined
  #server: RawServer | undefined

  constructor(readonly options: FakeOptions) {}

  get server(): RawServer {
    if (this.#server === undefined) throw new Error('The fake is not started')
    return this.#server
  }

  get url(): string {
    return this.server.url
  }

  get port(): number {
    return this.server.port
  }

  async start(): Promise<void> {
    this.#server = await startRawServer(async (exchange) => {
      this.requests.push(exchange.request)
      const reply = await this.#decide(exchange.request)
      await reply(exchange, this.#issued)
    })
  }

  reply(...replies: readonly Reply[]): void {
    this.#queue.push(...replies)
  }

  forget(): void {
    this.#queue.length = 0
  }

  otherwise(choose: (request: RecordedRequest, body: Json) => Reply | undefined): void {
    this.#choose = choose
  }

  route(methodAndPath: string, reply: Reply): void {
    this.#routes.set(methodAndPath, reply)
  }

  async waitFor(index: number): Promise<RecordedRequest> {
    await until(`request ${index} at the upstream`, () => this.requests.length > index)
    const request = this.requests[index]
    if (request === undefined) throw new Error(`No request ${index}`)
    return request
  }

  messages(): RecordedRequest[] {
    return this.requests.filter((r) => r.method === 'POST' && r.path === '/v1/messages')
  }

  close(): Promise<void> {
    return this.server.close()
  }

  async #decide(request: RecordedRequest): Promise<Reply> {
    try {
      return await this.#answer(request)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.violations.push(`${request.method} ${request.target}: ${error.message}`)
      return apiError(error.status, error.type, error.message)
    }
  }

  async #answer(request: RecordedRequest): Promise<Reply> {
    const rules = {
      credentials: this.options.credentials ?? [UPSTREAM_KEY],
      forbidden: this.options.forbidden ?? [],
    }
    const leak = checkHygiene(request, rules, this.port)
    if (leak !== undefined) refuse(leak)
    const route = `${request.method} ${request.path}`
    const scripted = this.#routes.get(route)
    if (route === 'HEAD /' || route === 'HEAD /api/hello') return json(200, '')
    if (!this.options.lenient) checkApiHeaders(request, rules)
    if (route === 'POST /v1/messages') return this.#messages(request)
    if (route === 'POST /v1/messages/count_tokens') {
      await request.complete
      this.#check(request, true)
      return scripted ?? json(200, { input_tokens: 2095 })
    }
    const reply = scripted ?? resource(request)
    if (reply === undefined) throw new Refusal(404, 'not_found_error', 'Not Found')
    return reply
  }

  async #messages(request: RecordedRequest): Promise<Reply> {
    await request.complete
    const body = this.#check(request, false)
    return this.#queue.shift() ?? this.#choose(request, body) ?? text('Hello from the fake.')
  }

  #check(request: RecordedRequest, counting: boolean): Json {
    if (this.options.lenient) return {}
    checkJsonType(request)
    demand(request.body.length <= 32 * 1024 * 1024, 'Request exceeds the maximum size')
    const body = parse(request.body)
    const version = request.header('anthropic-version') ?? ''
    checkBody(body, { version, betas: betasOf(request), issued: this.#issued, counting })
    return body
  }
}

function parse(bytes: Buffer): Json {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    refuse(`The request body is not valid JSON: ${String(error)}`)
  }
  demand(isJson(value), 'Input should be a valid dictionary')
  return value
}
