import { createHash } from 'node:crypto'
import type { Exchange } from './raw-server.ts'
import { sleep } from './wait.ts'

/** What a scripted reply may use beside the exchange. */
export interface ReplyContext {
  /** A fresh id with this prefix. */
  id(prefix: string): string
  /** Signs a thinking text; the fake accepts it back only unchanged. */
  sign(thinking: string): string
}

/** Answers one request. */
export type Reply = (exchange: Exchange, context: ReplyContext) => Promise<void>

/** A JSON object. */
export type Json = Record<string, unknown>

/** A reply's content, as a script writes it. */
export type ContentPart =
  | { text: string; pieces?: number }
  | { thinking: string; omitted?: boolean }
  | { redacted: string }
  | { tool: string; input: Json; id?: string }

/** How a scripted message is sent. */
export interface MessageOptions {
  readonly stopReason?: string
  readonly usage?: Json
  readonly headers?: Record<string, string>
  /** Milliseconds between events. */
  readonly pace?: number
  /** Milliseconds of silence before the head, and after the first event. */
  readonly stallBefore?: number
  readonly stallAfterFirst?: number
}

/** The headers that the real API sends with each reply. */
export const UPSTREAM_HEADERS: Readonly<Record<string, string>> = {
  'request-id': 'req_fake0000000000000000001',
  'anthropic-organization-id': '7d8a6f0e-0000-4000-8000-000000000001',
  'anthropic-ratelimit-requests-limit': '4000',
  'anthropic-ratelimit-requests-remaining': '3999',
  'anthropic-ratelimit-requests-reset': '2026-11-21T12:00:00Z',
}

