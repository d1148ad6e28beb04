import type { Block, BlockDelta, StreamEvent } from '../messages/schema.ts'

/** What may be open in the hub: nothing, or one block of a kind. */
type Open = 'nothing' | 'text' | 'thinking' | 'tool_use'

/** Writes blocks as hub events: indices without gaps, one open block at most, each delta in a block of its kind. */
export class HubBlocks {
  #open: Open = 'nothing'
  #index = -1
  #events: StreamEvent[] = []

  /** The events since the last call. */
  take(): StreamEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** An event that belongs to no block. */
  add(event: StreamEvent): void {
    this.#events.push(event)
  }

  text(text: string): void {
    if (this.#open !== 'text') this.#start('text', { type: 'text', text: '' })
    this.#delta({ type: 'text_delta', text })
  }

  /** A source of the open text block. */
  cite(citation: Record<string, unknown>): void {
    if (this.#open === 'text') this.#delta({ type: 'citations_delta', citation })
  }

  thinking(thinking: string): void {
    if (this.#open !== 'thinking') {
      this.#start('thinking', { type: 'thinking', thinking: '', signature: '' })
    }
    if (thinking !== '') this.#delta({ type: 'thinking_delta', thinking })
  }

  sign(signature: string): void {
    if (this.#open === 'thinking') this.#delta({ type: 'signature_delta', signature })
  }

  tool(id: string, name: string): void {
    this.#start('tool_use', { type: 'tool_use', id, name, input: {} })
  }

  json(partial_json: string): void {
    if (this.#open === 'tool_use') this.#delta({ type: 'input_json_delta', partial_json })
  }

  /** A tool call of the server's own, whole. */
  serverTool(id: string, name: string, input: Record<string, unknown>): void {
    this.#start('tool_use', { type: 'server_tool_use', id, name, input: {} })
    this.#delta({ type: 'input_json_delta', partial_json: JSON.stringify(input) })
    this.close()
  }

  /** A block that arrives whole in its start. */
  whole(block: Block): void {
    this.#start('nothing', block)
    this.#events.push({ type: 'content_block_stop', index: this.#index })
  }

  close(): void {
    if (this.#open === 'nothing') return
    this.#events.push({ type: 'content_block_stop', index: this.#index })
    this.#open = 'nothing'
  }

  #start(open: Open, content_block: Block): void {
    this.close()
    this.#index += 1
    this.#open = open
    this.#events.push({ type: 'content_block_start', index: this.#index, content_block })
  }

  #delta(delta: BlockDelta): void {
    this.#events.push({ type: 'content_block_delta', index: this.#index, delta })
  }
}
