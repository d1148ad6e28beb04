import { isRecord } from '../../kit/json.ts'
import { ownValue } from '../../kit/own-value.ts'
import { invalidField } from '../check.ts'
import type { Tool, ToolChoice } from '../messages/schema.ts'
import { hasRootUnion, toolSchema } from '../messages/tool-schema.ts'
import type { Note } from '../protocol.ts'
import { recordsIn, textOf } from '../value.ts'
import type { ResponsesRequest } from './schema.ts'
import type { NamedTool, NamedTools } from './tool-names.ts'

/** The tools and the choice among them, as the hub says it; no tools, no choice. */
export interface ToolSetup {
  readonly tools?: Tool[]
  readonly tool_choice?: ToolChoice
}

/** Reads tools, tool_choice and parallel_tool_calls together: none of them stands without tools. */
export function readTools(body: ResponsesRequest, named: NamedTools, notes: Note[]): ToolSetup {
  for (const tool of named.dropped) {
    notes.push(`tools: "${tool}" has no counterpart, so the model does not get it`)
  }
  const choice = readChoice(body, named)
  const list = choice.allowed === undefined ? named.list : named.list.filter(choice.allowed)
  if (list.length === 0) return {}
  const tools = list.map((tool) => hubTool(tool, notes))
  const lost = new Set(list.flatMap(lostFields))
  if (lost.size > 0) notes.push(`tools: ${[...lost].join(', ')} not supported, dropped`)
  const serial = body.parallel_tool_calls === false && choice.value?.type !== 'none'
  if (!serial) return choice.value === undefined ? { tools } : { tools, tool_choice: choice.value }
  const value = choice.value ?? { type: 'auto' }
  return { tools, tool_choice: { ...value, disable_parallel_tool_use: true } }
}

const CARRIED: ReadonlySet<string> = new Set([
  ...['type', 'name', 'description', 'parameters', 'strict', 'format'],
])

/** What a client says of its own tool that the hub's tool cannot. */
function lostFields({ kind, definition }: NamedTool): string[] {
  if (kind !== 'function' && kind !== 'custom') return []
  const said = Object.entries(definition).filter(([, value]) => value !== null && value !== false)
  return said.map(([field]) => field).filter((field) => !CARRIED.has(field))
}

interface Choice {
  readonly value: ToolChoice | undefined
  /** The only tools that may be called, where the client names them. */
  readonly allowed?: (tool: NamedTool) => boolean
}

const MODES: Readonly<Record<string, ToolChoice>> = {
  auto: { type: 'auto' },
  none: { type: 'none' },
  required: { type: 'any' },
}

function readChoice(body: ResponsesRequest, named: NamedTools): Choice {
  const choice = body.tool_choice
  if (choice === undefined || choice === null) return { value: undefined }
  if (typeof choice === 'string') return { value: modeOf(choice) }
  if (choice.type === 'allowed_tools') {
    const wanted = recordsIn(choice.tools)
    return {
      value: modeOf(choice.mode ?? 'auto'),
      allowed: (tool) => wanted.some((one) => matches(one, tool)),
    }
  }
  const fitting = named.list.filter((one) => matches(choice, one))
  // A bare name means the tool outside namespaces first.
  const tool = fitting.find((one) => one.namespace === choice.namespace) ?? fitting[0]
  if (tool !== undefined) return { value: { type: 'tool', name: tool.flat } }
  // OpenAI's own layer ignores a choice among no tools; with tools it is the client's error.
  if (named.list.length === 0 && named.dropped.length === 0) return { value: undefined }
  throw invalidField(
    'tool_choice',
    `"${choice.name ?? choice.type}" is not among the tools that can be translated`,
  )
}

function modeOf(mode: string): ToolChoice {
  const value = ownValue(MODES, mode)
  if (value !== undefined) return value
  throw invalidField('tool_choice', `"${mode}" is not a mode (auto, none or required)`)
}

