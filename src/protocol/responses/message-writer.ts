import { isRecord } from '../../kit/json.ts'
import type { BlockDelta } from '../messages/schema.ts'
import { textOf } from '../value.ts'
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
  /** The fields that name the part in each event. */
  readonly where: string
}

/**
 * Writes a message of one text part. Neighbouring text blocks belong to one message: Claude cuts cited text into
 * many. It opens with its first text, so that an empty block leaves no item.
 */
export class MessageWriter implements ItemWriter {
  readonly kind = 'message'
  readonly #sink: ItemSink
  readonly #annotations: Record<string, unknown>[] = []
  #opened: Opened | undefined
  #text = ''
  #blockStart = 0
  #citations: unknown[] = []

  constructor(sink: ItemSink) {
    this.#sink = sink
  }

  delta(delta: BlockDelta): string {
    if (delta.type === 'citations_delta') this.#citations.push(delta.citation)
    return delta.type === 'text_delta' ? this.text(delta.text) : ''
  }

  /** Adds text to the message. */
  text(text: string): string {
    if (text === '') return ''
    const before = this.#opened === undefined ? this.#open() : ''
    this.#text += text
    const where = this.#opened?.where ?? ''
    return (
      before +
      this.#sink.frames.write(
        'response.output_text.delta',
        `${where},"delta":${JSON.stringify(text)},"logprobs":[]`,
      )
    )
  }

  blockStop(): string {
    let text = ''
    for (const citation of this.#citations) text += this.#annotate(citation)
    this.#citations = []
    this.#blockStart = this.#text.length
    return text
  }

  close(cut: boolean): ClosedItem {
    const opened = this.#opened
    if (opened === undefined) return NOTHING
    const { frames } = this.#sink
    const text = this.#text
    const part = { type: 'output_text', annotations: this.#annotations, logprobs: [], text }
    const before =
      frames.write(
        'response.output_text.done',
        `${opened.where},"text":${JSON.stringify(text)},"logprobs":[]`,
      ) +
      frames.write('response.content_part.done', `${opened.where},"part":${JSON.stringify(part)}`)
    return itemDone(this.#sink, opened.index, before, {
      id: opened.id,
      type: 'message',
      status: cut ? 'incomplete' : 'completed',
      role: 'assistant',
      content: [part],
    })
  }

  #open(): string {
    const id = `msg_${this.#sink.world.id()}`
    const index = this.#sink.nextIndex()
    const where = `"item_id":"${id}","output_index":${index},"content_index":0`
    this.#opened = { id, index, where }
    const item = { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
    const part = '{"type":"output_text","annotations":[],"logprobs":[],"text":""}'
    return (
      itemAdded(this.#sink, index, item) +
      this.#sink.frames.write('response.content_part.added', `${where},"part":${part}`)
    )
  }

  /** A web citation covers the text of its block; document citations have no counterpart without a file id. */
  #annotate(citation: unknown): string {
    const url = isRecord(citation) ? textOf(citation.url) : undefined
    if (this.#opened === undefined || !isRecord(citation) || url === undefined) return ''
    const annotation = {
      type: 'url_citation',
      start_index: this.#blockStart,
      end_index: this.#text.length,
      url,
      title: textOf(citation.title) ?? '',
    }
    const index = this.#annotations.push(annotation) - 1
    return this.#sink.frames.write(
      'response.output_text.annotation.added',
      `${this.#opened.where},"annotation_index":${index},"annotation":${JSON.stringify(annotation)}`,
    )
  }
}

/** A message that says only why the model refused. */
export function refusalMessage(sink: ItemSink, refusal: string): ClosedItem {
  const id = `msg_${sink.world.id()}`
  const index = sink.nextIndex()
  const where = `"item_id":"${id}","output_index":${index},"content_index":0`
  const part = { type: 'refusal', refusal }
  const said = JSON.stringify(refusal)
  const item = { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
  const before =
    itemAdded(sink, index, item) +
    sink.frames.write(
      'response.content_part.added',
      `${where},"part":{"type":"refusal","refusal":""}`,
    ) +
    sink.frames.write('response.refusal.delta', `${where},"delta":${said}`) +
    sink.frames.write('response.refusal.done', `${where},"refusal":${said}`) +
    sink.frames.write('response.content_part.done', `${where},"part":${JSON.stringify(part)}`)
  return itemDone(sink, index, before, { ...item, status: 'completed', content: [part] })
}
