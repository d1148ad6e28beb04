import { isRecord } from '../../kit/json.ts'
import { compactionText } from './compaction.ts'
import { openSealed } from './envelope.ts'

/**
 * A request's input as OpenAI takes it: what another upstream thought is sealed by us, which OpenAI could not open, and
 * is left out; a compaction of our making is the summary that it holds. The same list comes back when there is neither.
 */
export function withoutOwnItems(input: readonly unknown[]): readonly unknown[] {
  const kept = input.flatMap((item) => {
    if (!isRecord(item) || typeof item.encrypted_content !== 'string') return [item]
    if (item.type === 'reasoning') return openSealed(item.encrypted_content) ? [] : [item]
    const text = item.type === 'compaction' ? compactionText(item.encrypted_content) : undefined
    if (text === undefined) return [item]
    return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }]
  })
  const same = kept.length === input.length && kept.every((item, index) => item === input[index])
  return same ? input : kept
}
