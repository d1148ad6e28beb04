import { objectIn } from '../value.ts'
import type { Block, BlockDelta, MessageDelta, StreamEvent } from './schema.ts'

/** The block that is open, with the JSON of its input so far where it is a call of the client's. */
interface Open {
  readonly index: number
  readonly type: string
  json: string
}

/** Reasons to stop that leave the input of a call unfinished. */
const CUTS = new Set(['max_tokens', 'model_context_window_exceeded', 'refusal'])

/** Watches the blocks of a stream in Anthropic's protocol, which not all who speak it keep to. */
export class BlockOrder {
  #open: Open | undefined
  #calls = 0
  #sound = true

  /** A block begins; one that was left open is over by that. */
  start(index: number, block: Block): StreamEvent[] {
    const events = this.close()
    if (block.type === 'tool_use') this.#calls += 1
    this.#open = { index, type: block.type, json: '' }
    return [...events, { type: 'content_block_start', index, content_block: block }]
  }

  /** Whether text of this index may come. */
  isText(index: number): boolean {
    return this.#open?.index === index && this.#open.type === 'text'
  }

  /** Takes in a delta; false where no block is open that it could belong to. */
  grow(index: number, delta: BlockDelta): boolean {
    const open = this.#open
    if (open?.index !== index) return false
    if (delta.type === 'text_delta') return open.type === 'text'
    if (delta.type === 'thinking_delta') return open.type === 'thinking'
    if (delta.type === 'input_json_delta' && open.type === 'tool_use') {
      open.json += delta.partial_json
    }
    return true
  }

  /** The end of the block that is open, or only if it is this one. */
  close(index = this.#open?.index): StreamEvent[] {
    const open = this.#open
    if (open === undefined || open.index !== index) return []
    this.#open = undefined
    if (open.json.trim() !== '' && objectIn(open.json) === undefined) this.#sound = false
    return [{ type: 'content_block_stop', index: open.index }]
  }

  /** Whether every call has an object for its input, or was cut. */
  sound({ stop_reason }: MessageDelta): boolean {
    return this.#sound || CUTS.has(stop_reason ?? '')
  }

  /** The ending, with a reason to stop that is true of the calls that were made. */
  ending(delta: MessageDelta): MessageDelta {
    return { ...delta, stop_reason: trueReason(delta.stop_reason, this.#calls > 0) }
  }
}

/** A block with an object for its input; some servers write it as JSON, or begin a call with an empty string. */
export function withInput(block: Block): Block {
  return typeof block.input === 'string' ? { ...block, input: objectIn(block.input) ?? {} } : block
}

/** A call that was made is what the answer stopped for, and one that was not made is not. */
export function trueReason(reason: string | null, called: boolean): string | null {
  if (called) return reason === 'end_turn' ? 'tool_use' : reason
  return reason === 'tool_use' ? 'end_turn' : reason
}
