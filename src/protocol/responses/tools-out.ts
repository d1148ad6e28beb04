import { isRecord } from '../../kit/json.ts'
import { invalidField } from '../check.ts'
import { goesStrict, isFunctionTool, lostFields } from '../messages/function-tool.ts'
import type { MessagesRequest, Tool } from '../messages/schema.ts'
import { SchemaCleaner } from '../messages/schema-cleaner.ts'
import { textOf } from '../value.ts'
import type { OutContext } from './out-context.ts'

/** The tool fields of a request; empty where nothing is left of the tools. */
export function toolsOut(request: MessagesRequest, context: OutContext): Record<string, unknown> {
  const { profile, notes } = context
  const cleaner = new SchemaCleaner(profile)
  const lost = new Set<string>()
  const tools = (request.tools ?? []).flatMap((tool, index) => {
    if (isFunctionTool(tool)) for (const field of lostFields(tool, profile)) lost.add(field)
    return isFunctionTool(tool)
      ? [functionOut(tool, cleaner, context)]
      : serverTool(tool, index, context)
  })
  if (lost.size > 0) notes.push(`tools: ${[...lost].join(', ')} not supported, dropped`)
  if (cleaner.dropped.size > 0) {
    const keywords = [...cleaner.dropped].join(', ')
    notes.push(`tools: ${keywords} in schemas not supported by "${profile.name}", dropped`)
  }
  if (tools.length === 0) {
    if (request.tool_choice !== undefined) notes.push('tool_choice: dropped, no tool is left')
    return {}
  }
  if (request.tool_choice?.type === 'none' && !profile.tool_choices.includes('none')) {
    notes.push(`tools: left out, "${profile.name}" has no choice of none`)
    return {}
  }
  if (!profile.tools) {
    notes.push(`tools: not supported by "${profile.name}", dropped`)
    return {}
  }
  return { tools, ...choiceOut(request, context) }
}

function isWebSearch(tool: Tool): boolean {
  return tool.type?.startsWith('web_search_') === true
}

function serverTool(tool: Tool, index: number, context: OutContext): object[] {
  if (isWebSearch(tool)) return [webSearchOut(tool, index, context)]
  context.notes.push(`tools.${index}: ${tool.type} dropped, only Claude knows it`)
  return []
}

/** Without `strict: false` the API takes a schema for strict and rewrites what is optional in it. */
function functionOut(tool: Tool, cleaner: SchemaCleaner, context: OutContext): object {
  const schema = tool.input_schema
  return {
    type: 'function',
    name: context.names.up(tool.name ?? ''),
    ...(tool.description ? { description: tool.description } : {}),
    ...(schema === undefined ? {} : { parameters: cleaner.clean({ type: 'object', ...schema }) }),
    strict: goesStrict(tool, context.profile),
  }
}

function webSearchOut(tool: Tool, index: number, context: OutContext): object {
  const extra: Record<string, unknown> = tool
  const { allowed_domains, blocked_domains, user_location, max_uses } = extra
  if (Array.isArray(blocked_domains) && blocked_domains.length > 0) {
    throw invalidField(
      `tools.${index}.blocked_domains`,
      'a Responses upstream has no such filter, and searching without it would loosen a restriction',
    )
  }
  if (typeof max_uses === 'number')
    context.notes.push(`tools.${index}.max_uses: dropped, no counterpart`)
  return {
    type: 'web_search',
    ...(Array.isArray(allowed_domains) ? { filters: { allowed_domains } } : {}),
    ...(isRecord(user_location) ? { user_location } : {}),
  }
}

function choiceOut(request: MessagesRequest, context: OutContext): Record<string, unknown> {
  const choice = request.tool_choice
  if (choice === undefined) return {}
  const fields: Record<string, unknown> = {}
  const wanted = choiceValue(request, context)
  const kind = typeof wanted === 'string' ? wanted : 'named'
  if (context.profile.tool_choices.includes(kind)) fields.tool_choice = wanted
  else {
    const { name } = context.profile
    context.notes.push(`tool_choice: "${kind}" is not supported by "${name}", dropped`)
  }
  if (choice.disable_parallel_tool_use === true) {
    if (context.profile.parallel_tool_calls) fields.parallel_tool_calls = false
    else context.notes.push('tool_choice.disable_parallel_tool_use: not supported, dropped')
  }
  return fields
}

function choiceValue(request: MessagesRequest, context: OutContext): string | object {
  const { type = 'auto', name } = request.tool_choice ?? {}
  if (type === 'any') return 'required'
  if (type === 'none') return 'none'
  if (type !== 'tool') return 'auto'
  const named = (request.tools ?? []).filter((tool) => tool.name === name)
  // A function may be called web_search; the client's own tool is what it means then.
  if (named.some(isFunctionTool))
    return { type: 'function', name: context.names.up(textOf(name) ?? '') }
  if (named.some(isWebSearch)) return { type: 'web_search' }
  context.notes.push(`tool_choice: tool "${name}" does not go up, relaxed to auto`)
  return 'auto'
}
