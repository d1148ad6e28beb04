import type { BlockDelta } from '../messages/schema.ts'
import type { World } from '../protocol.ts'
import type { Frames } from './frames.ts'

/** What the writers of one response share. */
export interface ItemSink {
  readonly frames: Frames
  readonly world: World
  /** Takes the next output index. */
  nextIndex(): number
}

/** Writes one output item from the blocks that make it. */
export interface ItemWriter {
  readonly kind: 'message' | 'reasoning' | 'call' | 'search' | 'compaction'
  /** What a delta of its block adds. */
  delta(delta: BlockDelta): string
  /** A block of it is over; the item itself stays open until `close`. */
  blockStop(): string
  /** Its last events; `cut` when the answer stopped inside it. */
  close(cut: boolean): ClosedItem
}

/** The end of an item: its events, and itself as JSON, absent where nothing of it was written. */
export interface ClosedItem {
  readonly text: string
  readonly item: string | undefined
}

/** The end of an item that never showed anything. */
export const NOTHING: ClosedItem = { text: '', item: undefined }

/** The event that opens an item. */
export function itemAdded(sink: ItemSink, index: number, item: object): string {
  return sink.frames.write(
    'response.output_item.added',
    `"output_index":${index},"item":${JSON.stringify(item)}`,
  )
}

/** The event that closes an item, with the item's JSON beside it. */
export function itemDone(sink: ItemSink, index: number, before: string, item: object): ClosedItem {
  const json = JSON.stringify(item)
  const done = sink.frames.write(
    'response.output_item.done',
    `"output_index":${index},"item":${json}`,
  )
  return { text: before + done, item: json }
}
