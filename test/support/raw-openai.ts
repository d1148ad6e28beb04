import { isJson, type Json } from './fake-reply.ts'
import {
  type Exchange,
  type RawServer,
  type RecordedRequest,
  startRawServer,
} from './raw-server.ts'

/** How an OpenAI-compatible upstream answers one request. */
export type OpenAiReply = (exchange: Exchange, body: Json) => Promise<void> | void

/** An OpenAI-compatible upstream on loopback that says, byte for byte, what a test queued. */
export interface RawOpenAi {
  readonly url: string
  readonly port: number
  readonly requests: readonly RecordedRequest[]
  readonly server: RawServer
  /** Queues replies to requests of any endpoint. */
  reply(...replies: OpenAiReply[]): void
  /** The n-th request from the end of those so far (0 is the last). */
  last(back?: number): RecordedRequest
  /** The last request's body. */
  body(back?: number): Json
  close(): Promise<void>
}

/** Starts a fake; without a queued reply it says `Hello.` on the endpoint that was asked. */
export async function startRawOpenAi(): Promise<RawOpenAi> {
  const requests: RecordedRequest[] = []
  const queue: OpenAiReply[] = []
  const server = await startRawServer(async (exchange) => {
    requests.push(exchange.request)
    await exchange.request.complete
    const body = parsed(exchange.request.text)
    await (queue.shift() ?? hello)(exchange, body)
  })
  const last = (back = 0): RecordedRequest => {
    const request = requests.at(-1 - back)
    if (request === undefined) throw new Error('No request came')
    return request
  }
  return {
    ...{ url: server.url, port: server.port, requests, server, last },
    reply: (...replies) => void queue.push(...replies),
    body: (back) => parsed(last(back).text),
    close: () => server.close(),
  }
}

function hello(exchange: Exchange, body: Json): Promise<void> | void {
  if (exchange.request.path.endsWith('/responses')) {
    return body.stream === true
      ? events(...RESPONSE_EVENTS)(exchange, body)
      : whole(200, responseOf('Hello.'))(exchange, body)
  }
  if (exchange.request.path.endsWith('/models')) {
    return whole(200, { object: 'list', data: [MODEL] })(exchange, body)
  }
  return body.stream === true
    ? events(...chatEvents('Hello.'))(exchange, body)
    : whole(200, completionOf('Hello.'))(exchange, body)
}

const MODEL = { id: 'vendor/big-1', object: 'model', created: 1_700_000_000, owned_by: 'vendor' }

/** A whole reply with a status; a string goes out as it is. */
export function whole(
  status: number,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): OpenAiReply {
  return async (exchange) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const all = { 'content-type': 'application/json', ...headers }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    const length = Buffer.byteLength(text)
    await exchange.write(
      `HTTP/1.1 ${status} X\r\n${lines.join('')}content-length: ${length}\r\n\r\n${text}`,
    )
    exchange.finish()
  }
}

/** The head of a streamed reply. */
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: up-1\r\ntransfer-encoding: chunked\r\n\r\n'

/** One piece of a chunked body. */
function piece(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

/** A stream of these texts, each a chunk of its own, to its proper end. */
export function events(...texts: readonly string[]): OpenAiReply {
  return async (exchange) => {
    await exchange.write(STREAM_HEAD)
    for (const text of texts) await exchange.write(piece(text))
    await exchange.write('0\r\n\r\n')
    exchange.finish()
  }
}

/** A stream that breaks off after these texts: the connection is closed in mid-body. */
export function cut(...texts: readonly string[]): OpenAiReply {
  return async (exchange) => {
    await exchange.write(STREAM_HEAD)
    for (const text of texts) await exchange.write(piece(text))
    exchange.finish({ close: true })
  }
}

/** A stream that says these texts and then nothing more, until the client leaves. */
export function hang(...texts: readonly string[]): OpenAiReply {
  return async (exchange) => {
    await exchange.write(STREAM_HEAD)
    for (const text of texts) await exchange.write(piece(text))
  }
}

/** One `data:` event. */
export function data(value: object | string): string {
  return `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
}

/** A chunk of a streamed completion. */
export function chatChunk(delta: object, finish: string | null = null, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return data({
    ...{ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'up', choices },
    ...more,
  })
}

/** A completion's stream in full. */
export function chatEvents(text: string): string[] {
  const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }
  return [
    chatChunk({ role: 'assistant', content: '' }),
    chatChunk({ content: text }),
    chatChunk({}, 'stop'),
    data({
      ...{ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'up', choices: [], usage },
    }),
    data('[DONE]'),
  ]
}

/** A whole completion. */
export function completionOf(text: string): object {
  return {
    ...{ id: 'c1', object: 'chat.completion', created: 1, model: 'up' },
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
  }
}

/** A whole response object. */
function responseOf(text: string): object {
  return { ...responseBase('completed'), output: [responseMessage(text)], usage: RESPONSE_USAGE }
}

const RESPONSE_USAGE = { input_tokens: 7, output_tokens: 2, total_tokens: 9 }

function responseBase(status: string): object {
  return { id: 'resp_1', object: 'response', created_at: 1, model: 'up', status, error: null }
}

function responseMessage(text: string): object {
  const content = [{ type: 'output_text', text, annotations: [] }]
  return { type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content }
}

/** One event of a streamed response. */
export function responseEvent(type: string, more: object): string {
  return `event: ${type}\n${data({ type, sequence_number: 0, ...more })}`
}

const AT = { output_index: 0, item_id: 'msg_1', content_index: 0 }

/** A response's first event, before any content. */
export const RESPONSE_CREATED = responseEvent('response.created', {
  response: { ...responseBase('in_progress'), output: [] },
})

/** A response's stream in full. */
const RESPONSE_EVENTS: readonly string[] = [
  RESPONSE_CREATED,
  responseEvent('response.output_item.added', {
    output_index: 0,
    item: { type: 'message', id: 'msg_1', status: 'in_progress', role: 'assistant', content: [] },
  }),
  responseEvent('response.content_part.added', {
    ...AT,
    part: { type: 'output_text', text: '', annotations: [] },
  }),
  responseEvent('response.output_text.delta', { ...AT, delta: 'Hello.' }),
  responseEvent('response.output_text.done', { ...AT, text: 'Hello.' }),
  responseEvent('response.output_item.done', { output_index: 0, item: responseMessage('Hello.') }),
  responseEvent('response.completed', { response: responseOf('Hello.') }),
]

function parsed(text: string): Json {
  if (text === '') return {}
  const value: unknown = JSON.parse(text)
  return isJson(value) ? value : {}
}
