import type { Piece, Script } from '../script.ts'
import { type ItemOptions, itemId, itemOf, messageItem, summaryPart, textPart } from './items.ts'

type Json = Record<string, unknown>
type EventWriter = (type: string, fields: Json) => string

/** Writes the events of one output item after the other. @see wire.md 2.6 */
export class PieceEvents {
  constructor(
    readonly event: EventWriter,
    readonly options: ItemOptions,
  ) {}

  /** Announces an item, and its part where it has one. */
  open(piece: Piece, index: number): string {
    const item = itemOf(piece, index, false, this.options)
    const added = this.event('response.output_item.added', { output_index: index, item })
    if (piece.kind === 'text') {
      const part = { ...this.#content(piece, index), part: textPart('') }
      return added + this.event('response.content_part.added', part)
    }
    if (piece.kind !== 'thinking' || piece.text === '') return added
    const part = { ...this.#summary(piece, index), part: summaryPart('') }
    return added + this.event('response.reasoning_summary_part.added', part)
  }

  /** One more part of an item's text, summary or arguments. */
  delta(piece: Piece, index: number, delta: string): string {
    switch (piece.kind) {
      case 'text': {
        const fields = { ...this.#content(piece, index), delta, logprobs: [] }
        return this.event('response.output_text.delta', fields)
      }
      case 'thinking':
        return this.event('response.reasoning_summary_text.delta', {
          ...this.#summary(piece, index),
          delta,
        })
      case 'tool':
        return this.event(`response.${inputName(piece)}.delta`, {
          ...this.#place(piece, index),
          delta,
        })
      case 'redacted':
        return ''
    }
  }

  /** Ends an item: its text, its part, then the item itself. */
  close(piece: Piece, index: number): string {
    const item = itemOf(piece, index, true, this.options)
    const done = () => this.event('response.output_item.done', { output_index: index, item })
    return this.#closeText(piece, index) + done()
  }

  /** The message that refuses, after all other items. */
  refusal(script: Script): string {
    if (script.stop.reason !== 'refusal') return ''
    const index = script.pieces.length
    const id = this.options.stem + index
    const { explanation: refusal } = script.stop
    const whole = messageItem(id, [{ type: 'refusal', refusal }], 'completed')
    const place = { item_id: whole.id, output_index: index, content_index: 0 }
    const item = messageItem(id, [], 'in_progress')
    return [
      this.event('response.output_item.added', { output_index: index, item }),
      this.event('response.content_part.added', {
        ...place,
        part: { type: 'refusal', refusal: '' },
      }),
      this.event('response.refusal.delta', { ...place, delta: refusal }),
      this.event('response.refusal.done', { ...place, refusal }),
      this.event('response.content_part.done', { ...place, part: { type: 'refusal', refusal } }),
      this.event('response.output_item.done', { output_index: index, item: whole }),
    ].join('')
  }

  #closeText(piece: Piece, index: number): string {
    if (piece.kind === 'text') {
      const { text } = piece
      const place = this.#content(piece, index)
      return (
        this.event('response.output_text.done', { ...place, text, logprobs: [] }) +
        this.event('response.content_part.done', { ...place, part: textPart(text) })
      )
    }
    if (piece.kind === 'thinking' && piece.text !== '') {
      const { text } = piece
      const place = this.#summary(piece, index)
      return (
        this.event('response.reasoning_summary_text.done', { ...place, text }) +
        this.event('response.reasoning_summary_part.done', { ...place, part: summaryPart(text) })
      )
    }
    if (piece.kind !== 'tool') return ''
    const place = this.#place(piece, index)
    const whole = piece.custom
      ? { input: piece.inputText }
      : { name: piece.name, arguments: piece.inputText }
    return this.event(`response.${inputName(piece)}.done`, { ...place, ...whole })
  }

  #place(piece: Piece, index: number): Json {
    return { item_id: itemId(piece, index, this.options.stem), output_index: index }
  }

  #content(piece: Piece, index: number): Json {
    return { ...this.#place(piece, index), content_index: 0 }
  }

  #summary(piece: Piece, index: number): Json {
    return { ...this.#place(piece, index), summary_index: 0 }
  }
}

function inputName(piece: Extract<Piece, { kind: 'tool' }>): string {
  return piece.custom ? 'custom_tool_call_input' : 'function_call_arguments'
}
