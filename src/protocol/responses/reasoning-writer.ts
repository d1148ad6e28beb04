import type { Block, BlockDelta } from '../messages/schema.ts'
import { readSignature } from '../messages/signature.ts'
import { textOf } from '../value.ts'
import { sealRedacted, sealThinking } from './envelope.ts'
import {
  type ClosedItem,
  type ItemSink,
  type ItemWriter,
  itemAdded,
  itemDone,
  NOTHING,
} from './item-writer.ts'

interface Opened {
  readonly id: string
  readonly index: number
  readonly where: string
}

/** Writes a thinking block as a reasoning item whose encrypted_content gives the block back exactly. */
class ReasoningWriter implements ItemWriter {
  readonly kind = 'reasoning'
  readonly #sink: ItemSink
  #opened: Opened | undefined
  #thinking = ''
  #signature = ''

  constructor(sink: ItemSink, block: Block) {
    this.#sink = sink
    this.#signature = block.signature ?? ''
  }

  delta(delta: BlockDelta): string {
    if (delta.type === 'signature_delta') this.#signature = delta.signature
    return delta.type === 'thinking_delta' ? this.#think(delta.thinking) : ''
  }

  blockStop(): string {
    return ''
  }

  close(cut: boolean): ClosedItem {
    const thinking = this.#thinking
    if (this.#opened === undefined && this.#signature === '') return NOTHING
    const before = this.#opened === undefined ? this.#open() : this.#closePart()
    const opened = this.#opened
    if (opened === undefined) return NOTHING
    return itemDone(this.#sink, opened.index, before, {
      id: opened.id,
      type: 'reasoning',
      summary: thinking === '' ? [] : [{ type: 'summary_text', text: thinking }],
      ...this.#encrypted(),
      ...(cut ? { status: 'incomplete' } : {}),
    })
  }

  /** What gives the block back; a Responses upstream's own goes back to it as it is. */
  #encrypted(): { readonly encrypted_content?: string } {
    const own = readSignature(this.#signature)
    if (own?.origin === 'responses') {
      const encrypted_content = textOf(own.encrypted_content)
      return encrypted_content === undefined ? {} : { encrypted_content }
    }
    const signature = this.#signature === '' ? undefined : this.#signature
    return { encrypted_content: sealThinking(this.#thinking, signature) }
  }

  #think(text: string): string {
    if (text === '') return ''
    let before = ''
    if (this.#opened === undefined) before = this.#open() + this.#openPart()
    this.#thinking += text
    const where = `${this.#opened?.where},"delta":${JSON.stringify(text)}`
    return before + this.#sink.frames.write('response.reasoning_summary_text.delta', where)
  }

  #open(): string {
    const id = `rs_${this.#sink.world.id()}`
    const index = this.#sink.nextIndex()
    this.#opened = {
      id,
      index,
      where: `"item_id":"${id}","output_index":${index},"summary_index":0`,
    }
    return itemAdded(this.#sink, index, { id, type: 'reasoning', summary: [] })
  }

  #openPart(): string {
    const part = '"part":{"type":"summary_text","text":""}'
    const fields = `${this.#opened?.where},${part}`
    return this.#sink.frames.write('response.reasoning_summary_part.added', fields)
  }

  #closePart(): string {
    const { frames } = this.#sink
    const where = this.#opened?.where
    const text = JSON.stringify(this.#thinking)
    return (
      frames.write('response.reasoning_summary_text.done', `${where},"text":${text}`) +
      frames.write(
        'response.reasoning_summary_part.done',
        `${where},"part":{"type":"summary_text","text":${text}}`,
      )
    )
  }
}

/** Opens a thinking block, with what it begins with: nothing, from Anthropic itself. */
export function openReasoning(
  sink: ItemSink,
  block: Block,
): { readonly writer: ItemWriter; readonly text: string } {
  const writer = new ReasoningWriter(sink, block)
  return { writer, text: writer.delta({ type: 'thinking_delta', thinking: block.thinking ?? '' }) }
}

/** A redacted thinking block as a whole reasoning item; nothing where it holds nothing. */
export function redactedItem(sink: ItemSink, block: Block): ClosedItem {
  if (!block.data) return NOTHING
  const id = `rs_${sink.world.id()}`
  const index = sink.nextIndex()
  const added = itemAdded(sink, index, { id, type: 'reasoning', summary: [] })
  const encrypted_content = sealRedacted(block.data)
  return itemDone(sink, index, added, { id, type: 'reasoning', summary: [], encrypted_content })
}
