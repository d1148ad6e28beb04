import { chatChunks, chatCompletion } from './fake-openai-chat-reply.ts'
import { responsesEvents } from './fake-openai-responses-reply.ts'
import { asJson, chunk, head, type Json, type Reply, type ReplyContext } from './fake-reply.ts'
import type { Exchange } from './raw-server.ts'
import { sleep } from './wait.ts'

/** A reply's content on either wire, as a script writes it. */
export type OpenaiPart =
  | { text: string; pieces?: number }
  | { reasoning: string }
  | { refusal: string }
  /** `arguments` sends this text as it is, where `input` would be made JSON. */
  | { tool: string; input?: Json; arguments?: string; id?: string }
  | { custom: string; input: string; id?: string }

/** How a scripted completion is sent. */
export interface CompletionOptions {
  /** Chat's finish_reason; on Responses `length` and `content_filter` make it incomplete. */
  readonly finish?: string
  /** Chat streams: the chunk after the last, the chunk with finish_reason, every chunk, or none. */
  readonly usage?: 'last' | 'finish' | 'every' | 'none'
  readonly numbers?: { input?: number; cached?: number; output?: number; reasoning?: number }
  /** Chat streams: whether `data: [DONE]` ends them (default true). */
  readonly done?: boolean
  /** Whether the pieces of parallel calls take turns. */
  readonly interleave?: boolean
  readonly reasoningField?: 'reasoning_content' | 'reasoning'
  /** The form in which it is sent, whatever was asked. */
  readonly form?: 'sse' | 'json'
  readonly headers?: Record<string, string>
  readonly pace?: number
  readonly stallBefore?: number
  /** Ends a stream after this many events: closed, reset, or with the wire's own error. */
  readonly end?: { after: number; how: 'close' | 'reset' | 'error' }
}

/** The headers that the real API sends with each reply. @see wire.md 2 */
const OPENAI_HEADERS: Readonly<Record<string, string>> = {
  'x-request-id': 'req_openai_fake_0001',
  'openai-processing-ms': '12',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-reset-requests': '6ms',
}

/** A completion on whichever wire the request came by: as events when it says `stream`, else as JSON. */
export function completion(parts: readonly OpenaiPart[], options: CompletionOptions = {}): Reply {
  return async (exchange, context) => {
    await exchange.request.complete
    if (options.stallBefore !== undefined) await sleep(options.stallBefore)
    const body = asJson(JSON.parse(exchange.request.text))
    const chat = exchange.request.path.endsWith('/chat/completions')
    const form = options.form ?? (body.stream === true ? 'sse' : 'json')
    if (form === 'json') {
      const reply = chat
        ? chatCompletion(parts, options, context, body)
        : asJson(responsesEvents(parts, options, context, body).at(-1)?.response)
      await sendOpenaiJson(exchange, 200, reply, options.headers)
    }
    const frames = chat
      ? chatFrames(parts, options, context, body)
      : responsesEvents(parts, options, context, body).map(eventFrame)
    await sendFrames(exchange, frames, options, chat)
  }
}

function chatFrames(
  parts: readonly OpenaiPart[],
  options: CompletionOptions,
  context: ReplyContext,
  body: Json,
): string[] {
  const frames = chatChunks(parts, options, context, body).map(dataFrame)
  return options.done === false ? frames : [...frames, 'data: [DONE]\n\n']
}

function dataFrame(value: Json): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

function eventFrame(value: Json): string {
  return `event: ${String(value.type)}\n${dataFrame(value)}`
}

async function sendFrames(
  exchange: Exchange,
  frames: readonly string[],
  options: CompletionOptions,
  chat: boolean,
): Promise<void> {
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    'transfer-encoding': 'chunked',
    ...OPENAI_HEADERS,
    ...options.headers,
  }
  let open = await exchange.write(head(200, headers))
  for (const [index, frame] of frames.entries()) {
    if (!open) return
    if (index === options.end?.after) {
      await finishEarly(exchange, options.end.how, chat, index)
      return
    }
    open = await exchange.write(chunk(frame))
    if (options.pace !== undefined) await sleep(options.pace)
  }
  await exchange.write('0\r\n\r\n')
  exchange.finish()
}

async function finishEarly(
  exchange: Exchange,
  how: 'close' | 'reset' | 'error',
  chat: boolean,
  sequence: number,
): Promise<void> {
  await sleep(30)
  if (how === 'error') {
    const error = { message: 'The server had an error', param: null, code: 'server_error' }
    const frame = chat
      ? dataFrame({ error: { ...error, type: 'server_error' } })
      : eventFrame({ type: 'error', sequence_number: sequence, ...error })
    await exchange.write(chunk(frame))
    await exchange.write('0\r\n\r\n')
    exchange.finish()
    return
  }
  exchange.finish()
  if (how === 'reset') exchange.socket.resetAndDestroy()
  else exchange.socket.destroy()
}

/** A completion of one text. */
export function says(content: string, options: CompletionOptions = {}): Reply {
  return completion([{ text: content }], options)
}

/** An error in OpenAI's shape. */
export function openaiError(
  status: number,
  error: { message: string; type?: string; param?: string | null; code?: string | null },
  headers: Record<string, string> = {},
): Reply {
  const base = { type: 'invalid_request_error', param: null, code: null }
  const filled = { ...base, ...error }
  return async (exchange) => {
    await exchange.request.complete
    await sendOpenaiJson(exchange, status, { error: filled }, headers)
  }
}

/** The refusal of a prompt that is too long, as the real API words it. */
export function contextOverflow(limit: number, asked: number): Reply {
  return openaiError(400, {
    message: `This model's maximum context length is ${limit} tokens. However, your messages resulted in ${asked} tokens. Please reduce the length of the messages.`,
    param: 'messages',
    code: 'context_length_exceeded',
  })
}

/** Sends a whole JSON body with its length. */
export async function sendOpenaiJson(
  exchange: Exchange,
  status: number,
  body: Json,
  headers: Record<string, string> = {},
): Promise<void> {
  await sendOpenaiText(exchange, status, JSON.stringify(body), 'application/json', headers)
}

/** A whole reply of any type. */
export async function sendOpenaiText(
  exchange: Exchange,
  status: number,
  body: string,
  type: string,
  headers: Record<string, string> = {},
): Promise<void> {
  const bytes = Buffer.from(body)
  const all = {
    'content-type': type,
    'content-length': String(bytes.length),
    ...OPENAI_HEADERS,
    ...headers,
  }
  await exchange.write(Buffer.concat([Buffer.from(head(status, all)), bytes]))
  exchange.finish()
}
