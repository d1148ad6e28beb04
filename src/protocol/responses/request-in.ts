import { isRecord } from '../../kit/json.ts'
import { invalidField } from '../check.ts'
import type { MessagesRequest } from '../messages/schema.ts'
import type { Hints, Note, Turn } from '../protocol.ts'
import { textOf } from '../value.ts'
import { checkRequest } from './check.ts'
import { asCompaction, isCompacting } from './compaction.ts'
import { type Conversation, readConversation } from './conversation.ts'
import type { Item, ResponsesRequest } from './schema.ts'
import { nameTools } from './tool-names.ts'
import { readTools } from './tools-in.ts'

/** What the gateway decides for a client's request. */
export interface ResponsesRequestInOptions {
  /** Whether `service_tier: "priority"` may turn on Anthropic's fast mode, at twice the price. */
  readonly fastMode?: boolean
}

/**
 * A client's Responses request → the hub's. Stateful features are refused: nothing is stored here.
 * @throws ProxyError invalid_request that names the field
 */
export function responsesRequestIn(body: unknown, options: ResponsesRequestInOptions = {}): Turn {
  const notes: Note[] = []
  const said = checkRequest(body)
  refuseState(said)
  const checked = isCompacting(said) ? asCompaction(said) : said
  const named = nameTools(checked)
  const conversation = readConversation(itemsOf(checked), named, notes)
  const request: MessagesRequest = {
    model: checked.model,
    ...promptOf(checked, conversation),
    ...limitOf(checked),
    ...readTools(checked, named, notes),
    ...thinkingOf(checked),
    ...outputOf(checked),
    ...samplingOf(checked),
    ...identityOf(checked),
    ...tierOf(checked, options),
    ...(typeof checked.stream === 'boolean' ? { stream: checked.stream } : {}),
  }
  noteDropped(checked, notes)
  return { request, hints: hintsOf(checked, conversation, options), notes }
}

const STATEFUL: ReadonlyMap<string, string> = new Map([
  ['previous_response_id', 'responses are not stored here; send the whole conversation in input'],
  ['conversation', 'conversations are not stored here; send the whole conversation in input'],
  ['prompt', 'prompts are not stored here; send their text in instructions'],
])

function refuseState(body: ResponsesRequest): void {
  for (const [field, value] of Object.entries(body)) {
    const detail = STATEFUL.get(field)
    if (detail !== undefined && value !== null && value !== undefined)
      throw invalidField(field, detail)
  }
  if (body.background === true) {
    throw invalidField('background', 'responses are not stored here; stream the response instead')
  }
}

function itemsOf(body: ResponsesRequest): Item[] {
  if (Array.isArray(body.input)) return body.input
  if (typeof body.input === 'string') return [{ role: 'user', content: body.input }]
  throw invalidField('input', 'it must be a string or an array of items')
}

type Prompt = Pick<MessagesRequest, 'system' | 'messages'>

function promptOf(body: ResponsesRequest, conversation: Conversation): Prompt {
  const texts = [textOf(body.instructions) ?? '', ...conversation.system]
  const system = texts.flatMap((text) => (text.trim() === '' ? [] : [{ type: 'text', text }]))
  const { messages } = conversation
  return system.length === 0 ? { messages } : { system, messages }
}

function limitOf(body: ResponsesRequest): Pick<MessagesRequest, 'max_tokens'> {
  const limit = body.max_output_tokens
  return typeof limit === 'number' ? { max_tokens: limit } : {}
}

/** The effort goes up as said; fitting it to a model is the model table's matter. */
function thinkingOf(body: ResponsesRequest): Pick<MessagesRequest, 'thinking'> {
  const effort = body.reasoning?.effort
  if (effort === 'none') return { thinking: { type: 'disabled' } }
  const summary = textOf(body.reasoning?.summary) ?? textOf(body.reasoning?.generate_summary)
  if (!effort && summary === undefined) return {}
  const display = summary === undefined || summary === 'none' ? 'omitted' : 'summarized'
  return { thinking: { type: 'adaptive', display } }
}

