import type { MessagesRequest } from './schema.ts'

/** Tool names as an upstream with a length limit takes them, and back. */
export interface ToolNames {
  /** The name that goes up. */
  up(name: string): string
  /** The client's name for one that came down. */
  down(name: string): string
}

const SAME: ToolNames = { up: (name) => name, down: (name) => name }

/** A short stable hash of a text: base 36, `length` characters. */
export function shortHash(text: string, length: number): string {
  const hash = BigInt(Bun.hash.xxHash64(text))
  return hash.toString(36).padStart(13, '0').slice(-length)
}

/**
 * A mapping for every tool name of a request (tools, tool_choice, history): names that fit stay, longer
 * ones are cut and get a hash of the whole name, so that they stay distinct and the same on every turn.
 */
export function toolNames(request: MessagesRequest, limit: number): ToolNames {
  const long = [...namesIn(request)].filter((name) => name.length > limit)
  if (long.length === 0) return SAME
  const taken = new Set([...namesIn(request)].filter((name) => name.length <= limit))
  const up = new Map<string, string>()
  const down = new Map<string, string>()
  for (const name of long.sort()) {
    let short = cut(name, limit)
    for (let salt = 1; taken.has(short); salt++) short = cut(name, limit, `${name}#${salt}`)
    taken.add(short)
    up.set(name, short)
    down.set(short, name)
  }
  return { up: (name) => up.get(name) ?? name, down: (name) => down.get(name) ?? name }
}

function cut(name: string, limit: number, seed = name): string {
  const hash = shortHash(seed, Math.min(8, limit - 2))
  return `${name.slice(0, limit - hash.length - 1)}_${hash}`
}

function namesIn(request: MessagesRequest): Set<string> {
  const names = new Set<string>()
  for (const tool of request.tools ?? []) if (tool.name !== undefined) names.add(tool.name)
  if (request.tool_choice?.name !== undefined) names.add(request.tool_choice.name)
  for (const message of request.messages) {
    if (typeof message.content === 'string') continue
    for (const block of message.content) {
      if (block.type === 'tool_use' && block.name !== undefined) names.add(block.name)
    }
  }
  return names
}
