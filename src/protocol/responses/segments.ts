import { makeSignature } from '../messages/signature.ts'
import { objectIn } from '../value.ts'
import { HubBlocks } from './hub-blocks.ts'
import { reasoningSignature } from './reasoning-signature.ts'

/** A stretch of the answer that becomes one block (a search two), gathered until it is its turn. */
export type Segment =
  | {
      readonly kind: 'text'
      pending: string
      complete: boolean
      /** Sources that are not written yet. */
      citations: Record<string, unknown>[]
    }
  | { readonly kind: 'thinking'; pending: string; complete: boolean; encrypted: string | undefined }
  | {
      readonly kind: 'call'
      readonly id: string
      readonly name: string
      pending: string
      complete: boolean
    }
  | {
      readonly kind: 'search'
      readonly id: string
      readonly query: string
      readonly content: unknown
      readonly complete: true
    }

/**
 * Puts segments that may grow at the same time one behind the other: the first is written as it grows, the others
 * wait, so that never two blocks are open. What the first one leaves open is known by `#started` alone.
 */
export class SegmentQueue {
  readonly blocks = new HubBlocks()
  readonly #upstream: string
  #queue: Segment[] = []
  #started = false

  /** `upstream` names who can read the encrypted reasoning again. */
  constructor(upstream: string) {
    this.#upstream = upstream
  }

  /** Puts a segment at the end. Words before it are over; reasoning is, too, unless more reasoning follows. */
  enqueue(segment: Segment): void {
    const last = this.#queue.at(-1)
    if (last?.kind === 'text') last.complete = true
    if (last?.kind === 'thinking' && segment.kind !== 'thinking') last.complete = true
    this.#queue.push(segment)
    this.advance()
  }

  /** Writes what its place in the order allows. */
  advance(): void {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      this.#write(head)
      if (!head.complete) return
      this.#close(head)
      this.#queue.shift()
      this.#started = false
    }
  }

  /** Nothing grows any more. */
  finish(): void {
    for (const segment of this.#queue) if (segment.kind !== 'search') segment.complete = true
    this.advance()
  }

  #write(segment: Segment): void {
    if (segment.kind === 'search') return
    if (!this.#started) this.#start(segment)
    const { pending } = segment
    segment.pending = ''
    if (segment.kind === 'text') {
      if (pending !== '') this.blocks.text(pending)
      for (const citation of segment.citations.splice(0)) this.blocks.cite(citation)
    } else if (pending === '') return
    else if (segment.kind === 'thinking') this.blocks.thinking(pending)
    else this.blocks.json(pending)
  }

  #start(segment: Exclude<Segment, { kind: 'search' }>): void {
    this.#started = true
    if (segment.kind === 'call') this.blocks.tool(segment.id, segment.name)
    if (segment.kind === 'thinking') this.blocks.thinking('')
  }

  #close(segment: Segment): void {
    if (segment.kind === 'thinking') {
      const { encrypted } = segment
      this.blocks.sign(
        encrypted === undefined
          ? makeSignature({ origin: 'responses' })
          : reasoningSignature(encrypted, this.#upstream),
      )
    }
    if (segment.kind === 'search') {
      this.blocks.serverTool(segment.id, 'web_search', { query: segment.query })
      this.blocks.whole({
        type: 'web_search_tool_result',
        tool_use_id: segment.id,
        content: segment.content,
      })
    }
    this.blocks.close()
  }
}

/** Whether a call's arguments are nothing or a JSON object. */
export function isSound(args: string): boolean {
  return args.trim() === '' || objectIn(args) !== undefined
}
