import type { BlockDelta } from '../messages/schema.ts'
import { sealCompaction } from './compaction.ts'
import {
  type ClosedItem,
  type ItemSink,
  type ItemWriter,
  itemAdded,
  itemDone,
  NOTHING,
} from './item-writer.ts'

/** Writes a summary as a compaction item: once it is whole, as half of one must not replace a conversation. */
export class CompactionWriter implements ItemWriter {
  readonly kind = 'compaction'
  readonly #sink: ItemSink
  #summary = ''

  constructor(sink: ItemSink) {
    this.#sink = sink
  }

  delta(delta: BlockDelta): string {
    return delta.type === 'text_delta' ? this.text(delta.text) : ''
  }

  /** Adds text to the summary. */
  text(text: string): string {
    this.#summary += text
    return ''
  }

  blockStop(): string {
    return ''
  }

  close(cut: boolean): ClosedItem {
    if (cut || this.#summary.trim() === '') return NOTHING
    const id = `cmp_${this.#sink.world.id()}`
    const index = this.#sink.nextIndex()
    const item = { id, type: 'compaction', encrypted_content: sealCompaction(this.#summary) }
    return itemDone(this.#sink, index, itemAdded(this.#sink, index, item), item)
  }
}
