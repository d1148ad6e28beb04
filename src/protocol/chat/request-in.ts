import { isRecord } from '../../kit/json.ts'
import { ownValue } from '../../kit/own-value.ts'
import type { Whole } from '../codec.ts'
import type { Block, MessagesRequest, RequestMessage } from '../messages/schema.ts'
import type { Hints, Note, Turn } from '../protocol.ts'
import { standInUser } from '../stand-in-user.ts'
import { isBlank, textOf } from '../value.ts'
import { messagesIn } from './messages-in.ts'
import { refused } from './parts-in.ts'
import type { ChatRequest } from './schema.ts'
import { toolsIn } from './tools-in.ts'

/** Fields that have their own step. */
const HANDLED: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens'],
  ...['temperature', 'top_p', 'top_k', 'n', 'stop', 'tools', 'tool_choice', 'parallel_tool_calls'],
  ...['functions', 'function_call', 'response_format', 'reasoning_effort', 'reasoning'],
  ...['thinking', 'user', 'safety_identifier', 'metadata', 'betas', 'modalities', 'audio'],
])

/** Fields that Messages cannot say, with the value that says nothing; an encoder that can use them finds them in the hints. */
const HINTED: Readonly<Record<string, unknown>> = {
  seed: undefined,
  logprobs: false,
  top_logprobs: 0,
  logit_bias: undefined,
  presence_penalty: 0,
  frequency_penalty: 0,
  prediction: undefined,
  store: false,
  verbosity: undefined,
  prompt_cache_key: undefined,
  prompt_cache_retention: undefined,
  service_tier: undefined,
  web_search_options: undefined,
}

/** A client's Chat Completions request in the hub's form; what it cannot mean is refused, naming the field. @see translation.md 3.F */
export function chatRequestIn(body: ChatRequest, whole: Whole = itself): Turn {
  const notes: Note[] = []
  refuseUnusable(body)
  const { system, messages, imageDetails } = messagesIn(body.messages, notes)
  if (body.messages.some(({ name, role }) => name && role !== 'function' && role !== 'tool')) {
    notes.push('messages: the name of a speaker has no counterpart, dropped')
  }
  const request: MessagesRequest = {
    model: body.model,
    messages,
    ...(system.length === 0 ? {} : { system }),
    ...limitIn(body),
    ...toolsIn(body, notes),
    ...samplingIn(body, notes),
    ...reasoningIn(body),
    metadata: { user_id: userId(body, () => beginning(system, messages, whole)) },
  }
  if (typeof body.stream === 'boolean') request.stream = body.stream
  formatIn(body, request)
  const hints = hintsIn(body, notes)
  if (imageDetails.size > 0) hints.image_details = imageDetails
  return { request, hints, notes }
}

const itself: Whole = (text) => text

function refuseUnusable(body: ChatRequest): void {
  if (typeof body.n === 'number' && body.n !== 1)
    throw refused('n', 'only 1 choice can be asked for')
  const { modalities } = body
  if (Array.isArray(modalities) && modalities.some((kind) => kind !== 'text')) {
    throw refused('modalities', 'only text can be answered')
  }
}

function limitIn(body: ChatRequest): Pick<MessagesRequest, 'max_tokens'> {
  const limit = body.max_completion_tokens ?? body.max_tokens
  return typeof limit === 'number' ? { max_tokens: limit } : {}
}

function samplingIn(body: ChatRequest, notes: Note[]): Partial<MessagesRequest> {
  const out: Partial<MessagesRequest> = {}
  if (typeof body.temperature === 'number') out.temperature = body.temperature
  if (typeof body.top_p === 'number') out.top_p = body.top_p
  if (typeof body.top_k === 'number') out.top_k = body.top_k
  const stop = typeof body.stop === 'string' ? [body.stop] : (body.stop ?? [])
  const usable = stop.filter((text) => !isBlank(text))
  if (usable.length < stop.length) notes.push('stop: whitespace-only sequences dropped')
  if (usable.length > 0) out.stop_sequences = usable
  return out
}

const EFFORTS: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'xhigh',
  max: 'max',
}

