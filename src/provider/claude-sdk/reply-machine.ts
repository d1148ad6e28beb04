import { isRecord } from '../../kit/json.ts'
import type {
  Block,
  MessageDelta,
  MessageUsage,
  StreamEvent,
} from '../../protocol/messages/schema.ts'
import { mergeUsage } from '../../protocol/messages/usage.ts'
import { objectIn, recordsIn, textOf } from '../../protocol/value.ts'
import { asBlock, isDelta, textDelta } from './sdk-blocks.ts'
import { callTrace, resultTrace, type TracedCall, type TraceForm, wholeBlock } from './traces.ts'
import { addUsage } from './turn-usage.ts'

/** How one request's part of a conversation ended. */
export type TurnEnd =
  | { readonly how: 'result'; readonly result: Record<string, unknown> }
  | { readonly how: 'calls'; readonly ids: readonly string[] }
  /** Claude Code would go on by itself where the API ends. */
  | { readonly how: 'cut' }
  /** The upstream broke off, and Claude Code would have the model say some of it again. */
  | { readonly how: 'broken' }

/** What one message of the Agent SDK becomes. */
export interface Told {
  /** What the model says. */
  readonly events: StreamEvent[]
  /** What follows that is not the model's words, so that no limit of theirs holds for it. */
  readonly after?: StreamEvent[]
  readonly end?: TurnEnd
}

/** What the machine needs to know of the request. */
export interface ReplyOptions {
  /** The caller's name of a tool as Claude Code calls it; undefined for its own tools. */
  readonly callerName: (name: string) => string | undefined
  readonly traces: TraceForm
  /** Names of own tools whose results are still to come, by call: they may outlast one answer. */
  readonly ownCalls: Map<string, string>
}

/** A block that is under way: passed on under another number, or gathered to be told of as a whole. */
type OpenBlock =
  | { readonly kind: 'passed'; readonly index: number }
  | { readonly kind: 'traced'; readonly call: TracedCall; json: string }

/**
 * The Agent SDK's messages → one Messages stream: the turns that Claude Code takes with its own tools become one
 * answer, blocks are numbered through, usage is added up. Pure and synchronous; what comes from subagents is left out.
 */
export class ReplyMachine {
  readonly #options: ReplyOptions
  readonly #open = new Map<number, OpenBlock>()
  /** Traces that came while a block was under way. */
  #held: Block[] = []
  #phase: 'before start' | 'open' | 'closed' = 'before start'
  #next = 0
  /** The first block of the upstream answer under way, and whether an answer broke off after some of it was told. */
  #first = 0
  #spoiled = false
  #calls: string[] = []
  #delta: MessageDelta = { stop_reason: 'end_turn', stop_sequence: null }
  #earlier: MessageUsage = {}
  #current: MessageUsage = {}
  /** Whether the last text that was told ends in mid-line, and whether another upstream answer follows it. */
  #ragged = false
  #seam = false

  constructor(options: ReplyOptions) {
    this.#options = options
  }

  /** Whether anything was told yet. */
  get started(): boolean {
    return this.#phase !== 'before start'
  }