function matches(wanted: Record<string, unknown>, tool: NamedTool): boolean {
  const type = textOf(wanted.type) ?? 'function'
  if (type.startsWith('web_search')) return tool.kind === 'web_search'
  if (type !== tool.kind) return false
  if (tool.kind === 'tool_search') return true
  return (
    wanted.name === tool.name && (textOf(wanted.namespace) ?? tool.namespace) === tool.namespace
  )
}

function hubTool(tool: NamedTool, notes: Note[]): Tool {
  switch (tool.kind) {
    case 'custom':
      return customTool(tool, notes)
    case 'web_search':
      return webSearchTool(tool.definition, notes)
    case 'function':
    case 'tool_search':
      return functionTool(tool, notes)
  }
}

function functionTool(tool: NamedTool, notes: Note[]): Tool {
  const { definition } = tool
  const parameters = isRecord(definition.parameters) ? definition.parameters : {}
  if (hasRootUnion(parameters)) {
    notes.push(`tools: the root anyOf, oneOf or allOf of "${tool.name}" became one object`)
  }
  const description = describe(tool, textOf(definition.description))
  return {
    name: tool.flat,
    ...(description === undefined ? {} : { description }),
    input_schema: toolSchema(parameters),
    ...(definition.strict === true ? { strict: true } : {}),
  }
}

function describe(tool: NamedTool, own: string | undefined): string | undefined {
  if (tool.preface === undefined) return own
  const preface = `${tool.namespace}: ${tool.preface}`
  return own === undefined ? preface : `${own}\n\n${preface}`
}

/** A tool with free text as input is a function of one string to the model. */
function customTool(tool: NamedTool, notes: Note[]): Tool {
  const { format, description } = tool.definition
  const grammar = isRecord(format) && format.type === 'grammar' ? format : undefined
  const texts = [describe(tool, textOf(description))]
  if (grammar !== undefined) {
    const syntax = textOf(grammar.syntax) ?? 'lark'
    texts.push(`The input must match this ${syntax} grammar:\n${textOf(grammar.definition) ?? ''}`)
    notes.push(`tools: the grammar of "${tool.name}" is described to the model, not enforced`)
  } else {
    notes.push(`tools: "${tool.name}" became a function with one string`)
  }
  const said = texts.filter((text) => text !== undefined)
  return {
    name: tool.flat,
    ...(said.length === 0 ? {} : { description: said.join('\n\n') }),
    input_schema: {
      type: 'object',
      properties: {
        input: { type: 'string', description: 'The whole input of the tool, as text' },
      },
      required: ['input'],
      additionalProperties: false,
    },
  }
}

const LOCATION = ['city', 'country', 'region', 'timezone'] as const

function webSearchTool(definition: Record<string, unknown>, notes: Note[]): Tool {
  const { filters, user_location, external_web_access } = definition
  const { search_context_size, search_content_types } = definition
  const domains = isRecord(filters) ? filters.allowed_domains : undefined
  const blocked = isRecord(filters) ? filters.blocked_domains : undefined
  if (external_web_access === false) {
    notes.push('tools: web_search has no offline mode, so it searches the live web')
  }
  for (const [field, value] of Object.entries({ search_context_size, search_content_types })) {
    if (value !== undefined) notes.push(`tools: web_search has no ${field}`)
  }
  return {
    type: 'web_search_20250305',
    name: 'web_search',
    ...(Array.isArray(domains) && domains.length > 0 ? { allowed_domains: domains } : {}),
    ...(Array.isArray(blocked) && blocked.length > 0 ? { blocked_domains: blocked } : {}),
    ...(isRecord(user_location) ? { user_location: locationOf(user_location) } : {}),
  }
}

function locationOf(location: Record<string, unknown>): Record<string, unknown> {
  const place: Record<string, unknown> = { type: 'approximate' }
  for (const key of LOCATION) {
    const value = textOf(location[key])
    if (value !== undefined) place[key] = value
  }
  return place
}
