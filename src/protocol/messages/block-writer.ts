import { isRecord } from '../../kit/json.ts'
import { textOf } from '../value.ts'
import type { BlockDelta, StreamEvent } from './schema.ts'
import { makeSignature } from './signature.ts'

/** The one block that may be open; opening another closes it. */
type OpenBlock =
  | { readonly kind: 'none' }
  | { readonly kind: 'text' }
  | { readonly kind: 'tool' }
  | { readonly kind: 'thinking'; signature: string | undefined; details: Record<string, unknown>[] }

const NONE: OpenBlock = { kind: 'none' }

/** Writes content blocks as hub events: contiguous indices, never two open, each delta in a block of its kind. */
export class BlockWriter {
  #open: OpenBlock = NONE
  #index = -1
  #events: StreamEvent[] = []

  /** The events written since the last call. */
  take(): StreamEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Adds an event that belongs to no block. */
  add(event: StreamEvent): void {
    this.#events.push(event)
  }

  get open(): OpenBlock['kind'] {
    return this.#open.kind
  }

  text(text: string): void {
    if (this.#open.kind !== 'text') {
      this.#start({ kind: 'text' }, { type: 'text', text: '' })
    }
    this.#delta({ type: 'text_delta', text })
  }

  thinking(thinking: string): void {
    // What is signed is over: more would break its signature.
    if (this.#open.kind !== 'thinking' || (this.#open.signature !== undefined && thinking !== '')) {
      const open: OpenBlock = { kind: 'thinking', signature: undefined, details: [] }
      this.#start(open, { type: 'thinking', thinking: '', signature: '' })
    }
    if (thinking !== '') this.#delta({ type: 'thinking_delta', thinking })
  }

  /** The upstream's own signature for the open thinking block. */
  sign(signature: string): void {
    if (this.#open.kind === 'thinking') this.#open.signature = signature
  }

  /** What the upstream wants back with this thinking, kept in a signature of ours. */
  keepDetails(details: readonly Record<string, unknown>[]): void {
    if (this.#open.kind === 'thinking') for (const part of details) merge(this.#open.details, part)
  }

  /** A source of the open text block. */
  cite(citation: Record<string, unknown>): void {
    if (this.#open.kind === 'text') this.#delta({ type: 'citations_delta', citation })
  }

  tool(id: string, name: string): void {
    this.#start({ kind: 'tool' }, { type: 'tool_use', id, name, input: {} })
  }

  json(partial_json: string): void {
    if (this.#open.kind === 'tool') this.#delta({ type: 'input_json_delta', partial_json })
  }

  close(): void {
    const open = this.#open
    if (open.kind === 'none') return
    if (open.kind === 'thinking') {
      const own = open.details.length === 0 ? {} : { details: open.details }
      const signature = open.signature ?? makeSignature({ origin: 'chat', ...own })
      this.#delta({ type: 'signature_delta', signature })
    }
    this.#events.push({ type: 'content_block_stop', index: this.#index })
    this.#open = NONE
  }

  #start(
    open: OpenBlock,
    content_block: Extract<StreamEvent, { type: 'content_block_start' }>['content_block'],
  ): void {
    this.close()
    this.#index += 1
    this.#open = open
    this.#events.push({ type: 'content_block_start', index: this.#index, content_block })
  }

  #delta(delta: BlockDelta): void {
    this.#events.push({ type: 'content_block_delta', index: this.#index, delta })
  }
}

const GROWING = ['text', 'summary', 'data'] as const

/** OpenRouter streams one detail in pieces: those of the same type, index and (where they have one) id belong together. */
function merge(details: Record<string, unknown>[], part: Record<string, unknown>): void {
  const last = details.at(-1)
  const other =
    last?.id !== part.id && textOf(last?.id) !== undefined && textOf(part.id) !== undefined
  if (!isRecord(last) || last.type !== part.type || last.index !== part.index || other) {
    details.push({ ...part })
    return
  }
  for (const [key, value] of Object.entries(part)) {
    if (value === null || value === undefined) continue
    const before = last[key]
    const grows = GROWING.some((name) => name === key)
    last[key] = grows && typeof before === 'string' ? `${before}${value}` : value
  }
}
