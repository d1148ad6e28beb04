import { isRecord } from '../../kit/json.ts'
import { goesStrict, isFunctionTool, lostFields } from '../messages/function-tool.ts'
import type { MessagesRequest, Tool } from '../messages/schema.ts'
import { SchemaCleaner } from '../messages/schema-cleaner.ts'
import type { OutContext } from './parts-out.ts'

/** The tool fields of a request; empty where nothing is left of the tools. */
export function toolsOut(request: MessagesRequest, context: OutContext): Record<string, unknown> {
  const { profile, notes } = context
  const fields: Record<string, unknown> = {}
  const tools: object[] = []
  const cleaner = new SchemaCleaner(profile)
  const lost = new Set<string>()
  request.tools?.forEach((tool, index) => {
    if (isFunctionTool(tool)) {
      tools.push(functionTool(tool, cleaner, context))
      for (const field of lostFields(tool, profile)) lost.add(field)
    } else Object.assign(fields, serverTool(tool, index, context))
  })
  if (lost.size > 0) notes.push(`tools: ${[...lost].join(', ')} not supported, dropped`)
  if (cleaner.dropped.size > 0) {
    notes.push(
      `tools: ${[...cleaner.dropped].join(', ')} in schemas not supported by "${profile.name}", dropped`,
    )
  }
  if (tools.length > 0 && !profile.tools) {
    notes.push(`tools: not supported by "${profile.name}", dropped`)
    return fields
  }
  if (request.tool_choice?.type === 'none' && !profile.tool_choices.includes('none')) {
    if (tools.length > 0) notes.push(`tools: left out, "${profile.name}" has no choice of none`)
    return fields
  }
  if (tools.length === 0) {
    if (request.tool_choice !== undefined) notes.push('tool_choice: dropped, no tool is left')
    return fields
  }
  return { ...fields, tools, ...toolChoice(request, context) }
}

function functionTool(tool: Tool, cleaner: SchemaCleaner, context: OutContext): object {
  const { names, caching } = context
  const definition: Record<string, unknown> = { name: names.up(tool.name ?? '') }
  if (tool.description) definition.description = tool.description
  const schema = tool.input_schema ?? {}
  definition.parameters = cleaner.clean({ type: 'object', ...schema })
  if (goesStrict(tool, context.profile)) definition.strict = true
  const out: Record<string, unknown> = { type: 'function', function: definition }
  if (caching && tool.cache_control) out.cache_control = tool.cache_control
  return out
}

/** Web search has a field of its own where the upstream knows it; other server tools have nothing. */
function serverTool(tool: Tool, index: number, context: OutContext): Record<string, unknown> {
  const { allowed_domains, blocked_domains, user_location, max_uses }: Record<string, unknown> =
    tool
  const restricted = (allowed_domains ?? blocked_domains ?? null) !== null
  if (tool.type?.startsWith('web_search_') === true && context.profile.web_search && !restricted) {
    if (typeof max_uses === 'number') {
      context.notes.push(`tools.${index}.max_uses: dropped, no counterpart`)
    }
    if (!isRecord(user_location)) return { web_search_options: {} }
    const { type: _type, ...place } = user_location
    const known = Object.entries(place).filter(([, value]) => value !== null)
    const approximate = Object.fromEntries(known)
    return { web_search_options: { user_location: { type: 'approximate', approximate } } }
  }
  const why = restricted ? 'its domain filter cannot be kept' : 'only Claude knows it'
  context.notes.push(`tools.${index}: ${tool.type} dropped, ${why}`)
  return {}
}

function toolChoice(request: MessagesRequest, context: OutContext): Record<string, unknown> {
  const choice = request.tool_choice
  if (choice === undefined) return {}
  const fields: Record<string, unknown> = {}
  const wanted = choiceValue(request, context)
  const kind = typeof wanted === 'string' ? wanted : 'named'
  if (context.profile.tool_choices.includes(kind)) fields.tool_choice = wanted
  else
    context.notes.push(
      `tool_choice: "${kind}" is not supported by "${context.profile.name}", dropped`,
    )
  if (choice.disable_parallel_tool_use === true) {
    if (context.profile.parallel_tool_calls) fields.parallel_tool_calls = false
    else context.notes.push('tool_choice.disable_parallel_tool_use: not supported, dropped')
  }
  return fields
}

function choiceValue(request: MessagesRequest, context: OutContext): string | object {
  const { type = 'auto', name = '' } = request.tool_choice ?? {}
  switch (type) {
    case 'any':
      return 'required'
    case 'none':
      return 'none'
    case 'tool': {
      const there = request.tools?.some((tool) => tool.name === name && isFunctionTool(tool))
      if (there === true) return { type: 'function', function: { name: context.names.up(name) } }
      context.notes.push(`tool_choice: tool "${name}" does not go up, relaxed to auto`)
      return 'auto'
    }
    default:
      return 'auto'
  }
}
