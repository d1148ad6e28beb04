import { noteLost } from '../messages/document.ts'
import type { Block } from '../messages/schema.ts'
import { toolReferenceText } from '../messages/tool-reference.ts'
import { isBlank } from '../value.ts'
import {
  callId,
  documentParts,
  imagePart,
  isBlock,
  type OutContext,
  type OutPart,
  type Place,
  searchText,
  textPart,
} from './parts-out.ts'

/** One tool result: its `role: tool` message, and what Chat Completions only takes from a user. */
export interface ToolResultOut {
  readonly message: Record<string, unknown>
  readonly attachments: OutPart[]
}

/** A tool_result block as a tool message; images and files go to the user message that follows. */
export function toolResult(block: Block, place: Place, context: OutContext): ToolResultOut {
  const id = callId(block.tool_use_id ?? '', context.profile)
  const inside: OutPart[] = []
  const attachments: OutPart[] = []
  for (const part of resultParts(block.content, { ...place, last: false }, context)) {
    const stays =
      part.type === 'text' || (part.type === 'image_url' && context.profile.tool_result_images)
    if (stays) inside.push(part)
    else attachments.push(part)
  }
  if (attachments.length > 0) {
    if (inside.length === 0) inside.push({ type: 'text', text: 'See the next user message.' })
    attachments.unshift({ type: 'text', text: `Output of tool call ${id}:` })
  }
  const content = block.is_error === true ? failed(inside) : inside
  const message: Record<string, unknown> = {
    role: 'tool',
    tool_call_id: id,
    content: contentOf(content),
  }
  if (context.caching && block.cache_control) message.cache_control = block.cache_control
  return { message, attachments }
}

/** Parts as a message's content: one text is a string, nothing is an empty one. */
export function contentOf(parts: OutPart[]): string | OutPart[] {
  const [only] = parts
  if (only === undefined) return ''
  if (parts.length > 1 || only.type !== 'text' || only.cache_control !== undefined) return parts
  return String(only.text)
}

/** The model must see that the call failed. */
function failed(parts: OutPart[]): OutPart[] {
  const [head, ...rest] = parts
  if (head?.type === 'text') return [{ ...head, text: `Error: ${head.text}` }, ...rest]
  return [{ type: 'text', text: 'Error: ' }, ...parts]
}

function resultParts(content: unknown, place: Place, context: OutContext): OutPart[] {
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  const items: unknown[] = Array.isArray(content) ? content : [content]
  return items.flatMap((item) => resultPart(item, place, context))
}

function resultPart(item: unknown, place: Place, context: OutContext): OutPart[] {
  if (!isBlock(item)) return [{ type: 'text', text: asText(item) }]
  switch (item.type) {
    case 'text':
      return isBlank(item.text ?? '') ? [] : [textPart(item.text ?? '', item, context)]
    case 'image':
      return [imagePart(item, place, context)]
    case 'document':
      return documentParts(item, place, context)
    case 'search_result':
      noteLost(item, place.path, context.notes, false)
      return [textPart(searchText(item), item, context)]
    default:
      return [{ type: 'text', text: toolReferenceText(item, context.names) ?? asText(item) }]
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
