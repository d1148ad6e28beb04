import type { MessageUsage } from '../../protocol/messages/schema.ts'

const COUNTS = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
] as const

/** The counts of several upstream answers that are one answer for the caller; what is no count is the later one's. */
export function addUsage(earlier: MessageUsage, later: MessageUsage): MessageUsage {
  const sum: MessageUsage = { ...earlier, ...later }
  for (const name of COUNTS) {
    const values = [earlier[name], later[name]].filter((value) => typeof value === 'number')
    if (values.length > 0) sum[name] = values.reduce((total, value) => total + value, 0)
  }
  return sum
}
