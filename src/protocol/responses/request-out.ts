import { isRecord } from '../../kit/json.ts'
import { identityOut } from '../identity-out.ts'
import type { MessagesRequest } from '../messages/schema.ts'
import { settled } from '../messages/settled.ts'
import { strictFormat } from '../messages/strict-schema.ts'
import { foreignSystem } from '../messages/system.ts'
import { type ToolNames, toolNames } from '../messages/tool-names.ts'
import type { Profile } from '../profile.ts'
import type { Hints, Note, Noted, Turn } from '../protocol.ts'
import { supportedFormat } from '../supported-format.ts'
import { recordsIn, textOf } from '../value.ts'
import { effortOut } from './effort-out.ts'
import { inputItems } from './items-out.ts'
import type { OutContext } from './out-context.ts'
import { toolsOut } from './tools-out.ts'

/** A Responses request as it goes up, with the names that its reply's tool calls are to be given back. */
export interface ResponsesOut extends Noted<Record<string, unknown>> {
  readonly names: ToolNames
}

/** Fields of Messages that have their own step, or nothing to say to another vendor. */
const HANDLED: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'system', 'max_tokens', 'stream', 'stop_sequences', 'tools'],
  ...['tool_choice', 'temperature', 'top_p', 'top_k', 'thinking', 'output_config', 'metadata'],
  ...['output_format', 'service_tier', 'speed', 'cache_control', 'betas', 'context_management'],
])

/** The hub's turn as a Responses request for one upstream; built from empty, so that nothing leaks. */
export function responsesRequestOut(asked: Turn, profile: Profile): ResponsesOut {
  const notes: Note[] = []
  const turn: Turn = { ...asked, request: settled(asked.request, notes) }
  const { request, hints } = turn
  const context: OutContext = {
    profile,
    names: toolNames(request, profile.tool_name_length),
    notes,
    imageDetails: hints.image_details instanceof Map ? hints.image_details : new Map(),
  }
  const value: Record<string, unknown> = {
    model: request.model,
    ...instructionsOut(request, notes),
    input: inputItems(request, context),
    ...(request.stream === true ? { stream: true } : {}),
    // The API stores by default; a client of Messages or Chat never asked for that.
    store: false,
    ...limitOut(request, profile, notes),
    ...toolsOut(request, context),
    ...samplingOut(request, profile, notes),
    ...effortOut(turn, profile, notes),
    ...textOut(turn, profile, notes),
    ...compactionOut(request, notes),
    ...tierOut(turn, profile, notes),
    ...identityOut(turn, profile, notes),
    ...extrasOut(hints, profile, notes),
  }
  if (request.stop_sequences?.length) notes.push('stop_sequences: Responses has none, dropped')
  if (request.top_k !== undefined) notes.push('top_k: not supported by Responses, dropped')
  for (const key of Object.keys(request.output_config ?? {})) {
    if (key !== 'effort' && key !== 'format') notes.push(`output_config.${key}: dropped`)
  }
  for (const [key, said] of Object.entries(request)) {
    if (!HANDLED.has(key) && said !== null)
      notes.push(`${key}: not supported by Responses, dropped`)
  }
  return { value, notes, names: context.names }
}

function instructionsOut(request: MessagesRequest, notes: Note[]): object {
  const texts: string[] = []
  for (const block of foreignSystem(request.system)) {
    if (block.type === 'text') texts.push(block.text ?? '')
    else notes.push(`system: ${block.type} block dropped, instructions are text only`)
  }
  return texts.length === 0 ? {} : { instructions: texts.join('\n') }
}

const LEAST_OUTPUT = 16

