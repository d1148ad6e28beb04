import { isRecord } from '../../kit/json.ts'
import type { MessageUsage } from '../messages/schema.ts'
import { costIn, promptTokens, tapUsage as tapMessageUsage } from '../messages/usage.ts'
import type { Usage } from '../protocol.ts'
import { countOf } from '../value.ts'
import type { ChatUsage } from './schema.ts'

/**
 * Chat Completions' counts as the hub's: the cached part is taken out of the prompt. Vendors name the cached part
 * differently (DeepSeek `prompt_cache_hit_tokens`, Moonshot `cached_tokens`, LiteLLM Anthropic's own names).
 */
export function usageIn(value: unknown): MessageUsage {
  if (!isRecord(value)) return {}
  const prompt = countOf(value.prompt_tokens)
  const details = isRecord(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  const read = firstCount(
    details.cached_tokens,
    value.cache_read_input_tokens,
    value.prompt_cache_hit_tokens,
    value.cached_tokens,
  )
  const written = firstCount(
    details.cache_write_tokens,
    details.cache_creation_tokens,
    details.cache_creation_input_tokens,
    value.cache_creation_input_tokens,
  )
  const usage: MessageUsage = {}
  if (prompt !== undefined) usage.input_tokens = Math.max(0, prompt - (read ?? 0) - (written ?? 0))
  if (read !== undefined) usage.cache_read_input_tokens = read
  if (written !== undefined) usage.cache_creation_input_tokens = written
  return { ...usage, ...outputIn(value, prompt) }
}

/** xAI counts reasoning beside the completion, not in it: its total tells (2026-03). */
function outputIn(value: Record<string, unknown>, prompt: number | undefined): object {
  const completion = countOf(value.completion_tokens)
  if (completion === undefined) return {}
  const details = isRecord(value.completion_tokens_details) ? value.completion_tokens_details : {}
  const reasoning = countOf(details.reasoning_tokens)
  if (reasoning === undefined || reasoning === 0) return { output_tokens: completion }
  const beside = countOf(value.total_tokens) === (prompt ?? 0) + completion + reasoning
  return {
    output_tokens: beside ? completion + reasoning : completion,
    output_tokens_details: { thinking_tokens: reasoning },
  }
}

/** The hub's counts as Chat Completions'. @see translation.md G1 */
export function usageOut(usage: MessageUsage): ChatUsage {
  const prompt = promptTokens(usage) ?? 0
  const completion = usage.output_tokens ?? 0
  const details: Record<string, unknown> = isRecord(usage.output_tokens_details)
    ? usage.output_tokens_details
    : {}
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: usage.cache_read_input_tokens ?? 0,
      cache_write_tokens: usage.cache_creation_input_tokens ?? 0,
    },
    completion_tokens_details: { reasoning_tokens: countOf(details.thinking_tokens) ?? 0 },
    ...costIn(usage),
  }
}

/** Chat Completions' counts as a tap accounts them. */
export function tapUsage(usage: unknown): Usage {
  return tapMessageUsage(usageIn(usage))
}

function firstCount(...values: unknown[]): number | undefined {
  for (const value of values) {
    const count = countOf(value)
    if (count !== undefined) return count
  }
  return undefined
}
