import { isRecord } from '../../kit/json.ts'
import type { Block, MessagesRequest, RequestMessage } from '../messages/schema.ts'
import { readSignature } from '../messages/signature.ts'
import { foreignSystem, systemReminder } from '../messages/system.ts'
import { isBlank } from '../value.ts'
import { callId, type OutContext, type OutPart, textPart, userParts } from './parts-out.ts'
import { contentOf, toolResult } from './tool-results-out.ts'

/** A message as it goes up. */
export type OutMessage = { role: string; [key: string]: unknown }

/** The hub's system prompt and messages as Chat Completions messages. */
export function messagesOut(request: MessagesRequest, context: OutContext): OutMessage[] {
  const queue = new MessageQueue()
  const system = systemOut(request, context)
  if (system !== undefined) queue.add(system)
  const last = request.messages.findLastIndex((message) => message.role === 'user')
  request.messages.forEach((message, index) => {
    const place = { path: `messages.${index}`, last: index === last }
    if (message.role === 'assistant') queue.add(assistantOut(message, place.path, context))
    else if (message.role === 'system') queue.add(reminderOut(message))
    else for (const out of userOut(message, place, context)) queue.add(out)
  })
  return bridged(queue.end(), context)
}

/** Mistral's models refuse a user's message right behind a tool's. */
function bridged(messages: OutMessage[], { profile, notes }: OutContext): OutMessage[] {
  if (profile.user_after_tool) return messages
  const out = messages.flatMap((message, index) => {
    const gap = message.role === 'user' && messages[index - 1]?.role === 'tool'
    return gap ? [{ role: 'assistant', content: 'Understood.' }, message] : [message]
  })
  if (out.length > messages.length) {
    notes.push(
      `messages: a short assistant message added where the user speaks behind a tool, as "${profile.name}" wants it`,
    )
  }
  return out
}

/** Keeps tool messages right behind the calls that they answer, whatever stood between them. */
class MessageQueue {
  readonly #messages: OutMessage[] = []
  readonly #unanswered = new Set<unknown>()
  #waiting: OutMessage[] = []

  add(message: OutMessage | undefined): void {
    if (message === undefined) return
    if (message.role === 'tool') {
      this.#messages.push(message)
      this.#unanswered.delete(message.tool_call_id)
      if (this.#unanswered.size === 0) this.#release()
      return
    }
    if (message.role === 'assistant') this.#release()
    if (this.#unanswered.size > 0) {
      this.#waiting.push(message)
      return
    }
    this.#messages.push(message)
    if (Array.isArray(message.tool_calls)) {
      for (const call of message.tool_calls) if (isRecord(call)) this.#unanswered.add(call.id)
    }
  }

  end(): OutMessage[] {
    this.#release()
    return this.#messages
  }

  #release(): void {
    this.#unanswered.clear()
    this.#messages.push(...this.#waiting)
    this.#waiting = []
  }
}

function systemOut(request: MessagesRequest, context: OutContext): OutMessage | undefined {
  const blocks = foreignSystem(request.system)
  const texts: OutPart[] = []
  for (const block of blocks) {
    if (block.type === 'text') texts.push(textPart(block.text ?? '', block, context))
    else context.notes.push(`system: ${block.type} block dropped, Chat Completions takes text only`)
  }
  if (texts.length === 0) return undefined
  const role = context.profile.system_role
  if (texts.some((part) => part.cache_control !== undefined)) return { role, content: texts }
  return { role, content: texts.map((part) => part.text).join('\n') }
}

function reminderOut(message: RequestMessage): OutMessage | undefined {
  const texts = blocksOf(message).map((block) => block.text ?? '')
  const text = texts.filter((part) => !isBlank(part)).join('\n')
  return text === '' ? undefined : { role: 'user', content: systemReminder(text) }
}

/** A user turn: first its tool messages, then one user message with the rest. */
function userOut(
  message: RequestMessage,
  place: { path: string; last: boolean },
  context: OutContext,
): OutMessage[] {
  const out: OutMessage[] = []
  const attachments: OutPart[] = []
  const said: OutPart[] = []
  blocksOf(message).forEach((block, index) => {
    const at = { path: `${place.path}.content.${index}`, last: place.last }
    if (block.type !== 'tool_result') {
      said.push(...userParts(block, at, context))
      return
    }
    const result = toolResult(block, at, context)
    out.push({ role: 'tool', ...result.message })
    attachments.push(...result.attachments)
  })
  const parts = [...attachments, ...said]
  if (parts.length > 0) out.push({ role: 'user', content: contentOf(parts) })
  return out
}

/** An assistant turn as one message; nothing where only thinking was in it. */
function assistantOut(
  message: RequestMessage,
  path: string,
  context: OutContext,
): OutMessage | undefined {
  const texts: OutPart[] = []
  const calls: object[] = []
  const thoughts: Block[] = []
  blocksOf(message).forEach((block, index) => {
    switch (block.type) {
      case 'text':
        if (!isBlank(block.text ?? '')) texts.push(textPart(block.text ?? '', block, context))
        break
      case 'tool_use':
        calls.push(toolCall(block, calls.length === 0, context))
        break
      case 'thinking':
        thoughts.push(block)
        break
      case 'redacted_thinking':
        break
      default:
        context.notes.push(`${path}.content.${index}: ${block.type} dropped, it has no counterpart`)
    }
  })
  if (texts.length === 0 && calls.length === 0) return undefined
  const out: OutMessage = {
    role: 'assistant',
    content: texts.length === 0 ? null : contentOf(texts),
  }
  if (calls.length > 0) {
    Object.assign(out, replayed(thoughts, context))
    out.tool_calls = calls
  }
  return out
}

function toolCall(block: Block, first: boolean, context: OutContext): object {
  const { profile, names } = context
  return {
    id: callId(block.id ?? '', profile),
    type: 'function',
    function: { name: names.up(block.name ?? ''), arguments: JSON.stringify(block.input ?? {}) },
    ...(first && profile.thought_signature !== ''
      ? { extra_content: { google: { thought_signature: profile.thought_signature } } }
      : {}),
  }
}

/** The reasoning behind a turn with tool calls, in the field in which the upstream wants it back. */
function replayed(thoughts: Block[], context: OutContext): Record<string, unknown> {
  const field = context.profile.replay_reasoning
  const texts = thoughts.map((block) => block.thinking ?? '')
  const text = texts.filter((thought) => !isBlank(thought)).join('\n\n')
  switch (field) {
    case 'none':
      return {}
    case 'reasoning_content':
      // An empty string, too: DeepSeek refuses a turn with tool calls and without the field (2026-01).
      return { reasoning_content: text }
    case 'reasoning':
      return text === '' ? {} : { reasoning: text }
    case 'reasoning_details':
      return details(thoughts, text)
    case 'thinking_blocks': {
      const signed = thoughts.filter((block) => block.signature && !readSignature(block.signature))
      const blocks = signed.map(({ type, thinking, signature }) => ({ type, thinking, signature }))
      return blocks.length === 0 ? {} : { thinking_blocks: blocks }
    }
  }
}

/** OpenRouter wants the very details back that it sent; plain text is the next best. */
function details(thoughts: Block[], text: string): Record<string, unknown> {
  const kept = thoughts.flatMap((block) => {
    const own = readSignature(block.signature)?.details
    return Array.isArray(own) ? own : []
  })
  if (kept.length > 0) return { reasoning_details: kept }
  return text === '' ? {} : { reasoning: text }
}

function blocksOf(message: RequestMessage): Block[] {
  const { content } = message
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}
