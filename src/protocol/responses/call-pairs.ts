import { invalidField } from '../check.ts'
import { freshId } from '../fresh-id.ts'
import { textOf } from '../value.ts'
import { legalCallId } from './call-id.ts'
import type { Item } from './schema.ts'

const CALLS: ReadonlySet<unknown> = new Set([
  ...['function_call', 'custom_tool_call', 'tool_search_call'],
])
const OUTPUTS: ReadonlySet<unknown> = new Set([
  ...['function_call_output', 'custom_tool_call_output', 'tool_search_output'],
])

/**
 * The hub's id of each call and each output. Anthropic refuses an id twice in a conversation, but small models count
 * from call_0 on each turn: a later call gets an id of its own, and its output answers that one.
 */
export function pairCalls(items: readonly Item[]): ReadonlyMap<Item, string> {
  const ids = new Map<Item, string>()
  const taken = new Set<string>()
  const latest = new Map<string, string>()
  const open = new Map<string, string[]>()
  for (const [index, item] of items.entries()) {
    if (CALLS.has(item.type)) {
      const own = requiredCallId(item, index)
      const id = freshId(own, taken, 60)
      latest.set(own, id)
      open.set(own, [...(open.get(own) ?? []), id])
      ids.set(item, id)
    } else if (OUTPUTS.has(item.type)) {
      const own = requiredCallId(item, index)
      ids.set(item, open.get(own)?.shift() ?? latest.get(own) ?? own)
    }
  }
  return ids
}

function requiredCallId(item: Item, index: number): string {
  const id = textOf(item.call_id)
  if (id === undefined) {
    throw invalidField(`input.${index}.call_id`, 'it must be a non-empty string')
  }
  return legalCallId(id)
}
