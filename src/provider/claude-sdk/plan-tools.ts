import { ProxyError } from '../../kit/error.ts'
import type { MessagesRequest, Tool } from '../../protocol/messages/schema.ts'
import type { Note } from '../../protocol/protocol.ts'
import { asCustomTool, TOLD_SETTINGS } from './anthropic-tools.ts'
import { type CallerTool, callerPrefix } from './launch.ts'

/** What the settings say of every request. */
export interface PlanOptions {
  /** Claude Code's own tools: all, or these. */
  readonly tools: 'all' | readonly string[]
  /** Whether they stay where a request brings tools of its own. */
  readonly mixTools: boolean
}

/** The tools that there are for a request. */
export interface RequestTools {
  /** Those that the caller runs. */
  readonly caller: readonly CallerTool[]
  /** Claude Code's own: all of them, or these. */
  readonly own: 'all' | readonly string[]
  /** Whether the user's MCP servers are there too. */
  readonly servers: boolean
}

/** Anthropic's own tools that Claude Code has too, by the beginning of their type. */
const OWN: readonly (readonly [type: string, name: string])[] = [
  ['web_search_', 'WebSearch'],
  ['web_fetch_', 'WebFetch'],
]
/** Claude Code drops a tool with any other name without a word. */
const NAME = /^[A-Za-z0-9_-]+$/
const NAME_LENGTH = 128
/** The one name that it keeps for itself where its search for tools is off (2.1.329). */
const RESERVED = 'ToolSearch'
/** What of a tool is carried, or is for Anthropic's cache only. */
const KNOWN: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'input_schema',
  'cache_control',
  ...TOLD_SETTINGS,
])

/**
 * The tools of a request: the caller's alone where it brings any, unless the settings mix them. Of Claude Code's own
 * a request may ask for some by Anthropic's names, but not for more than the settings let be.
 */
export function readTools(
  request: MessagesRequest,
  options: PlanOptions,
  notes: Note[],
): RequestTools {
  const tools = request.tools ?? []
  const asked: string[] = []
  const callers: [Tool, number][] = []
  tools.forEach((tool, at) => {
    const own = OWN.find(([type]) => tool.type?.startsWith(type))?.[1]
    if (own !== undefined && isThere(own, options)) asked.push(own)
    else if (own !== undefined) notes.push(`tools.${at}: the settings leave ${own} out`)
    else if (!isAnthropics(tool)) callers.push([tool, at])
    else callers.push(...anthropics(tool, at, notes))
  })
  noteUnknown(tools, notes)
  const own = ownTools(request, asked, options)
  const servers = request.tool_choice?.type !== 'none' && keepsOwn(request, options)
  return { caller: callerTools(callers, own, notes), own, servers }
}

function keepsOwn({ tools = [] }: MessagesRequest, { mixTools }: PlanOptions): boolean {
  return mixTools || tools.length === 0
}

function ownTools(
  request: MessagesRequest,
  asked: readonly string[],
  options: PlanOptions,
): RequestTools['own'] {
  if (request.tool_choice?.type === 'none') return []
  if (!keepsOwn(request, options)) return [...new Set(asked)]
  return options.tools === 'all' ? 'all' : [...new Set([...options.tools, ...asked])]
}

function isThere(name: string, { tools }: PlanOptions): boolean {
  return tools === 'all' || tools.includes(name)
}

function isAnthropics({ type }: Tool): boolean {
  return typeof type === 'string' && type !== 'custom'
}

/** A tool of Anthropic's that the caller runs. */
function anthropics(tool: Tool, at: number, notes: Note[]): [Tool, number][] {
  const custom = asCustomTool(tool)
  notes.push(
    custom === undefined
      ? `tools.${at}: Claude Code has no ${tool.type}`
      : `tools.${at}: ${tool.type} goes as a custom tool with its documented input`,
  )
  return custom === undefined ? [] : [[custom, at]]
}

function noteUnknown(tools: readonly Tool[], notes: Note[]): void {
  const unknown = new Set(
    tools.flatMap((tool) =>
      Object.entries(tool).flatMap(([name, value]) =>
        KNOWN.has(name) || value === null || value === false ? [] : [name],
      ),
    ),
  )
  if (unknown.size > 0) notes.push(`tools: ${[...unknown].join(', ')} not carried to Claude Code`)
}

function callerTools(
  tools: readonly (readonly [Tool, at: number])[],
  own: RequestTools['own'],
  notes: Note[],
): CallerTool[] {
  const prefix = callerPrefix({ ownTools: own })
  const named = new Map<string, CallerTool>()
  for (const [{ name = '', description = '', input_schema: schema }, at] of tools) {
    if (!NAME.test(name)) throw invalidName(at, `it must match ${NAME.source}`)
    const most = NAME_LENGTH - prefix.length
    if (name.length > most) throw invalidName(at, `it is longer than ${most} characters`)
    if (named.has(name)) throw invalidName(at, `"${name}" is there twice`)
    if (prefix + name === RESERVED) notes.push(`tools.${at}: Claude Code takes no "${RESERVED}"`)
    named.set(name, { name, description, schema: { type: 'object', ...schema } })
  }
  return [...named.values()]
}

function invalidName(at: number, detail: string): ProxyError {
  const field = `tools.${at}.name`
  return new ProxyError('invalid_request', `Cannot serve "${field}": ${detail}`, { field })
}