/** The bytes of a reply's head. */
export function head(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Reason\r\n${lines.join('')}\r\n`
}

/** One SSE frame as Anthropic writes it. */
export function frame(event: Json & { type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

/** One chunk of chunked framing. */
export function chunk(bytes: string | Uint8Array): Buffer {
  const data = Buffer.from(bytes)
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}

/** The head of an event stream, chunked. */
export function streamHead(extra: Readonly<Record<string, string>> = {}): string {
  return head(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'transfer-encoding': 'chunked',
    ...UPSTREAM_HEADERS,
    ...extra,
  })
}

/** Whether the request asks for a stream. */
function wantsStream(exchange: Exchange): boolean {
  return /"stream"\s*:\s*true/.test(exchange.request.text)
}

/** A message: as events when the request says `stream`, else as JSON. */
export function message(parts: readonly ContentPart[], options: MessageOptions = {}): Reply {
  return async (exchange, context) => {
    await exchange.request.complete
    if (options.stallBefore !== undefined) await sleep(options.stallBefore)
    const events = messageEvents(parts, options, context, modelOf(exchange))
    if (!wantsStream(exchange)) return sendJson(exchange, 200, assemble(events), options.headers)
    let open = await exchange.write(streamHead(options.headers))
    for (const [index, event] of events.entries()) {
      if (!open) return
      open = await exchange.write(chunk(frame(event)))
      if (index === 0 && options.stallAfterFirst !== undefined) await sleep(options.stallAfterFirst)
      if (options.pace !== undefined) await sleep(options.pace)
    }
    await exchange.write('0\r\n\r\n')
    exchange.finish()
  }
}

/** A message of one text. */
export function text(content: string, options: MessageOptions = {}): Reply {
  return message([{ text: content }], options)
}

/** A call of one tool. */
export function tool(name: string, input: Json, options: MessageOptions = {}): Reply {
  return message([{ text: 'I will use a tool.' }, { tool: name, input }], options)
}

/** A JSON reply. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return async (exchange) => {
    await exchange.request.complete
    await sendJson(exchange, status, body, headers)
  }
}

/** An error in Anthropic's shape. */
export function apiError(
  status: number,
  type: string,
  detail: string,
  headers: Record<string, string> = {},
): Reply {
  return json(
    status,
    { type: 'error', error: { type, message: detail }, request_id: UPSTREAM_HEADERS['request-id'] },
    headers,
  )
}

/** Exact bytes, then the connection's end if told. */
export function exactly(bytes: string | Uint8Array, options: { close?: boolean } = {}): Reply {
  return async (exchange) => {
    await exchange.request.complete
    await exchange.write(bytes)
    exchange.finish(options)
  }
}

/** Sends a whole JSON body with its length. */
async function sendJson(
  exchange: Exchange,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<void> {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const headers_ = {
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    ...UPSTREAM_HEADERS,
    ...headers,
  }
  await exchange.write(Buffer.concat([Buffer.from(head(status, headers_)), bytes]))
  exchange.finish()
}

function modelOf(exchange: Exchange): string {
  return /"model"\s*:\s*"([^"]*)"/.exec(exchange.request.text)?.[1] ?? 'claude-sonnet-4-6'
}

/** The events of a message, in the order the real API sends them. */
export function messageEvents(
  parts: readonly ContentPart[],
  options: MessageOptions,
  context: ReplyContext,
  model = 'claude-sonnet-4-6',
): (Json & { type: string })[] {
  const usage = { input_tokens: 12, cache_creation_input_tokens: 0, cache_read_input_tokens: 3 }
  const start = {
    ...{ id: context.id('msg_'), type: 'message', role: 'assistant', model, content: [] },
    ...{ stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
  }
  const stop = parts.some((part) => 'tool' in part) ? 'tool_use' : 'end_turn'
  return [
    { type: 'message_start', message: start },
    ...parts.flatMap((part, index) => blockEvents(part, index, context)),
    {
      type: 'message_delta',
      delta: { stop_reason: options.stopReason ?? stop, stop_sequence: null },
      usage: { ...usage, output_tokens: 7, ...options.usage },
    },
    { type: 'message_stop' },
  ]
}

function blockEvents(
  part: ContentPart,
  index: number,
  context: ReplyContext,
): (Json & { type: string })[] {
  const [block, deltas] = blockOf(part, context)
  return [
    { type: 'content_block_start', index, content_block: block },
    ...(index === 0 ? [{ type: 'ping' }] : []),
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

function blockOf(part: ContentPart, context: ReplyContext): [Json, Json[]] {
  if ('text' in part) {
    const deltas = split(part.text, part.pieces ?? 2)
    return [
      { type: 'text', text: '' },
      deltas.map((piece) => ({ type: 'text_delta', text: piece })),
    ]
  }
  if ('thinking' in part) {
    const shown = part.omitted === true ? '' : part.thinking
    const signature = { type: 'signature_delta', signature: context.sign(shown) }
    const deltas = shown === '' ? [] : split(shown, 2)
    const thinking = deltas.map((piece) => ({ type: 'thinking_delta', thinking: piece }))
    return [{ type: 'thinking', thinking: '', signature: '' }, [...thinking, signature]]
  }
  if ('redacted' in part) return [{ type: 'redacted_thinking', data: part.redacted }, []]
  const id = part.id ?? context.id('toolu_')
  const pieces = ['', ...split(JSON.stringify(part.input), 3)]
  return [
    { type: 'tool_use', id, name: part.tool, input: {} },
    pieces.map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
  ]
}

function split(content: string, pieces: number): string[] {
  const characters = [...content]
  const size = Math.max(1, Math.ceil(characters.length / pieces))
  const parts: string[] = []
  for (let at = 0; at < characters.length; at += size) {
    parts.push(characters.slice(at, at + size).join(''))
  }
  return parts
}

/** Folds scripted events into the message that a non-stream request gets. */
function assemble(events: readonly (Json & { type: string })[]): Json {
  let result: Json = {}
  const blocks: Json[] = []
  for (const event of events) {
    if (event.type === 'message_start') result = { ...asJson(event.message) }
    if (event.type === 'content_block_start') blocks.push({ ...asJson(event.content_block) })
    if (event.type === 'content_block_delta') applyDelta(blocks.at(-1) ?? {}, asJson(event.delta))
    if (event.type === 'content_block_stop') finishBlock(blocks.at(-1) ?? {})
    if (event.type === 'message_delta') {
      result = { ...result, ...asJson(event.delta), usage: event.usage }
    }
  }
  return { ...result, content: blocks }
}

function applyDelta(block: Json, delta: Json): void {
  for (const key of ['text', 'thinking', 'signature', 'partial_json']) {
    if (typeof delta[key] === 'string') block[key] = `${block[key] ?? ''}${delta[key]}`
  }
}

function finishBlock(block: Json): void {
  if (typeof block.partial_json !== 'string') return
  block.input = JSON.parse(block.partial_json)
  delete block.partial_json
}

/** Reads an unknown value as an object; anything else is an empty one. */
export function asJson(value: unknown): Json {
  return isJson(value) ? value : {}
}

/** Whether a value is a JSON object. */
export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The ids and signatures that one fake has issued. */
export class Issued implements ReplyContext {
  readonly #thinking = new Map<string, string>()
  #count = 0

  id(prefix: string): string {
    this.#count += 1
    return `${prefix}${String(this.#count).padStart(24, '0')}`
  }

  sign(thinking: string): string {
    this.#count += 1
    const digest = createHash('sha512').update(`${this.#count}:${thinking}`).digest('base64')
    this.#thinking.set(digest, thinking)
    return digest
  }

  /** Whether a thinking block came from here and is unchanged. */
  knows(signature: unknown, thinking: unknown): boolean {
    return typeof signature === 'string' && this.#thinking.get(signature) === thinking
  }
}