const EFFORTS: ReadonlySet<string> = new Set([
  ...['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
])

function outputOf(body: ResponsesRequest): Partial<MessagesRequest> {
  const effort = body.reasoning?.effort
  if (effort && !EFFORTS.has(effort))
    throw invalidField('reasoning.effort', `"${effort}" is unknown`)
  const format = formatOf(body)
  const config: Record<string, unknown> = {}
  if (effort && effort !== 'none') config.effort = effort === 'minimal' ? 'low' : effort
  if (format?.type === 'json_schema') config.format = { type: 'json_schema', schema: format.schema }
  return Object.keys(config).length === 0 ? {} : { output_config: config }
}

const FORMATS: ReadonlySet<string> = new Set(['text', 'json_object', 'json_schema'])

function formatOf(body: ResponsesRequest): Record<string, unknown> | undefined {
  const format = body.text?.format
  if (format === undefined || format === null) return undefined
  if (!isRecord(format) || typeof format.type !== 'string' || !FORMATS.has(format.type)) {
    throw invalidField('text.format', 'its type must be text, json_object or json_schema')
  }
  if (format.type === 'json_schema' && !isRecord(format.schema)) {
    throw invalidField('text.format.schema', 'it must be a JSON Schema')
  }
  return format
}

function samplingOf(body: ResponsesRequest): Partial<MessagesRequest> {
  const { temperature, top_p } = body
  return {
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(typeof top_p === 'number' ? { top_p } : {}),
  }
}

function identityOf(body: ResponsesRequest): Partial<MessagesRequest> {
  const own = isRecord(body.metadata) ? textOf(body.metadata.user_id) : undefined
  const user = own ?? textOf(body.user) ?? textOf(body.safety_identifier)
  return user === undefined ? {} : { metadata: { user_id: user } }
}

function tierOf(
  body: ResponsesRequest,
  options: ResponsesRequestInOptions,
): Pick<MessagesRequest, 'speed'> {
  return isFast(body, options) ? { speed: 'fast' } : {}
}

function isFast(body: ResponsesRequest, options: ResponsesRequestInOptions): boolean {
  return body.service_tier === 'priority' && options.fastMode === true
}

/** Fields that Messages cannot say and Chat has under the same name. */
const HINTED = new Set(['prompt_cache_key', 'prompt_cache_retention', 'service_tier'])

function hintsOf(
  body: ResponsesRequest,
  conversation: Conversation,
  options: ResponsesRequestInOptions,
): Hints {
  const hints: Hints = {}
  if (textOf(body.reasoning?.effort) !== undefined) hints.reasoning_effort = body.reasoning?.effort
  const format = chatFormat(formatOf(body))
  if (format !== undefined) hints.response_format = format
  if (textOf(body.text?.verbosity) !== undefined) hints.verbosity = body.text?.verbosity
  for (const [field, value] of Object.entries(body)) {
    if (HINTED.has(field) && value !== null && value !== undefined) hints[field] = value
  }
  if (isFast(body, options)) delete hints.service_tier
  if (conversation.imageDetails.size > 0) hints.image_details = conversation.imageDetails
  return hints
}

/** The format in Chat's words, whose name and strictness Messages cannot say. */
function chatFormat(format: Record<string, unknown> | undefined): object | undefined {
  if (format === undefined || format.type === 'text') return undefined
  if (format.type !== 'json_schema') return format
  const { type, ...json_schema } = format
  return { type, json_schema }
}

/** Fields that this translation reads, and fields without a meaning outside OpenAI. */
const KNOWN = new Set(
  (
    'model input instructions tools tool_choice parallel_tool_calls reasoning text include store stream ' +
    'max_output_tokens temperature top_p metadata service_tier user safety_identifier prompt_cache_key ' +
    'prompt_cache_retention previous_response_id conversation prompt background ' +
    'stream_options client_metadata truncation'
  ).split(' '),
)

function noteDropped(body: ResponsesRequest, notes: Note[]): void {
  if (body.store === true) notes.push('store: responses are not stored here')
  if (body.truncation === 'auto') notes.push('truncation: a conversation over the limit is refused')
  const metadata = Object.keys(body.metadata ?? {}).filter((key) => key !== 'user_id')
  if (metadata.length > 0) notes.push('metadata: returned in the response, not sent upstream')
  for (const [field, value] of Object.entries(body.reasoning ?? {})) {
    if (!REASONING.has(field) && value !== null)
      notes.push(`reasoning.${field}: not supported in translation`)
  }
  for (const included of body.include ?? []) {
    if (!INCLUDED.has(included)) notes.push(`include: "${included}" is not available`)
  }
  for (const [field, value] of Object.entries(body)) {
    if (!KNOWN.has(field) && value !== null && value !== undefined) {
      notes.push(`${field}: not supported in translation`)
    }
  }
}

const REASONING = new Set(['effort', 'summary', 'generate_summary'])
const INCLUDED = new Set(['reasoning.encrypted_content', 'web_search_call.action.sources'])
