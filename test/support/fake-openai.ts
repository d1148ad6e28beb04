import { checkHygiene } from './fake-check-headers.ts'
import { checkChatBody, type Extras } from './fake-openai-chat-check.ts'
import { OpenaiRefusal } from './fake-openai-refusal.ts'
import { says, sendOpenaiJson } from './fake-openai-reply.ts'
import { checkResponsesBody } from './fake-openai-responses-check.ts'
import { Issued, isJson, type Json, type Reply } from './fake-reply.ts'
import { type RawServer, type RecordedRequest, startRawServer } from './raw-server.ts'

/** The key that tests give the proxy for the fake. */
export const OPENAI_KEY = 'sk-proj-upstream-dummy-0001'

/** Models that the fake lists. */
export const OPENAI_MODELS = ['gpt-5.5', 'gpt-4.1', 'o4-mini', 'local-coder']

/** How a fake is set up. */
export interface FakeOpenaiOptions {
  readonly credentials?: readonly string[]
  /** Values that must never reach the upstream. */
  readonly forbidden?: readonly string[]
  /** What this compatible server takes beyond OpenAI's API. */
  readonly extras?: Extras
}

/** A strict OpenAI API on loopback: Chat Completions, Responses and the model list. @see wire.md 2 */
export interface FakeOpenai {
  readonly url: string
  readonly port: number
  readonly requests: readonly RecordedRequest[]
  /** What a client sent that the API refuses; a test ends by expecting none. */
  readonly violations: readonly string[]
  /** Queues replies; with an empty queue `otherwise` answers. */
  reply(...replies: readonly Reply[]): void
  /** Forgets queued replies and the chooser, so that one failed test does not fail the next. */
  forget(): void
  /** Decides by the request; undefined leaves it to the default. */
  otherwise(choose: (request: RecordedRequest, body: Json) => Reply | undefined): void
  /** Bodies of the completions that were asked for since `from`, parsed. */
  bodies(from?: number): Json[]
  close(): Promise<void>
}

/** Starts a fake API. */
export async function startFakeOpenai(options: FakeOpenaiOptions = {}): Promise<FakeOpenai> {
  const fake = new Fake(options)
  await fake.start()
  return fake
}

class Fake implements FakeOpenai {
  readonly requests: RecordedRequest[] = []
  readonly violations: string[] = []
  readonly #issued = new Issued()
  readonly #queue: Reply[] = []
  #choose: (request: RecordedRequest, body: Json) => Reply | undefined = () => undefined
  #server: RawServer | undefined

  constructor(readonly options: FakeOpenaiOptions) {}

  get #raw(): RawServer {
    if (this.#server === undefined) throw new Error('The fake is not started')
    return this.#server
  }

  get url(): string {
    return `${this.#raw.url}/v1`
  }

  get port(): number {
    return this.#raw.port
  }

  async start(): Promise<void> {
    this.#server = await startRawServer(async (exchange) => {
      this.requests.push(exchange.request)
      await exchange.request.complete
      const reply = this.#decide(exchange.request)
      await reply(exchange, this.#issued)
    })
  }

  reply(...replies: readonly Reply[]): void {
    this.#queue.push(...replies)
  }

  forget(): void {
    this.#queue.length = 0
    this.#choose = () => undefined
  }

  otherwise(choose: (request: RecordedRequest, body: Json) => Reply | undefined): void {
    this.#choose = choose
  }

  bodies(from = 0): Json[] {
    const posts = this.requests.slice(from).filter((request) => request.method === 'POST')
    return posts.map((request) => parse(request))
  }

  close(): Promise<void> {
    return this.#raw.close()
  }

  #decide(request: RecordedRequest): Reply {
    try {
      return this.#answer(request)
    } catch (error) {
      if (!(error instanceof OpenaiRefusal)) throw error
      this.violations.push(`${request.method} ${request.target}: ${error.message}`)
      return (exchange) => sendOpenaiJson(exchange, error.status, error.body)
    }
  }

  #answer(request: RecordedRequest): Reply {
    this.#checkHeaders(request)
    const route = `${request.method} ${request.path}`
    if (route === 'GET /v1/models') return models(request.path)
    if (request.method === 'GET' && request.path.startsWith('/v1/models/'))
      return models(request.path)
    if (route !== 'POST /v1/chat/completions' && route !== 'POST /v1/responses') {
      throw new OpenaiRefusal(404, `Invalid URL (${route})`)
    }
    const body = this.#checkBody(request, route === 'POST /v1/responses')
    return this.#queue.shift() ?? this.#choose(request, body) ?? says('Hello from the fake.')
  }

  #checkHeaders(request: RecordedRequest): void {
    const forbidden = this.options.forbidden ?? []
    const leak = checkHygiene(request, { credentials: [], forbidden }, this.port)
    if (leak !== undefined) throw new OpenaiRefusal(400, leak)
    for (const [name] of request.headers) {
      const own = /^(anthropic-|x-claude-|x-api-key$|x-app$|api-key$)/i.test(name)
      if (own) throw new OpenaiRefusal(400, `Header ${name} must not reach an OpenAI API`)
    }
    const bearer = /^Bearer (.+)$/.exec(request.header('authorization') ?? '')?.[1]
    const keys = this.options.credentials ?? [OPENAI_KEY]
    if (bearer === undefined || !keys.includes(bearer)) {
      const text =
        bearer === undefined ? "You didn't provide an API key." : 'Incorrect API key provided.'
      throw new OpenaiRefusal(401, text, null, 'invalid_api_key')
    }
  }

  #checkBody(request: RecordedRequest, responses: boolean): Json {
    const type = request.header('content-type') ?? ''
    if (!/^application\/json(;|$)/i.test(type)) {
      throw new OpenaiRefusal(400, `Unsupported content-type "${type}"`)
    }
    const billed = request.text.includes('x-anthropic-billing-header')
    if (billed) throw new OpenaiRefusal(400, 'The billing line of Claude Code must not arrive')
    if (/"cache_control"\s*:/.test(request.text)) {
      throw new OpenaiRefusal(400, "Unknown parameter: 'cache_control'.", 'cache_control')
    }
    const body = parse(request)
    if (responses) checkResponsesBody(body, this.#issued)
    else checkChatBody(body, this.options.extras)
    return body
  }
}

function parse(request: RecordedRequest): Json {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(request.body),
    )
    if (isJson(value)) return value
  } catch (error) {
    throw new OpenaiRefusal(
      400,
      `We could not parse the JSON body of your request: ${String(error)}`,
    )
  }
  throw new OpenaiRefusal(400, 'The JSON body of your request is not an object')
}

function models(path: string): Reply {
  const data = OPENAI_MODELS.map((id) => ({
    ...{ id, object: 'model', created: 1790000000, owned_by: 'fake' },
  }))
  const id = decodeURIComponent(path.slice('/v1/models/'.length))
  const one = data.find((model) => model.id === id)
  const body = path === '/v1/models' ? { object: 'list', data } : one
  if (body === undefined) {
    throw new OpenaiRefusal(404, `The model '${id}' does not exist`, 'model', 'model_not_found')
  }
  return (exchange) => sendOpenaiJson(exchange, 200, body)
}
