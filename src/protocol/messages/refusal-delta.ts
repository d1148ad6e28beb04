import type { MessageDelta } from './schema.ts'

/** How an answer ends that another wire's upstream refused, with its own words where it had any. */
export function refusalDelta(words: string): MessageDelta {
  const explanation = words === '' ? null : words
  const stop_details = { type: 'refusal', category: null, explanation }
  return { stop_reason: 'refusal', stop_sequence: null, stop_details }
}
