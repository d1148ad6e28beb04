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
  return merged(
    messages.map((message) => ({
      role: message.role === 'assistant' ? 'assistant' : 'user',
      content: contentOf(message),
    })),
  )
}

/** Neighbours of one role as one; results come first in it, since the API takes them nowhere else. */
function merged(messages: readonly HistoryMessage[]): HistoryMessage[] {
  const turns: HistoryMessage[] = []
  for (const { role, content } of messages) {
    if (content.length === 0) continue
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(...content)
    else turns.push({ role, content: [...content] })
  }
  for (const { role, content } of turns) {
    if (role === 'user') content.sort((one, other) => rank(one) - rank(other))
  }
  return turns
}

function rank({ type }: Block): number {
  return type === 'tool_result' ? 0 : 1
}

function contentOf({ role, content }: RequestMessage): Block[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return blocks
    .filter((block) => block.type !== 'text' || block.text !== '')
    .map((block) => {
      const { cache_control: _own, ...rest } = block
      if (block.type === 'tool_result') return withItsImages(rest)
      if (role !== 'system' || block.type !== 'text') return rest
      return { ...rest, text: systemReminder(block.text ?? '') }
    })
}

/** Claude Code takes all but words out of an error's result: one that has more says by words that it is an error. */
function withItsImages(result: Block): Block {
  const content = resultBlocks(result.content)
  if (result.is_error !== true || content.every(({ type }) => type === 'text')) return result
  const { is_error: _told, ...rest } = result
  return { ...rest, content: [{ type: 'text', text: 'Error:' }, ...content] }
}

/**
 * The same conversation with traces of Claude Code's own tools as the calls and results that they were:
 * one assistant message becomes assistant, user, assistant.
 */
export function withTracesAsCalls(messages: readonly HistoryMessage[]): HistoryMessage[] {
  const turns = merged(messages.flatMap((message) => unfolded(message)))
  const traced = new Set(messages.flatMap(({ content }) => tracedIds(content)))
  if (traced.size === 0) return turns
  turns.forEach((turn, at) => {
    const answers = turns[at + 1]
    if (turn.role !== 'assistant' || answers === undefined) return
    const answered = resultIds(answers)
    const lost = callIds(turn).filter((id) => traced.has(id) && !answered.includes(id))
    answers.content.unshift(...lost.map((id) => ({ ...LOST, tool_use_id: id })))
  })
  return turns
}

/** What stands for a result that the caller never heard of, because the answer ended before it. */
const LOST = { type: 'tool_result', is_error: true, content: 'The result was not kept' } as const

function tracedIds(content: readonly Block[]): string[] {
  return content.flatMap(({ type, id }) =>
    type === 'mcp_tool_use' && id !== undefined ? [id] : [],
  )
}

function unfolded({ role, content }: HistoryMessage): HistoryMessage[] {
  if (role === 'user') return [{ role, content }]
  return content.map((block) =>
    block.type === 'mcp_tool_result'
      ? { role: 'user', content: [{ ...block, type: 'tool_result' }] }
      : { role, content: [asCall(block)] },
  )
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
  const told = role === 'user' ? content.map(toldByUser) : toldByAssistant(content)
  return Bun.hash(JSON.stringify([role, told])).toString(36)
}

/** A result's content may be a text or blocks, with or without marks that move on from turn to turn. */
function toldByUser(block: Block): unknown {
  if (block.type !== 'tool_result') return block
  const content = resultBlocks(block.content).map(({ cache_control: _own, ...rest }) => rest)
  return [block.tool_use_id, block.is_error === true, content]
}

function toldByAssistant(content: readonly Block[]): unknown {
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : []))
  const calls = content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
  return [texts.join('').trim(), calls]
}

/** The ids of the calls that a turn answers, beside whatever else it does. */
export function resultIds({ content }: HistoryMessage): string[] {
  return content.flatMap(({ type, tool_use_id: id }) =>
    type === 'tool_result' && id !== undefined ? [id] : [],
  )
}

/** The ids of the calls that a turn answers, where it does nothing else and a call that waits can be given all of it. */
export function answeredCalls(message: HistoryMessage): string[] | undefined {
  const ids = message.content.map((block) => (isPlainResult(block) ? block.tool_use_id : undefined))
  return ids.every((id) => id !== undefined) ? ids : undefined
}

/** Whether MCP has all of a result: it knows text and base64 images. */
function isPlainResult({ type, content }: Block): boolean {
  if (type !== 'tool_result') return false
  return resultBlocks(content).every((block) => {
    if (block.type === 'text') return true
    return block.type === 'image' && isRecord(block.source) && block.source.type === 'base64'
  })
}

/** The ids of the calls of the caller's tools that a turn makes. */
export function callIds({ content }: HistoryMessage): string[] {
  return content.flatMap(({ type, id }) => (type === 'tool_use' && id !== undefined ? [id] : []))
}

/** A tool result's content as blocks. */
export function resultBlocks(content: unknown): Record<string, unknown>[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  return isRecord(content) ? [content] : recordsIn(content)
}
