import type { Block, MessagesRequest, RequestMessage } from '../messages/schema.ts'
import { legalCallId } from './call-id.ts'
import type { OutContext } from './out-context.ts'
import { type InPart, isBlock, partsOf, resultOutput } from './parts-out.ts'
import { reasoningItem } from './reasoning-signature.ts'

/** An input item as it goes up. */
export type OutItem = { type: string; [key: string]: unknown }

/** The hub's messages as input items, in their order. */
export function inputItems(request: MessagesRequest, context: OutContext): OutItem[] {
  const items = request.messages.flatMap((message, index) =>
    itemsOfMessage(message, `messages.${index}`, context),
  )
  return items
}

function itemsOfMessage(message: RequestMessage, path: string, context: OutContext): OutItem[] {
  const { content } = message
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  const list = new ItemList(message.role === 'system' ? context.profile.system_role : message.role)
  blocks.forEach((block, index) => {
    const at = `${path}.content.${index}`
    if (message.role === 'assistant') assistantBlock(block, at, list, context)
    else userBlock(block, at, list, context)
  })
  return list.end()
}

/** Gathers neighbouring parts into one message, between the items that stand for themselves. */
class ItemList {
  readonly #role: string
  readonly #items: OutItem[] = []
  #parts: InPart[] = []

  constructor(role: string) {
    this.#role = role
  }

  parts(parts: readonly InPart[]): void {
    this.#parts.push(...parts)
  }

  item(item: OutItem): void {
    this.#flush()
    this.#items.push(item)
  }

  end(): OutItem[] {
    this.#flush()
    return this.#items
  }

  #flush(): void {
    if (this.#parts.length === 0) return
    this.#items.push({ type: 'message', role: this.#role, content: this.#parts })
    this.#parts = []
  }
}

function assistantBlock(block: Block, path: string, list: ItemList, context: OutContext): void {
  switch (block.type) {
    case 'text':
      if ((block.text ?? '').trim() !== '') list.parts([{ type: 'output_text', text: block.text }])
      return
    case 'thinking': {
      const item = reasoningItem(block, context.profile.name)
      if (item !== undefined) list.item(item)
      return
    }
    case 'redacted_thinking':
      return
    case 'tool_use':
      list.item({
        type: 'function_call',
        call_id: legalCallId(block.id ?? ''),
        name: context.names.up(block.name ?? ''),
        arguments: JSON.stringify(block.input ?? {}),
      })
      return
    default:
      context.notes.push(`${path}: ${block.type} dropped, it has no counterpart`)
  }
}

function userBlock(block: Block, path: string, list: ItemList, context: OutContext): void {
  switch (block.type) {
    case 'tool_result':
      list.item({
        type: 'function_call_output',
        call_id: legalCallId(block.tool_use_id ?? ''),
        output: resultOutput(block, path, context),
      })
      return
    case 'thinking':
    case 'redacted_thinking':
    case 'tool_use':
      context.notes.push(`${path}: ${block.type} in a user message dropped`)
      return
    default:
      if (isBlock(block)) list.parts(partsOf(block, path, context))
  }
}
