import { isRecord } from '../../kit/json.ts'
import type { Hints, Note, Noted, Turn } from '../protocol.ts'
import { recordsIn } from '../value.ts'
import { AnswerSchema } from './answer-schema.ts'
import { limitBreakpoints } from './cache-breakpoints.ts'
import { capabilitiesOf, type ModelCapabilities } from './models.ts'
import type { Block, MessagesRequest, RequestMessage } from './schema.ts'
import { stripOwnThinking } from './signature.ts'
import { fitThinking } from './thinking-out.ts'

/** What fitting a turn to Claude needs beside the turn. */
export interface MessagesOutOptions {
  /** The limit sent where the client gave none; 32,000 by default. */
  readonly defaultMaxTokens?: number
}

/** A request for a real Anthropic upstream, with the betas that go into its header. */
export interface MessagesOut extends Noted<MessagesRequest> {
  readonly betas: readonly string[]
}

/** Hints that the request already carries, or that say nothing to Anthropic. */
const SILENT: ReadonlySet<string> = new Set([
  ...['reasoning_effort', 'include_usage', 'legacy_functions', 'betas', 'prompt_cache_key'],
])

/** A translated turn as Anthropic takes it: fitted to what its model can do, every change noted. @see translation.md 3.F */
export function messagesRequestOut(turn: Turn, options: MessagesOutOptions = {}): MessagesOut {
  const notes: Note[] = []
  const capabilities = capabilitiesOf(turn.request.model)
  let request = stripped(turn.request, notes)
  request = { ...request, messages: converse(request.messages, capabilities, notes) }
  request = limited(request, options.defaultMaxTokens ?? 32_000, capabilities, notes)
  request = fitThinking(request, capabilities, notes)
  request = sampled(request, capabilities, notes)
  request = limitBreakpoints(request, notes)
  request = answered(request, turn.hints, notes)
  request = strictTools(request, notes)
  request = hinted(request, turn, notes)
  return { value: request, notes, betas: betasFor(request, turn.hints) }
}

/** Files by id are a beta's: without its name Anthropic refuses the request. */
const FILES_BETA = 'files-api-2025-04-14'

function betasFor({ messages }: MessagesRequest, { betas }: Hints): string[] {
  const asked = Array.isArray(betas) ? betas.map(String) : []
  const files = messages.some(
    ({ content }) => typeof content !== 'string' && content.some(hasFileId),
  )
  return files && !asked.includes(FILES_BETA) ? [...asked, FILES_BETA] : asked
}

function hasFileId({ source, content }: Block): boolean {
  if (typeof source === 'object' && source.type === 'file') return true
  return recordsIn(content).some((inner) => isRecord(inner.source) && inner.source.type === 'file')
}

/** Thinking without a signature of Anthropic's would be refused. */
function stripped(request: MessagesRequest, notes: Note[]): MessagesRequest {
  const out = stripOwnThinking(request, 'unsigned')
  if (out !== request) notes.push('messages: thinking without a signature of Anthropic dropped')
  return out
}

/** Anthropic wants a user's message first, and newer models want one last. */
function converse(
  messages: RequestMessage[],
  capabilities: ModelCapabilities | undefined,
  notes: Note[],
): RequestMessage[] {
  const out = [...messages]
  const placeholder: RequestMessage = {
    role: 'user',
    content: [{ type: 'text', text: 'Continue.' }],
  }
  if (out[0] === undefined || out[0].role === 'assistant') {
    notes.push('messages: a short user message added before the first one, which must be a user’s')
    out.unshift(placeholder)
  }
  if (capabilities?.prefill === false && out.at(-1)?.role === 'assistant') {
    notes.push('messages: a short user message added at the end, the model takes no prefill')
    out.push(placeholder)
  }
  const last = out.at(-1)
  if (last?.role === 'assistant') out[out.length - 1] = withoutSpaceBehind(last, notes)
  return out
}

/** Anthropic refuses an answer begun for it that ends in white space. */
function withoutSpaceBehind(message: RequestMessage, notes: Note[]): RequestMessage {
  const { content } = message
  const last = typeof content === 'string' ? undefined : content.at(-1)
  if (typeof content === 'string' || last?.type !== 'text' || !/\s$/.test(last.text ?? '')) {
    return message
  }
  notes.push('messages: the white space at the end of the last one dropped')
  const text = last.text?.trimEnd() ?? ''
  return { ...message, content: [...content.slice(0, -1), { ...last, text }] }
}

