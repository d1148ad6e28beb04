import type { Block, Message } from '../messages/schema.ts'
import type { ChatCompletion } from './schema.ts'
import { type ChatOutOptions, finishOf, reasoningDetails, refusalOf } from './stream-out.ts'
import { usageOut } from './usage.ts'

/** The hub's message as a Chat Completions reply; equal to the fold of the stream by test. @see translation.md 3.G */
export function chatReplyOut(message: Message, options: ChatOutOptions): ChatCompletion {
  const { world, model } = options
  const legacy = options.legacyFunctions === true
  return {
    id: `chatcmpl-${world.id()}`,
    object: 'chat.completion',
    created: world.now(),
    model,
    choices: [
      {
        index: 0,
        message: replyMessage(message, legacy),
        logprobs: null,
        finish_reason: finishOf(message.stop_reason, legacy),
      },
    ],
    usage: usageOut(message.usage),
  }
}

function replyMessage(message: Message, legacy: boolean): Record<string, unknown> {
  const texts = message.content.filter((block) => block.type === 'text')
  const content = texts.map((block) => block.text ?? '').join('')
  const out: Record<string, unknown> = {
    role: 'assistant',
    content: content === '' ? null : content,
    refusal: refusalOf(message.stop_reason, message.stop_details) ?? null,
  }
  Object.assign(out, reasoning(message.content.filter((block) => block.type === 'thinking')))
  const calls = message.content.filter((block) => block.type === 'tool_use')
  const [first] = calls
  if (first === undefined) return out
  if (legacy) out.function_call = functionOf(first)
  else {
    out.tool_calls = calls.map((block) => ({
      id: block.id ?? '',
      type: 'function',
      function: functionOf(block),
    }))
  }
  return out
}

function functionOf(block: Block): object {
  return { name: block.name ?? '', arguments: JSON.stringify(block.input ?? {}) }
}

function reasoning(blocks: Block[]): object {
  const text = blocks.map((block) => block.thinking ?? '').join('')
  const details = blocks
    .filter((block) => block.signature)
    .flatMap((block, index) => reasoningDetails(block.thinking ?? '', block.signature ?? '', index))
  return {
    ...(text === '' ? {} : { reasoning_content: text }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
  }
}
