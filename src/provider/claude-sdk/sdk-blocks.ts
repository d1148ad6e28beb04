import type { Block, BlockDelta, StreamEvent } from '../../protocol/messages/schema.ts'
import { textOf } from '../../protocol/value.ts'

/** A content block of outside data. */
export function asBlock(block: Record<string, unknown>): Block {
  return { ...block, type: textOf(block.type) ?? '' }
}

/** More text of a block. */
export function textDelta(index: number, text: string): StreamEvent {
  return { type: 'content_block_delta', index, delta: { type: 'text_delta', text } }
}

const DELTAS: ReadonlySet<unknown> = new Set([
  'text_delta',
  'input_json_delta',
  'thinking_delta',
  'signature_delta',
  'citations_delta',
])

/** Whether it is a delta of a kind that is known. */
export function isDelta(
  delta: Record<string, unknown>,
): delta is BlockDelta & Record<string, unknown> {
  return DELTAS.has(delta.type)
}
