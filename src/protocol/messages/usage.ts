import { isRecord } from '../../kit/json.ts'
import type { Usage } from '../protocol.ts'
import { countOf } from '../value.ts'
import type { MessageUsage } from './schema.ts'

/** Counts as they come in over a stream: the last one that was said of each wins. @see wire.md 1.5 */
export function mergeUsage(earlier: MessageUsage, later: MessageUsage): MessageUsage {
  const said = Object.entries(later).filter(([, value]) => value !== null && value !== undefined)
  return { ...earlier, ...Object.fromEntries(said) }
}

/** The whole prompt: uncached, read from the cache and written to it; nothing where no count was said. */
export function promptTokens(usage: MessageUsage): number | undefined {
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage
  if (typeof input_tokens !== 'number') return undefined
  return input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0)
}

/** What an answer cost, where that is known, for the usage of any protocol. */
export function costIn({ cost_usd: cost }: MessageUsage): { cost_usd?: number } {
  return typeof cost === 'number' ? { cost_usd: cost } : {}
}

/** The usage as a Messages client needs it: the two counts that its SDK adds up are always numbers. */
export function completeUsage(usage: MessageUsage): MessageUsage {
  if (typeof usage.input_tokens === 'number' && typeof usage.output_tokens === 'number') {
    return usage
  }
  return {
    ...usage,
    input_tokens: usage.input_tokens ?? 0,
    output_tokens: usage.output_tokens ?? 0,
  }
}

/** Anthropic's counts as a tap accounts them; what is no count stays absent. */
export function tapUsage(usage: unknown): Usage {
  if (!isRecord(usage)) return {}
  const input = countOf(usage.input_tokens)
  const output = countOf(usage.output_tokens)
  const cacheRead = countOf(usage.cache_read_input_tokens)
  const cacheWrite = countOf(usage.cache_creation_input_tokens)
  return {
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(cacheRead === undefined ? {} : { cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  }
}
