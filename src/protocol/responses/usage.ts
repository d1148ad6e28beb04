import { isRecord } from '../../kit/json.ts'
import type { MessageUsage } from '../messages/schema.ts'
import { costIn, promptTokens, tapUsage as tapMessageUsage } from '../messages/usage.ts'
import type { Usage } from '../protocol.ts'
import { countOf } from '../value.ts'

/** The token counts of a response; `input_tokens` includes what was cached. @see wire.md 2.6 */
export interface ResponsesUsage {
  readonly input_tokens: number
  readonly input_tokens_details: {
    readonly cached_tokens: number
    readonly cache_write_tokens: number
  }
  readonly output_tokens: number
  readonly output_tokens_details: { readonly reasoning_tokens: number }
  readonly total_tokens: number
  /** Ours, in dollars, where it is known. */
  readonly cost_usd?: number
}

/** The hub's counts → a response's; nothing where the upstream said none. */
export function responsesUsage(usage: MessageUsage): ResponsesUsage | undefined {
  const prompt = promptTokens(usage)
  const output = countOf(usage.output_tokens)
  if (prompt === undefined && output === undefined) return undefined
  const details: unknown =
    'output_tokens_details' in usage ? usage.output_tokens_details : undefined
  const thinking = isRecord(details) ? countOf(details.thinking_tokens) : undefined
  return {
    input_tokens: prompt ?? 0,
    input_tokens_details: {
      cached_tokens: usage.cache_read_input_tokens ?? 0,
      cache_write_tokens: usage.cache_creation_input_tokens ?? 0,
    },
    output_tokens: output ?? 0,
    output_tokens_details: { reasoning_tokens: thinking ?? 0 },
    total_tokens: (prompt ?? 0) + (output ?? 0),
    ...costIn(usage),
  }
}

/** A response's counts → the hub's: the cached part is taken out of the input, never below zero. */
export function messageUsage(usage: unknown): MessageUsage {
  if (!isRecord(usage)) return {}
  const input = countOf(usage.input_tokens)
  const output = countOf(usage.output_tokens)
  const cached = detail(usage.input_tokens_details, 'cached_tokens')
  const written = detail(usage.input_tokens_details, 'cache_write_tokens')
  const thinking = detail(usage.output_tokens_details, 'reasoning_tokens')
  return {
    ...(input === undefined
      ? {}
      : { input_tokens: Math.max(0, input - (cached ?? 0) - (written ?? 0)) }),
    ...(cached === undefined ? {} : { cache_read_input_tokens: cached }),
    ...(written === undefined ? {} : { cache_creation_input_tokens: written }),
    ...(output === undefined ? {} : { output_tokens: output }),
    ...(thinking === undefined ? {} : { output_tokens_details: { thinking_tokens: thinking } }),
  }
}

/** A response's counts as a tap accounts them. */
export function tapUsage(usage: unknown): Usage {
  return tapMessageUsage(messageUsage(usage))
}

function detail(details: unknown, name: string): number | undefined {
  return isRecord(details) ? countOf(details[name]) : undefined
}
