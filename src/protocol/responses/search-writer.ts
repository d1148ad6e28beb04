import { isRecord } from '../../kit/json.ts'
import type { Block, BlockDelta } from '../messages/schema.ts'
import { objectIn, recordsIn, textOf } from '../value.ts'
import {
  type ClosedItem,
  type ItemSink,
  type ItemWriter,
  itemAdded,
  itemDone,
} from './item-writer.ts'

/** Writes Claude's web search, a call block and a result block, as one web_search_call. */
export class SearchWriter implements ItemWriter {
  readonly kind = 'search'
  /** The id by which the result block names this search. */
  readonly toolUseId: string
  readonly #sink: ItemSink
  readonly #id: string
  readonly #index: number
  readonly #where: string
  #json = ''
  #result: Block | undefined

  constructor(sink: ItemSink, block: Block) {
    this.#sink = sink
    this.toolUseId = block.id ?? ''
    this.#id = `ws_${sink.world.id()}`
    this.#index = sink.nextIndex()
    this.#where = `"item_id":"${this.#id}","output_index":${this.#index}`
    if (isRecord(block.input) && Object.keys(block.input).length > 0) {
      this.#json = JSON.stringify(block.input)
    }
  }

  /** The events that open it. */
  open(): string {
    const item = { id: this.#id, type: 'web_search_call', status: 'in_progress', action: NO_QUERY }
    return (
      itemAdded(this.#sink, this.#index, item) +
      this.#sink.frames.write('response.web_search_call.in_progress', this.#where)
    )
  }

  delta(delta: BlockDelta): string {
    if (delta.type === 'input_json_delta') this.#json += delta.partial_json
    return ''
  }

  blockStop(): string {
    if (this.#result !== undefined) return ''
    return this.#sink.frames.write('response.web_search_call.searching', this.#where)
  }

  /** Takes the block that holds what was found. */
  found(result: Block): void {
    this.#result = result
  }

  close(cut: boolean): ClosedItem {
    const failed = this.#result !== undefined && isRecord(this.#result.content)
    const before = this.#sink.frames.write('response.web_search_call.completed', this.#where)
    const query = textOf(objectIn(this.#json)?.query)
    const action = {
      type: 'search',
      ...(query === undefined ? {} : { query, queries: [query] }),
      sources: recordsIn(this.#result?.content).flatMap((found) => sourceOf(found)),
    }
    const unfinished = cut && this.#result === undefined
    const status = failed || unfinished ? 'failed' : 'completed'
    const item = { id: this.#id, type: 'web_search_call', status, action }
    return itemDone(this.#sink, this.#index, failed || unfinished ? '' : before, item)
  }
}

const NO_QUERY = { type: 'search' } as const

function sourceOf(found: Record<string, unknown>): { type: 'url'; url: string }[] {
  const url = textOf(found.url)
  return url === undefined ? [] : [{ type: 'url', url }]
}
