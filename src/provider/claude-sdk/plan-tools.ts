import { ProxyError } from '../../kit/error.ts'
import type { MessagesRequest, Tool } from '../../protocol/messages/schema.ts'
import type { Note } from '../../protocol/protocol.ts'
import type { CallerTool } from './launch.ts'

/** Anthropic's own tools that Claude Code has too, by the beginning of their type. */
const OWN: readonly (readonly [type: string, name: string])[] = [
  ['web_search_', 'WebSearch'],
  ['web_fetch_', 'WebFetch'],
]
/** Claude Code drops a tool with any other name without a word. */
const NAME = /^[A-Za-z0-9_-]{1,128}$/

/** The tools of a request: those that the caller runs, and those that Claude Code has itself. */
export function readTools(
  request: MessagesRequest,
  notes: Note[],
): { readonly caller: readonly CallerTool[]; readonly own: readonly string[] } {
  if (request.tool_choice?.type === 'none') return { caller: [], own: [] }
  const caller = new Map<string, CallerTool>()
  const own: string[] = []
  request.tools?.forEach((tool, at) => {
    const name = OWN.find(([type]) => tool.type?.startsWith(type))?.[1]
    if (name !== undefined) own.push(name)
    else if (isAnthropics(tool)) notes.push(`tools.${at}: Claude Code has no ${tool.type}`)
    else addCallerTool(caller, tool, at)
  })
  return { caller: [...caller.values()], own }
}

function isAnthropics({ type }: Tool): boolean {
  return typeof type === 'string' && type !== 'custom'
}

function addCallerTool(tools: Map<string, CallerTool>, tool: Tool, at: number): void {
  const { name, description, input_schema: schema } = tool
  if (name === undefined || !NAME.test(name)) {
    const text = `Cannot serve "tools.${at}.name": it must match ${NAME.source}`
    throw new ProxyError('invalid_request', text, { field: `tools.${at}.name` })
  }
  if (tools.has(name)) {
    const text = `Cannot serve "tools.${at}.name": "${name}" is there twice`
    throw new ProxyError('invalid_request', text, { field: `tools.${at}.name` })
  }
  tools.set(name, {
    name,
    description: description ?? '',
    schema: { type: 'object', ...schema },
  })
}
