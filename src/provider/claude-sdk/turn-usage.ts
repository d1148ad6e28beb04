import { isRecord } from '../../kit/json.ts'
import type { MessageUsage } from '../../protocol/messages/schema.ts'

/** The usage of several upstream answers that are one answer for the caller; what is no number is the later one's. */
export function addUsage(earlier: MessageUsage, later: MessageUsage): MessageUsage {
  return added(earlier, later)
}

function added(
  earlier: Readonly<Record<string, unknown>>,
  later: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const sum: Record<string, unknown> = { ...earlier }
  for (const [name, value] of Object.entries(later)) {
    const before = earlier[name]
    if (typeof before === 'number' && typeof value === 'number') sum[name] = before + value
    else if (isRecord(before) && isRecord(value)) sum[name] = added(before, value)
    else if (before === undefined || (value !== null && value !== undefined)) sum[name] = value
  }
  return sum
}