/** A named effort asks for thinking that the client can see; `none` asks for none. */
function reasoningIn(body: ChatRequest): Partial<MessagesRequest> {
  const nested = body.reasoning ?? {}
  if (!isRecord(nested)) throw refused('reasoning', 'it must be an object')
  const effort = textOf(body.reasoning_effort) ?? textOf(nested.effort)
  const thinking = thinkingOf(body) ?? nestedThinking(nested, effort)
  const out: Partial<MessagesRequest> = thinking === undefined ? {} : { thinking }
  if (effort === undefined || effort === 'none') return out
  const level = ownValue(EFFORTS, effort)
  if (level === undefined) throw refused('reasoning_effort', `"${effort}" is unknown`)
  return { ...out, output_config: { effort: level } }
}

type Thinking = NonNullable<MessagesRequest['thinking']>

/** Anthropic's own field, which its OpenAI-compatible endpoint takes too. */
function thinkingOf({ thinking }: ChatRequest): Thinking | undefined {
  if (thinking === undefined || thinking === null) return undefined
  if (!isRecord(thinking) || typeof thinking.type !== 'string') {
    throw refused('thinking', 'it must be an object with a type')
  }
  const { budget_tokens } = thinking
  if (budget_tokens !== undefined && !Number.isInteger(budget_tokens)) {
    throw refused('thinking.budget_tokens', 'it must be an integer')
  }
  return { ...thinking, type: thinking.type }
}

/** OpenRouter's `reasoning`, and the effort beside it. */
function nestedThinking(
  { max_tokens: budget, enabled, exclude }: Record<string, unknown>,
  effort: string | undefined,
): Thinking | undefined {
  const display = exclude === true ? 'omitted' : 'summarized'
  if (typeof budget === 'number') return { type: 'enabled', budget_tokens: budget, display }
  if (effort === 'none' || (effort === undefined && enabled === false)) return { type: 'disabled' }
  return effort !== undefined || enabled === true ? { type: 'adaptive', display } : undefined
}

const FORMATS: ReadonlySet<string> = new Set(['text', 'json_object', 'json_schema'])

function formatIn(body: ChatRequest, request: MessagesRequest): void {
  const format = body.response_format
  if (format && !FORMATS.has(format.type)) {
    throw refused('response_format.type', `"${format.type}" is unknown`)
  }
  if (format?.type !== 'json_schema') return
  const { json_schema } = format
  const schema = isRecord(json_schema) ? json_schema.schema : undefined
  if (!isRecord(schema)) throw refused('response_format.json_schema.schema', 'it is not an object')
  request.output_config = { ...request.output_config, format: { type: 'json_schema', schema } }
}

function hintsIn(body: ChatRequest, notes: Note[]): Hints {
  const hints: Hints = {}
  for (const [key, value] of Object.entries(body)) {
    if (HANDLED.has(key) || value === undefined || value === null) continue
    if (!Object.hasOwn(HINTED, key)) notes.push(`${key}: unknown field dropped`)
    else if (value !== HINTED[key]) hints[key] = value
  }
  if (isRecord(body.response_format)) hints.response_format = body.response_format
  if (body.reasoning_effort) hints.reasoning_effort = body.reasoning_effort
  if (body.stream_options?.include_usage === true) hints.include_usage = true
  if ((body.functions?.length ?? 0) > 0) hints.legacy_functions = true
  if (Array.isArray(body.betas)) hints.betas = body.betas.filter((beta) => typeof beta === 'string')
  const { user_id: _user, ...metadata } = body.metadata ?? {}
  if (Object.keys(metadata).length > 0) hints.metadata = metadata
  return hints
}

/** The client's own id as it is; without one, an id that stays the same while a conversation grows. */
function userId(body: ChatRequest, beginning: () => string): string {
  const own = textOf(body.metadata?.user_id) ?? textOf(body.user) ?? textOf(body.safety_identifier)
  if (own !== undefined) return own
  const key = textOf(body.prompt_cache_key)
  const seed = key === undefined ? beginning() : `key ${key}`
  return standInUser(seed)
}

/** How a conversation begins: enough to tell it from others, and the same on each of its turns. */
function beginning(system: Block[], messages: RequestMessage[], whole: Whole): string {
  const first = messages.find((message) => message.role === 'user')
  // Only the first block: later user messages are merged into the same turn.
  const said = typeof first?.content === 'string' ? first.content : first?.content[0]?.text
  const texts = [...system.map((block) => block.text), said]
  return texts.map((text) => whole(text ?? '').slice(0, 2000)).join('\n')
}