function limited(
  request: MessagesRequest,
  fallback: number,
  capabilities: ModelCapabilities | undefined,
  notes: Note[],
): MessagesRequest {
  const cap = capabilities?.maxOutput ?? Number.POSITIVE_INFINITY
  if (request.max_tokens === undefined) return { ...request, max_tokens: Math.min(fallback, cap) }
  if (request.max_tokens <= cap) return request
  notes.push(`max_tokens: ${request.max_tokens} sent as ${cap}, the most that the model takes`)
  return { ...request, max_tokens: cap }
}

/** @see wire.md 1.2: newer models refuse sampling parameters, some refuse two at once, thinking refuses any. */
function sampled(
  request: MessagesRequest,
  capabilities: ModelCapabilities | undefined,
  notes: Note[],
): MessagesRequest {
  const { temperature, top_p, top_k, ...rest } = request
  if (temperature === undefined && top_p === undefined && top_k === undefined) return request
  const thinks = rest.thinking !== undefined && rest.thinking.type !== 'disabled'
  if (capabilities?.sampling === 'none' || thinks) {
    const why = thinks ? 'not taken while thinking' : 'not taken by the model'
    for (const [key, value] of Object.entries({ temperature, top_p, top_k })) {
      if (value !== undefined) notes.push(`${key}: ${why}, dropped`)
    }
    return rest
  }
  const out: MessagesRequest = { ...rest }
  if (temperature !== undefined) out.temperature = clamped(temperature, notes)
  if (top_k !== undefined) out.top_k = top_k
  if (top_p !== undefined) {
    if (capabilities?.sampling === 'one' && temperature !== undefined) {
      notes.push('top_p: the model does not take it beside temperature, dropped')
    } else out.top_p = top_p
  }
  return out
}

/** The wanted answer's schema as Claude enforces it. */
function answered(request: MessagesRequest, hints: Hints, notes: Note[]): MessagesRequest {
  const format = request.output_config?.format
  if (!isRecord(format) || format.type !== 'json_schema') return request
  const asked = isRecord(hints.response_format) ? hints.response_format.json_schema : undefined
  const cleaner = new AnswerSchema(!isRecord(asked) || asked.strict !== true)
  const schema = cleaner.fit(format.schema)
  if (cleaner.told.size > 0) {
    const keywords = [...cleaner.told].join(', ')
    notes.push(`output_config.format: ${keywords} not enforced, told in the schema's descriptions`)
  }
  return { ...request, output_config: { ...request.output_config, format: { ...format, schema } } }
}

/** A strict tool takes no keyword that Claude does not enforce. */
function strictTools(request: MessagesRequest, notes: Note[]): MessagesRequest {
  if (request.tools?.some(({ strict }) => strict === true) !== true) return request
  const tools = request.tools.map((tool) => {
    if (tool.strict !== true) return tool
    const cleaner = new AnswerSchema(false)
    cleaner.fit(tool.input_schema)
    if (cleaner.told.size === 0) return tool
    const { strict: _strict, ...loose } = tool
    notes.push(`tools: "${tool.name}" is not strict, ${[...cleaner.told].join(', ')} not enforced`)
    return loose
  })
  return { ...request, tools }
}

function clamped(temperature: number, notes: Note[]): number {
  if (temperature <= 1) return temperature
  notes.push(`temperature: ${temperature} sent as 1, the most that Anthropic takes`)
  return 1
}

/** What a hint can still say to Anthropic; the others are noted. */
function hinted(request: MessagesRequest, turn: Turn, notes: Note[]): MessagesRequest {
  const out: MessagesRequest = { ...request }
  for (const [key, value] of Object.entries(turn.hints)) {
    if (SILENT.has(key)) continue
    if (key === 'response_format') askForJson(out, value, notes)
    else if (key === 'service_tier') tier(out, value, notes)
    else if (key === 'image_details') notes.push('detail: Anthropic looks at all images alike')
    else notes.push(`${key}: not supported by Anthropic, dropped`)
  }
  return out
}

function askForJson(request: MessagesRequest, format: unknown, notes: Note[]): void {
  if (!isRecord(format) || format.type !== 'json_object') return
  const text = 'Respond with a single valid JSON object and nothing else.'
  const { system } = request
  const before = typeof system === 'string' ? [{ type: 'text', text: system }] : (system ?? [])
  request.system = [...before, { type: 'text', text }]
  notes.push('response_format: json_object sent as a sentence in the system prompt')
}

/** A dearer tier is the operator's choice, never a client's. @see translation.md H11 */
function tier(request: MessagesRequest, value: unknown, notes: Note[]): void {
  if (value === 'auto') request.service_tier = 'auto'
  else if (value === 'default') request.service_tier = 'standard_only'
  else notes.push(`service_tier: "${String(value)}" is not offered by Anthropic, dropped`)
}
