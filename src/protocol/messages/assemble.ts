import { ProxyError } from '../../kit/error.ts'
import type { Note, Noted } from '../protocol.ts'
import { objectIn } from '../value.ts'
import { errorOfEvent } from './error.ts'
import { truncated } from './events.ts'
import type { Block, BlockDelta, Message, StreamEvent } from './schema.ts'
import { mergeUsage } from './usage.ts'

/** Folds hub events into the message that they tell; an error event, or an end too early, throws. */
export function assemble(events: Iterable<StreamEvent>): Noted<Message> {
  const assembler = new Assembler()
  for (const event of events) assembler.push(event)
  return assembler.end()
}

/** The fold of a stream, event by event, for an upstream that streams to a client that does not. */
export class Assembler {
  #message: Message | undefined
  #block: Block | undefined
  #json = ''
  #whole = false
  readonly #notes: Note[] = []

  push(event: StreamEvent): void {
    switch (event.type) {
      case 'message_start':
        this.#message = { ...event.message, content: [] }
        break
      case 'content_block_start':
        this.#block = { ...event.content_block }
        this.#json = ''
        break
      case 'content_block_delta':
        if (this.#block !== undefined) this.#extend(this.#block, event.delta)
        break
      case 'content_block_stop':
        this.#close()
        break
      case 'message_delta':
        this.#finish(event)
        break
      case 'message_stop':
        this.#whole = true
        break
      case 'ping':
        break
      case 'error':
        throw errorOfEvent(event)
    }
  }

  end(): Noted<Message> {
    if (this.#message === undefined || !this.#whole) throw truncated()
    return { value: this.#message, notes: this.#notes }
  }

  #extend(block: Block, delta: BlockDelta): void {
    switch (delta.type) {
      case 'text_delta':
        block.text = (block.text ?? '') + delta.text
        break
      case 'thinking_delta':
        block.thinking = (block.thinking ?? '') + delta.thinking
        break
      case 'signature_delta':
        block.signature = delta.signature
        break
      case 'input_json_delta':
        this.#json += delta.partial_json
        break
      case 'citations_delta':
        block.citations = [
          ...(Array.isArray(block.citations) ? block.citations : []),
          delta.citation,
        ]
        break
    }
  }

  #close(): void {
    const block = this.#block
    if (block === undefined || this.#message === undefined) return
    if (this.#json !== '') block.input = this.#input(block)
    this.#message.content.push(block)
    this.#block = undefined
  }

  #input(block: Block): Record<string, unknown> {
    const input = objectIn(this.#json)
    if (input !== undefined) return input
    this.#notes.push(`tool_use "${block.name}": its arguments are not a JSON object, sent as {}`)
    return {}
  }

  #finish(event: Extract<StreamEvent, { type: 'message_delta' }>): void {
    const message = this.#message
    if (message === undefined) throw new ProxyError('upstream_protocol', 'Stream has no start')
    Object.assign(message, event.delta)
    message.usage = mergeUsage(message.usage, event.usage)
  }
}

/** Tells a message as the hub events that a stream of it would have had. */
export function disassemble(message: Message): StreamEvent[] {
  const { stop_reason, stop_sequence, stop_details, ...rest } = message
  const start: Message = { ...rest, content: [], stop_reason: null, stop_sequence: null }
  const events: StreamEvent[] = [{ type: 'message_start', message: start }]
  message.content.forEach((block, index) => {
    const { opening, deltas } = opened(block)
    events.push({ type: 'content_block_start', index, content_block: opening })
    for (const delta of deltas) events.push({ type: 'content_block_delta', index, delta })
    events.push({ type: 'content_block_stop', index })
  })
  const delta = {
    stop_reason,
    stop_sequence: stop_sequence ?? null,
    ...(stop_details === undefined ? {} : { stop_details }),
  }
  events.push({ type: 'message_delta', delta, usage: message.usage }, { type: 'message_stop' })
  return events
}

/** A block as its start and its deltas; a kind without deltas arrives whole in its start. */
function opened(block: Block): { opening: Block; deltas: BlockDelta[] } {
  switch (block.type) {
    case 'text': {
      const citations = Array.isArray(block.citations) ? block.citations : []
      const deltas: BlockDelta[] = citations.map((citation) => ({
        type: 'citations_delta',
        citation,
      }))
      deltas.push({ type: 'text_delta', text: block.text ?? '' })
      return { opening: { type: 'text', text: '' }, deltas }
    }
    case 'thinking': {
      const deltas: BlockDelta[] = []
      const { thinking, signature } = block
      if (thinking) deltas.push({ type: 'thinking_delta', thinking })
      if (signature) deltas.push({ type: 'signature_delta', signature })
      return { opening: { type: 'thinking', thinking: '', signature: '' }, deltas }
    }
    case 'tool_use':
    case 'server_tool_use': {
      const partial_json = JSON.stringify(block.input ?? {})
      const opening: Block = { ...block, input: {} }
      return {
        opening,
        deltas: partial_json === '{}' ? [] : [{ type: 'input_json_delta', partial_json }],
      }
    }
    default:
      return { opening: block, deltas: [] }
  }
}