function limitOut(request: MessagesRequest, profile: Profile, notes: Note[]): object {
  const wanted = request.max_tokens
  if (wanted === undefined) return {}
  const cap = profile.max_output_tokens > 0 ? profile.max_output_tokens : wanted
  const limit = Math.max(LEAST_OUTPUT, Math.min(wanted, cap))
  if (limit < wanted) {
    notes.push(`max_tokens: ${wanted} sent as ${limit}, the most that "${profile.name}" takes`)
  } else if (limit > wanted) {
    notes.push(`max_tokens: ${wanted} sent as ${limit}, the least that Responses takes`)
  }
  return { max_output_tokens: limit }
}

function samplingOut(request: MessagesRequest, profile: Profile, notes: Note[]): object {
  const { temperature, top_p } = request
  const out: Record<string, number> = {}
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
  return out
}

/** The answer's form and length: `output_format` is the older field and wins where both are sent. */
function textOut(turn: Turn, profile: Profile, notes: Note[]): object {
  const { request, hints } = turn
  const asked = request.output_format ?? request.output_config?.format
  const wanted = hintedFormat(hints) ?? schemaFormat(asked, notes)
  const format = wanted && supportedFormat(wanted, profile, notes)
  const verbosity = textOf(hints.verbosity)
  if (format === undefined && verbosity === undefined) return {}
  return {
    text: {
      ...(format === undefined ? {} : { format }),
      ...(verbosity === undefined ? {} : { verbosity }),
    },
  }
}

function schemaFormat(asked: unknown, notes: Note[]): Record<string, unknown> | undefined {
  if (!isRecord(asked) || asked.type !== 'json_schema') return undefined
  const { schema } = asked
  const strict = strictFormat(schema, notes)
  return { type: 'json_schema', name: 'structured_output', schema, strict }
}

/** Chat's response_format, whose schema is nested where that of Responses is flat. */
function hintedFormat(hints: Hints): Record<string, unknown> | undefined {
  const format = hints.response_format
  if (!isRecord(format) || format.type === 'text') return undefined
  if (format.type !== 'json_schema') return format
  return isRecord(format.json_schema) ? { type: 'json_schema', ...format.json_schema } : undefined
}

/** Compaction is the one edit that Responses knows. @see translation.md D23 */
function compactionOut(request: MessagesRequest, notes: Note[]): object {
  const management: unknown = 'context_management' in request && request.context_management
  if (!isRecord(management)) return {}
  const compactions = recordsIn(management.edits).flatMap((edit) => {
    const trigger = isRecord(edit.trigger) ? edit.trigger.value : edit.trigger
    if (edit.type === 'compact_20260112' && typeof trigger === 'number') {
      return [{ type: 'compaction', compact_threshold: trigger }]
    }
    notes.push(`context_management: ${edit.type} dropped, it has no counterpart`)
    return []
  })
  return compactions.length === 0 ? {} : { context_management: compactions }
}

function tierOut({ request, hints }: Turn, profile: Profile, notes: Note[]): object {
  const fast = request.speed === 'fast' || ['priority', 'fast'].includes(request.service_tier ?? '')
  const tier = fast ? 'priority' : textOf(hints.service_tier)
  if (tier === undefined || tier === 'auto' || tier === 'default') return {}
  if (profile.service_tier) return { service_tier: tier }
  notes.push(`service_tier: not supported by "${profile.name}", dropped`)
  return {}
}

/** Hints that another field carries, or that are ours alone. */
const SILENT_HINTS: ReadonlySet<string> = new Set([
  ...['reasoning_effort', 'response_format', 'prompt_cache_key', 'include_usage', 'betas'],
  ...['legacy_functions', 'service_tier', 'verbosity', 'image_details'],
])

/** Chat's extras that Responses has too. */
const SHARED_HINTS: ReadonlySet<string> = new Set([
  ...['prompt_cache_retention', 'safety_identifier'],
])

function extrasOut(hints: Hints, profile: Profile, notes: Note[]): object {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(hints)) {
    if (SILENT_HINTS.has(key)) continue
    if (SHARED_HINTS.has(key) && profile.openai_extras.includes(key)) out[key] = value
    else notes.push(`${key}: not supported by Responses, dropped`)
  }
  return out
}
