import { isRecord } from '../../kit/json.ts'
import { identityOut } from '../identity-out.ts'
import { isClaudeModel } from '../messages/models.ts'
import type { MessagesRequest } from '../messages/schema.ts'
import { settled } from '../messages/settled.ts'
import { strictFormat } from '../messages/strict-schema.ts'
import { type ToolNames, toolNames } from '../messages/tool-names.ts'
import type { Profile } from '../profile.ts'
import type { Note, Noted, Turn } from '../protocol.ts'
import { supportedFormat } from '../supported-format.ts'
import { textOf } from '../value.ts'
import { effortOut } from './effort-out.ts'
import { messagesOut } from './messages-out.ts'
import type { OutContext } from './parts-out.ts'
import { toolsOut } from './tools-out.ts'

/** A Chat Completions request as it goes up, with the names that its reply's tool calls are to be given back. */
export interface ChatOut extends Noted<Record<string, unknown>> {
  readonly names: ToolNames
}

/** Fields of Messages that have their own step, or nothing to say to another vendor. */
const HANDLED: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'system', 'max_tokens', 'stream', 'stop_sequences', 'tools'],
  ...['tool_choice', 'temperature', 'top_p', 'top_k', 'thinking', 'output_config', 'metadata'],
  ...['output_format', 'service_tier', 'speed', 'cache_control', 'betas'],
])

/** Hints that another field of the request already carries, or that are ours alone. */
const SILENT_HINTS: ReadonlySet<string> = new Set([
  ...['reasoning_effort', 'response_format', 'prompt_cache_key', 'include_usage', 'betas'],
  ...['legacy_functions', 'service_tier', 'image_details'],
])

/** The hub's turn as a Chat Completions request for one upstream; built from empty, so that nothing leaks. */
export function chatRequestOut(asked: Turn, profile: Profile): ChatOut {
  const notes: Note[] = []
  const turn: Turn = { ...asked, request: settled(asked.request, notes) }
  const { request, hints } = turn
  const names = toolNames(request, profile.tool_name_length)
  const caching =
    profile.cache_control === 'keep' ||
    (profile.cache_control === 'claude' && isClaudeModel(request.model))
  const details = hints.image_details
  const imageDetails = details instanceof Map ? details : new Map()
  const context: OutContext = { profile, names, caching, notes, imageDetails }
  const value: Record<string, unknown> = {
    model: request.model,
    ...streamOut(request, profile),
    ...limitOut(request, profile, notes),
    messages: messagesOut(request, context),
    ...toolsOut(request, context),
    ...samplingOut(request, profile, notes),
    ...stopOut(request, profile, notes),
  }
  Object.assign(
    value,
    effortOut(turn, profile, notes, value.tools !== undefined),
    formatOut(turn, profile, notes),
    identityOut(turn, profile, notes),
    tierOut(turn, profile, notes),
    extrasOut(turn, profile, notes),
  )
  for (const key of Object.keys(request.output_config ?? {})) {
    if (key !== 'effort' && key !== 'format') notes.push(`output_config.${key}: dropped`)
  }
  for (const [key, said] of Object.entries(request)) {
    if (!HANDLED.has(key) && said !== null)
      notes.push(`${key}: not supported by Chat Completions, dropped`)
  }
  return { value, notes, names }
}

function streamOut(request: MessagesRequest, profile: Profile): Record<string, unknown> {
  if (request.stream !== true) return {}
  return profile.stream_options
    ? { stream: true, stream_options: { include_usage: true } }
    : { stream: true }
}

function limitOut(request: MessagesRequest, profile: Profile, notes: Note[]): object {
  const wanted = request.max_tokens
  if (wanted === undefined) return {}
  const cap = profile.max_output_tokens
  if (wanted === 0) notes.push('max_tokens: 0 sent as 1, the least that Chat Completions takes')
  if (cap > 0 && wanted > cap) {
    notes.push(`max_tokens: ${wanted} sent as ${cap}, the most that "${profile.name}" takes`)
  }
  const limit = Math.max(1, cap > 0 ? Math.min(wanted, cap) : wanted)
  return { [profile.max_tokens_field]: limit }
}

function samplingOut(request: MessagesRequest, profile: Profile, notes: Note[]): object {
  const out: Record<string, number> = {}
  const { temperature, top_p, top_k } = request
  const drop = (key: string) => notes.push(`${key}: not supported by "${profile.name}", dropped`)
  if (temperature !== undefined) {
    if (profile.sampling === 'none') drop('temperature')
    else out.temperature = temperature
  }
  if (top_p !== undefined) {
    const taken = profile.sampling === 'one' && temperature !== undefined
    if (profile.sampling === 'none' || taken) drop('top_p')
    else out.top_p = top_p
  }
  if (top_k !== undefined) {
    if (profile.top_k) out.top_k = top_k
    else drop('top_k')
  }
  return out
}

function stopOut(request: MessagesRequest, profile: Profile, notes: Note[]): object {
  const stop = request.stop_sequences ?? []
  if (stop.length === 0) return {}
  if (stop.length > profile.stop_limit) {
    notes.push(`stop_sequences: only the first ${profile.stop_limit} of ${stop.length} are sent`)
  }
  return profile.stop_limit === 0 ? {} : { stop: stop.slice(0, profile.stop_limit) }
}

function formatOut(turn: Turn, profile: Profile, notes: Note[]): object {
  const { request, hints } = turn
  const asked = request.output_format ?? request.output_config?.format
  const own = isRecord(hints.response_format) ? hints.response_format : undefined
  const schema = isRecord(asked) && asked.type === 'json_schema' ? asked.schema : undefined
  const wanted = own ?? (schema === undefined ? undefined : schemaFormat(schema, notes))
  if (wanted === undefined || wanted.type === 'text') return {}
  const format = supportedFormat(wanted, profile, notes)
  return format === undefined ? {} : { response_format: format }
}

function schemaFormat(schema: unknown, notes: Note[]): Record<string, unknown> {
  const strict = strictFormat(schema, notes)
  return { type: 'json_schema', json_schema: { name: 'structured_output', schema, strict } }
}

function tierOut(turn: Turn, profile: Profile, notes: Note[]): object {
  const { request, hints } = turn
  const own = textOf(hints.service_tier)
  const fast = request.speed === 'fast' || request.service_tier === 'priority'
  const tier = own ?? (fast ? 'priority' : undefined)
  if (tier === undefined) return {}
  if (profile.service_tier) return { service_tier: tier }
  notes.push(`service_tier: not supported by "${profile.name}", dropped`)
  return {}
}

/** What another OpenAI protocol's client asked for beyond Messages, where this upstream takes it. */
function extrasOut(turn: Turn, profile: Profile, notes: Note[]): object {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(turn.hints)) {
    if (SILENT_HINTS.has(key)) continue
    if (profile.openai_extras.includes(key)) out[key] = value
    else notes.push(`${key}: not supported by "${profile.name}", dropped`)
  }
  return out
}
