import { isRecord } from '../../kit/json.ts'
import type { MessagesRequest, Tool, ToolChoice } from '../messages/schema.ts'
import { hasRootUnion, toolSchema } from '../messages/tool-schema.ts'
import type { Note } from '../protocol.ts'
import { recordsIn, textOf } from '../value.ts'
import { refused, withCache } from './parts-in.ts'
import type { ChatFunction, ChatRequest, ChatTool } from './schema.ts'

/** The tools of a Chat request and how they are to be chosen; absent where there is no tool. */
export function toolsIn(
  body: ChatRequest,
  notes: Note[],
): Pick<MessagesRequest, 'tools' | 'tool_choice'> {
  const tools = [
    ...(body.tools ?? []).map((tool, index) => toolIn(tool, `tools.${index}`, notes)),
    ...(body.functions ?? []).map((legacy, index) =>
      functionIn(legacy, `functions.${index}`, notes),
    ),
  ]
  const allowed = allowedTools(body.tool_choice)
  const kept = allowed === undefined ? tools : tools.filter(({ name }) => allowed.has(name ?? ''))
  if (kept.length < tools.length) notes.push('tool_choice.allowed_tools: only these tools are sent')
  if (kept.length === 0) {
    if (body.tool_choice) notes.push('tool_choice: dropped, there is no tool')
    return {}
  }
  const tool_choice = choiceIn(body)
  return tool_choice === undefined ? { tools: kept } : { tools: kept, tool_choice }
}

function toolIn(tool: ChatTool, path: string, notes: Note[]): Tool {
  if (tool.type === 'function' && tool.function === undefined) {
    throw refused(`${path}.function`, 'a function tool needs its function')
  }
  if (tool.type !== 'function' || tool.function === undefined) {
    throw refused(`${path}.type`, `tool type "${tool.type}" is not supported: use "function"`)
  }
  const out = functionIn(tool.function, `${path}.function`, notes)
  const [cached] = withCache([{ type: 'tool' }], tool)
  return cached?.cache_control ? { ...out, cache_control: cached.cache_control } : out
}

function functionIn(definition: ChatFunction, path: string, notes: Note[]): Tool {
  const parameters = definition.parameters ?? {}
  if (hasRootUnion(parameters)) {
    notes.push(`${path}.parameters: root anyOf, oneOf or allOf merged into one object`)
  }
  const out: Tool = { name: definition.name, input_schema: toolSchema(parameters) }
  if (definition.description) out.description = definition.description
  if (definition.strict === true) out.strict = true
  return out
}

/** @see wire.md 2.1: `allowed_tools` narrows the list and says auto or required. */
function allowedTools(choice: ChatRequest['tool_choice']): Set<string> | undefined {
  if (!isRecord(choice) || choice.type !== 'allowed_tools') return undefined
  const { tools } = isRecord(choice.allowed_tools) ? choice.allowed_tools : choice
  const names = recordsIn(tools).map(({ function: inner }) => isRecord(inner) && textOf(inner.name))
  return new Set(names.filter((name) => typeof name === 'string'))
}

function choiceIn(body: ChatRequest): ToolChoice | undefined {
  const choice = namedChoice(body)
  const legacy = (body.functions?.length ?? 0) > 0
  if (body.parallel_tool_calls !== false && !legacy) return choice
  if (choice?.type === 'none') return choice
  return { type: 'auto', ...choice, disable_parallel_tool_use: true }
}

function namedChoice(body: ChatRequest): ToolChoice | undefined {
  const choice = body.tool_choice ?? body.function_call
  if (choice === undefined || choice === null) return undefined
  const field = body.tool_choice ? 'tool_choice' : 'function_call'
  if (isRecord(choice)) return objectChoice(choice, field)
  switch (choice) {
    case 'none':
    case 'auto':
      return { type: choice }
    case 'required':
    case 'any':
      return { type: 'any' }
    default:
      throw refused(field, `"${choice}" is unknown: use none, auto, required or a function`)
  }
}

function objectChoice(choice: Record<string, unknown>, field: string): ToolChoice {
  if (choice.type === 'allowed_tools') {
    const { mode } = isRecord(choice.allowed_tools) ? choice.allowed_tools : choice
    return { type: mode === 'required' ? 'any' : 'auto' }
  }
  const inner = isRecord(choice.function) ? choice.function : choice
  const name = textOf(inner.name)
  if (name === undefined) throw refused(field, 'it names no function')
  return { type: 'tool', name }
}
