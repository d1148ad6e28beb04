import { isRecord } from '../../kit/json.ts'
import { invalidField } from '../check.ts'
import { textOf } from '../value.ts'
import { shorten } from './call-id.ts'
import type { Item, ResponsesRequest, ResponsesTool } from './schema.ts'

const LIMIT = 128

/** The tool types that the hub can carry, in the client's words. */
export type ToolKind = 'function' | 'custom' | 'web_search' | 'tool_search'

/** One of the client's tools with the flat name that it has in the hub. */
export interface NamedTool {
  readonly flat: string
  readonly kind: ToolKind
  readonly name: string
  readonly namespace: string | undefined
  readonly definition: Record<string, unknown>
  /** The description of the namespace, on the first of its tools. */
  readonly preface: string | undefined
}

/** The client's tools by their flat names, and the ones the hub cannot carry. */
export interface NamedTools {
  readonly list: readonly NamedTool[]
  readonly dropped: readonly string[]
  /** The hub's name of a tool that a call in the history names. */
  flat(name: string, namespace?: string | null): string
  /** The client's tool behind a name that the model called. */
  origin(flat: string): NamedTool | undefined
}

/** Flattens namespaces and gives each tool one legal, unique name; the same request gives the same names. */
export function nameTools(body: ResponsesRequest): NamedTools {
  const found: Found[] = []
  const dropped: string[] = []
  for (const tool of declaredTools(body)) collect(tool, found, dropped)
  const byFlat = new Map<string, NamedTool>()
  const byOrigin = new Map<string, NamedTool>()
  // Claude's own tool must be called web_search, so it takes the name before a function can.
  const searchFirst = [...found].sort((a, b) => rank(a) - rank(b))
  for (const tool of searchFirst) {
    const key = keyOf(tool)
    if (byOrigin.has(key)) continue
    const named = { ...tool, flat: unique(flatName(tool.name, tool.namespace), byFlat) }
    byFlat.set(named.flat, named)
    byOrigin.set(key, named)
  }
  return {
    list: found.flatMap((tool) => byOrigin.get(keyOf(tool)) ?? []),
    dropped,
    flat: (name, namespace) =>
      byOrigin.get(originKey(name, namespace ?? undefined))?.flat ??
      flatName(name, namespace ?? undefined),
    origin: (flat) => byFlat.get(flat),
  }
}

type Found = Omit<NamedTool, 'flat'>

function rank(tool: Found): number {
  return tool.kind === 'web_search' ? 0 : 1
}

/** The tools of the request and the ones that came later inside the input. */
function declaredTools(body: ResponsesRequest): ResponsesTool[] {
  const tools = [...(body.tools ?? [])]
  if (!Array.isArray(body.input)) return tools
  for (const item of body.input) tools.push(...laterTools(item))
  return tools
}

function laterTools(item: Item): ResponsesTool[] {
  if (item.type !== 'additional_tools' && item.type !== 'tool_search_output') return []
  return Array.isArray(item.tools) ? item.tools.filter(isTool) : []
}

function isTool(value: unknown): value is ResponsesTool {
  return isRecord(value) && typeof value.type === 'string'
}

function collect(tool: ResponsesTool, found: Found[], dropped: string[]): void {
  if (tool.type === 'namespace') {
    collectNamespace(tool, found, dropped)
    return
  }
  const kind = kindOf(tool)
  const name = kind === 'web_search' || kind === 'tool_search' ? kind : textOf(tool.name)
  if (name === undefined && (kind === 'function' || kind === 'custom')) {
    throw invalidField('tools', `a ${kind} tool needs a name`)
  }
  if (kind === undefined || name === undefined) {
    dropped.push(tool.name === undefined ? tool.type : `${tool.type} ${tool.name}`)
    return
  }
  found.push({ kind, name, namespace: undefined, definition: tool, preface: undefined })
}

function collectNamespace(tool: ResponsesTool, found: Found[], dropped: string[]): void {
  let preface = textOf(tool.description)
  for (const child of tool.tools ?? []) {
    const kind = child.type === 'function' || child.type === 'custom' ? child.type : undefined
    const name = textOf(child.name)
    if (kind === undefined || name === undefined) {
      dropped.push(`${tool.name ?? 'namespace'}.${name ?? 'tool'}`)
      continue
    }
    found.push({ kind, name, namespace: tool.name, definition: child, preface })
    preface = undefined
  }
}

function kindOf(tool: ResponsesTool): ToolKind | undefined {
  if (tool.type === 'function' || tool.type === 'custom') return tool.type
  if (tool.type.startsWith('web_search')) return 'web_search'
  // A search that the server runs would need our help; one that the client runs is a function to the model.
  if (tool.type === 'tool_search' && 'execution' in tool && tool.execution === 'client')
    return 'tool_search'
  return undefined
}

/** The search is no tool that a call in the history could name. */
function keyOf(tool: Found): string {
  return tool.kind === 'web_search' ? 'web_search' : originKey(tool.name, tool.namespace)
}

function originKey(name: string, namespace: string | undefined): string {
  return `${namespace ?? ''}\u0000${name}`
}

function flatName(name: string, namespace: string | undefined): string {
  const whole = namespace === undefined || namespace === '' ? name : join(namespace, name)
  const legal = whole.replace(/[^A-Za-z0-9_-]/g, '_')
  return legal.length <= LIMIT ? legal : shorten(legal, whole, LIMIT)
}

function join(namespace: string, name: string): string {
  const glued = namespace.endsWith('_') || name.startsWith('_')
  return glued ? namespace + name : `${namespace}__${name}`
}

function unique(name: string, taken: ReadonlyMap<string, unknown>): string {
  let candidate = name
  for (let count = 2; taken.has(candidate); count += 1) {
    candidate = `${name.slice(0, LIMIT - 4)}_${count}`
  }
  return candidate
}
