import { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { isDeeper } from '../../kit/json-depth.ts'
import { readErrorValue } from '../read-error.ts'
import { recordsIn, textOf } from '../value.ts'
import { trueReason, withInput } from './block-order.ts'
import type { Block, Message, MessageUsage } from './schema.ts'

/** An Anthropic upstream's reply, read for a client of another protocol; an error inside a good reply throws. */
export function messagesReplyIn(body: unknown): Message {
  if (!isRecord(body)) throw nonsense()
  if (body.type === 'error' || isRecord(body.error)) throw readErrorValue(body)
  if (!Array.isArray(body.content) || isDeeper(body.content)) throw nonsense()
  const content = recordsIn(body.content).filter(isTyped).map(withInput)
  const called = content.some((block) => block.type === 'tool_use')
  const usage: MessageUsage = isRecord(body.usage) ? body.usage : {}
  return {
    ...body,
    id: textOf(body.id) ?? '',
    type: 'message',
    role: 'assistant',
    model: textOf(body.model) ?? '',
    content,
    stop_reason: trueReason(textOf(body.stop_reason) ?? null, called),
    usage,
  }
}

function isTyped(value: Record<string, unknown>): value is Block {
  return typeof value.type === 'string'
}

function nonsense(): ProxyError {
  return new ProxyError(
    'upstream_protocol',
    'Upstream sent a reply that is not a message: try again',
  )
}
