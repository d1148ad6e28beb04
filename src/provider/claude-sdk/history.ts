import { isRecord } from '../../kit/json.ts'
import type { Block, RequestMessage } from '../../protocol/messages/schema.ts'
import { systemReminder } from '../../protocol/messages/system.ts'
import { recordsIn } from '../../protocol/value.ts'

/** One turn as Claude Code takes it: roles alternate, content is always blocks. */
export interface HistoryMessage {
  readonly role: 'user' | 'assistant'
  readonly content: Block[]
}

/** A conversation as roles that alternate: system messages go into the user's turn, cache marks go. */
export function alternating(messages: readonly RequestMessage[]): HistoryMessage[] {
  const merged: HistoryMessage[] = []
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const content = contentOf(message)
    if (content.length === 0) continue
    const last = merged.at(-1)
    if (last?.role === role) last.content.push(...content)
    else merged.push({ role, content })
  }
  return merged
}

function contentOf({ role, content }: RequestMessage): Block[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return blocks
    .filter((block) => block.type !== 'text' || block.text !== '')
    .map((block) => {
      const { cache_control: _own, ...rest } = block
      if (role !== 'system' || block.type !== 'text') return rest
      return { ...rest, text: systemReminder(block.text ?? '') }
    })
}

/**
 * The same conversation with traces of Claude Code's own tools as the calls and results that they were:
 * one assistant message becomes assistant, user, assistant.
 */
export function withTracesAsCalls(messages: readonly HistoryMessage[]): HistoryMessage[] {
  return messages.flatMap((message) => (message.role === 'user' ? [message] : unfolded(message)))
}

function unfolded({ content }: HistoryMessage): HistoryMessage[] {
  const turns: HistoryMessage[] = []
  for (const block of content) {
    const isResult = block.type === 'mcp_tool_result'
    const role = isResult ? 'user' : 'assistant'
    const own = isResult ? { ...block, type: 'tool_result' } : asCall(block)
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(own)
    else turns.push({ role, content: [own] })
  }
  return turns
}

function asCall(block: Block): Block {
  if (block.type !== 'mcp_tool_use') return block
  const { id, name, input } = block
  return {
    type: 'tool_use',
    input: input ?? {},
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
  }
}

/**
 * What tells two turns apart. Of an assistant's only what every client sends back counts: its text and its calls,
 * not its thinking.
 */
export function fingerprint({ role, content }: HistoryMessage): string {
  const told = role === 'user' ? content : assistantFingerprint(content)
  return Bun.hash(JSON.stringify([role, told])).toString(36)
}

function assistantFingerprint(content: readonly Block[]): unknown {
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : []))
  const calls = content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
  return [texts.join('').trim(), calls]
}

/** The ids of the calls that a turn answers, where it does nothing else. */
export function answeredCalls(message: HistoryMessage): string[] | undefined {
  const ids = message.content.map((block) =>
    block.type === 'tool_result' ? block.tool_use_id : undefined,
  )
  return ids.every((id) => id !== undefined) ? ids : undefined
}

/** The ids of the caller's calls in a turn of the assistant. */
export function callIds(message: HistoryMessage | undefined): string[] {
  if (message?.role !== 'assistant') return []
  return message.content.flatMap(({ type, id }) =>
    type === 'tool_use' && id !== undefined ? [id] : [],
  )
}

/** A tool result's content as blocks. */
export function resultBlocks(content: unknown): Record<string, unknown>[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  return isRecord(content) ? [content] : recordsIn(content)
}