  push(message: Record<string, unknown>): Told {
    if (this.#phase === 'closed' || textOf(message.parent_tool_use_id) !== undefined) return nothing
    switch (message.type) {
      case 'stream_event':
        return isRecord(message.event) ? this.#event(message.event, message) : nothing
      case 'user':
        return { events: [], after: this.#results(message.message) }
      case 'result':
        return { events: [], end: { how: 'result', result: message } }
      default:
        return nothing
    }
  }

  /** The last events of an answer that ends here, for a reason of the upstream's or another one. */
  finish(
    cut?: { readonly reason: string; readonly sequence?: string },
    cost?: number,
  ): StreamEvent[] {
    if (this.#phase !== 'open') return []
    const left = [...this.#closeAll(), ...this.#release()]
    this.#phase = 'closed'
    const usage = addUsage(this.#earlier, this.#current)
    const told: MessageUsage = cost === undefined ? usage : { ...usage, cost_usd: cost }
    const delta =
      cut === undefined
        ? this.#lastDelta()
        : { stop_reason: cut.reason, stop_sequence: cut.sequence ?? null }
    return [...left, { type: 'message_delta', delta, usage: told }, { type: 'message_stop' }]
  }

  #closeAll(): StreamEvent[] {
    const open = [...this.#open.values()]
    this.#open.clear()
    return open.flatMap((block): StreamEvent[] =>
      block.kind === 'passed' ? [{ type: 'content_block_stop', index: block.index }] : [],
    )
  }

  #event(event: Record<string, unknown>, { abandoned_blocks }: Record<string, unknown>): Told {
    const index = typeof event.index === 'number' ? event.index : -1
    switch (event.type) {
      case 'message_start':
        return this.#start(event.message)
      case 'content_block_start':
        return isRecord(event.content_block) ? this.#begin(index, event.content_block) : nothing
      case 'content_block_delta':
        return { events: isRecord(event.delta) ? this.#extend(index, event.delta) : [] }
      case 'content_block_stop':
        return this.#close(index)
      case 'message_delta':
        this.#learnEnd(event)
        return nothing
      case 'message_stop':
        return isRecord(abandoned_blocks) ? this.#abandoned(abandoned_blocks) : this.#stopped()
      default:
        return nothing
    }
  }

  #start(message: unknown): Told {
    if (!isRecord(message)) return nothing
    if (this.#spoiled) return { events: [], end: { how: 'broken' } }
    const usage = isRecord(message.usage) ? message.usage : {}
    this.#earlier = addUsage(this.#earlier, this.#current)
    this.#current = usage
    this.#calls = []
    this.#seam = this.#ragged
    const left = this.#closeAll()
    this.#first = this.#next
    if (this.#phase !== 'before start') return { events: left, after: this.#release() }
    this.#phase = 'open'
    const start = {
      ...message,
      id: textOf(message.id) ?? 'msg_sdk',
      type: 'message' as const,
      role: 'assistant' as const,
      model: textOf(message.model) ?? '',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
    }
    return { events: [{ type: 'message_start', message: start }], after: this.#release() }
  }

  #begin(index: number, block: Record<string, unknown>): Told {
    const own = asBlock(block)
    if (own.type !== 'tool_use') return this.#pass(index, own)
    const { id = '', name = '' } = own
    const callerName = this.#options.callerName(name)
    if (callerName === undefined) {
      this.#options.ownCalls.set(id, name)
      this.#open.set(index, { kind: 'traced', call: { id, name, input: {} }, json: '' })
      return nothing
    }
    this.#calls.push(id)
    return this.#pass(index, { ...own, name: callerName })
  }

  #pass(index: number, block: Block): Told {
    const passed = this.#next++
    this.#open.set(index, { kind: 'passed', index: passed })
    const events: StreamEvent[] = [
      { type: 'content_block_start', index: passed, content_block: block },
    ]
    if (block.type !== 'text' || !this.#seam) return { events }
    this.#seam = false
    // Who reads all text as one would see the end of one turn and the beginning of the next as one word.
    return this.#options.traces === 'blocks'
      ? { events }
      : { events, after: [textDelta(passed, SEAM)] }
  }

  #extend(index: number, delta: Record<string, unknown>): StreamEvent[] {
    const block = this.#open.get(index)
    if (block === undefined) return []
    if (block.kind === 'traced') {
      block.json += textOf(delta.partial_json) ?? ''
      return []
    }
    if (!isDelta(delta)) return []
    if (delta.type === 'text_delta' && delta.text !== '') this.#ragged = /\S$/.test(delta.text)
    return [{ type: 'content_block_delta', index: block.index, delta }]
  }

  #close(index: number): Told {
    const block = this.#open.get(index)
    if (block === undefined) return nothing
    this.#open.delete(index)
    if (block.kind === 'passed') {
      const stop: StreamEvent = { type: 'content_block_stop', index: block.index }
      return { events: [stop], after: this.#release() }
    }
    const call = { ...block.call, input: objectIn(block.json) ?? {} }
    const trace = callTrace(this.#options.traces, call)
    // Its result may wait already: a call that needs no doing is answered before it has been said to the end.
    if (trace !== undefined) this.#held.unshift(trace)
    return { events: [], after: this.#release() }
  }

  #trace(block: Block | undefined): StreamEvent[] {
    if (block !== undefined) this.#held.push(block)
    return this.#release()
  }

  /** Tells the traces that wait, unless a block is under way: tools run while the model still speaks. */
  #release(): StreamEvent[] {
    if (this.#phase !== 'open' || this.#open.size > 0 || this.#held.length === 0) return []
    const held = this.#held
    this.#held = []
    this.#ragged = false
    this.#seam = false
    return held.flatMap((block) => wholeBlock(this.#next++, block))
  }

  /** Claude Code says by user messages what its own tools gave. */
  #results(message: unknown): StreamEvent[] {
    if (!isRecord(message)) return []
    const { ownCalls, traces } = this.#options
    return recordsIn(message.content).flatMap((block) => {
      const result = asBlock(block)
      const id = result.tool_use_id ?? ''
      const name = ownCalls.get(id)
      if (result.type !== 'tool_result' || name === undefined) return []
      ownCalls.delete(id)
      return this.#trace(resultTrace(traces, name, result))
    })
  }

  #learnEnd({ delta, usage }: Record<string, unknown>): void {
    if (isRecord(usage)) this.#current = mergeUsage(this.#current, usage)
    if (!isRecord(delta)) return
    const reason = textOf(delta.stop_reason)
    if (reason === undefined) return
    this.#delta = {
      ...delta,
      stop_reason: reason,
      stop_sequence: textOf(delta.stop_sequence) ?? null,
    }
  }

  /** Calls of Claude Code's own tools are no reason to stop for the caller. */
  #lastDelta(): MessageDelta {
    const delta = this.#delta
    if (delta.stop_reason !== 'tool_use' || this.#calls.length > 0) return delta
    return { ...delta, stop_reason: 'end_turn' }
  }

  /** The calls of the caller's tools are all known now: they end the answer. */
  #stopped(): Told {
    const isCut = FINAL.has(this.#delta.stop_reason ?? '')
    if (!isCut && this.#calls.length === 0) return nothing
    const ids = this.#calls
    if (isCut) return { events: [], after: this.finish(), end: { how: 'cut' } }
    const after = this.finish({ reason: 'tool_use' })
    return { events: [], after, end: { how: 'calls', ids } }
  }

  /**
   * The upstream broke off. After a finished block Claude Code has the model go on, which says some of it again;
   * else the result tells why, or it is tried anew: a loss only where some of it was told.
   */
  #abandoned({ from_block_index: from }: Record<string, unknown>): Told {
    this.#spoiled = this.#next > this.#first
    return from === 0 ? nothing : { events: [], end: { how: 'broken' } }
  }
}

/** Reasons after which Claude Code asks the model to go on, up to three times. */
const FINAL: ReadonlySet<string> = new Set([
  'max_tokens',
  'refusal',
  'model_context_window_exceeded',
])

/** What parts the text of two turns for who reads it as one. */
const SEAM = '\n\n'

const nothing: Told = { events: [] }
