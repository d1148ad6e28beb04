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

/** No model takes or makes as many at once: a number beyond is a broken server's, and no column could add it up. */
const MOST_TOKENS = 1e9

function tokensOf(value: unknown): number | undefined {
  const count = countOf(value)
  return count !== undefined && count <= MOST_TOKENS ? count : undefined
}

/** Anthropic's counts as a tap accounts them; what is no count stays absent. @see wire.md 1.4 */
export function tapUsage(usage: unknown): Usage {
  const counts: Usage = {}
  if (!isRecord(usage)) return counts
  const input = tokensOf(usage.input_tokens)
  if (input !== undefined) counts.input = input
  const output = tokensOf(usage.output_tokens)
  if (output !== undefined) counts.output = output
  const cacheRead = tokensOf(usage.cache_read_input_tokens)
  if (cacheRead !== undefined) counts.cacheRead = cacheRead
  const cacheWrite = tokensOf(usage.cache_creation_input_tokens)
  if (cacheWrite !== undefined) counts.cacheWrite = cacheWrite
  const kinds = usage.cache_creation
  if (isRecord(kinds)) {
    const short = tokensOf(kinds.ephemeral_5m_input_tokens)
    if (short !== undefined) counts.cacheWrite5m = short
    const long = tokensOf(kinds.ephemeral_1h_input_tokens)
    if (long !== undefined) counts.cacheWrite1h = long
  }
  const details = usage.output_tokens_details
  if (isRecord(details)) {
    const thinking = tokensOf(details.thinking_tokens)
    if (thinking !== undefined) counts.thinking = thinking
  }
  tapBilling(counts, usage)
  return counts
}

function tapBilling(counts: Usage, usage: Record<string, unknown>): void {
  const tools = usage.server_tool_use
  if (isRecord(tools)) {
    const searches = tokensOf(tools.web_search_requests)
    if (searches !== undefined) counts.webSearches = searches
  }
  if (usage.speed === 'fast') counts.fast = true
  if (usage.inference_geo === 'us') counts.usOnly = true
  if (usage.service_tier === 'batch') counts.batch = true
}
