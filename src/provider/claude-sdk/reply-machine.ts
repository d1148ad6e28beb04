import { isRecord } from '../../kit/json.ts'
import type {
  Block,
  BlockDelta,
  MessageUsage,
  StreamEvent,
} from '../../protocol/messages/schema.ts'
import { objectIn, recordsIn, textOf } from '../../protocol/value.ts'
import { callTrace, resultTrace, type TracedCall, type TraceForm, wholeBlock } from './traces.ts'
import { addUsage } from './turn-usage.ts'

/** How one request's part of a conversation ended. */
export type TurnEnd =
  | { readonly how: 'result'; readonly result: Record<string, unknown> }
  | { readonly how: 'calls'; readonly ids: readonly string[] }
  /** Claude Code would go on by itself where the API ends. */
  | { readonly how: 'cut' }

/** What one message of the Agent SDK becomes. */
export interface Told {
  readonly events: StreamEvent[]
  readonly end?: TurnEnd
}

/** What the machine needs to know of the request. */
export interface ReplyOptions {
  /** The caller's name of a tool as Claude Code calls it; undefined for its own tools. */
  readonly callerName: (name: string) => string | undefined
  readonly traces: TraceForm
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
  readonly #names = new Map<string, string>()
  #phase: 'before start' | 'open' | 'closed' = 'before start'
  #next = 0
  #calls: string[] = []
  #stop: { reason: string; sequence: string | null } = { reason: 'end_turn', sequence: null }
  #earlier: MessageUsage = {}
  #current: MessageUsage = {}

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
        return isRecord(message.event) ? this.#event(message.event) : nothing
      case 'user':
        return { events: this.#results(message.message) }
      case 'result':
        return { events: [], end: { how: 'result', result: message } }
      default:
        return nothing
    }
  }

  /** The last events of an answer that ends here. */
  finish(reason = this.#stop.reason, sequence = this.#stop.sequence, cost?: number): StreamEvent[] {
    if (this.#phase !== 'open') return []
    const left = [...this.#open.values()].flatMap((block): StreamEvent[] =>
      block.kind === 'passed' ? [{ type: 'content_block_stop', index: block.index }] : [],
    )
    this.#phase = 'closed'
    const usage = addUsage(this.#earlier, this.#current)
    const told: MessageUsage = cost === undefined ? usage : Object.assign(usage, { cost_usd: cost })
    return [
      ...left,
      {
        type: 'message_delta',
        delta: { stop_reason: reason, stop_sequence: sequence },
        usage: told,
      },
      { type: 'message_stop' },
    ]
  }

  #event(event: Record<string, unknown>): Told {
    const index = typeof event.index === 'number' ? event.index : -1
    switch (event.type) {
      case 'message_start':
        return { events: this.#start(event.message) }
      case 'content_block_start':
        return {
          events: isRecord(event.content_block) ? this.#begin(index, event.content_block) : [],
        }
      case 'content_block_delta':
        return { events: isRecord(event.delta) ? this.#extend(index, event.delta) : [] }
      case 'content_block_stop':
        return { events: this.#close(index) }
      case 'message_delta':
        this.#learnEnd(event)
        return nothing
      case 'message_stop':
        return this.#stopped()
      default:
        return nothing
    }
  }

  #start(message: unknown): StreamEvent[] {
    if (!isRecord(message)) return []
    const usage = isRecord(message.usage) ? message.usage : {}
    this.#earlier = addUsage(this.#earlier, this.#current)
    this.#current = usage
    this.#open.clear()
    if (this.#phase !== 'before start') return []
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
    return [{ type: 'message_start', message: start }]
  }

  #begin(index: number, block: Record<string, unknown>): StreamEvent[] {
    const own = asBlock(block)
    if (own.type === 'tool_use') {
      const { id = '', name = '' } = own
      const callerName = this.#options.callerName(name)
      if (callerName === undefined) {
        this.#names.set(id, name)
        this.#open.set(index, { kind: 'traced', call: { id, name, input: {} }, json: '' })
        return []
      }
      this.#calls.push(id)
      return this.#pass(index, { ...own, name: callerName })
    }
    return this.#pass(index, own)
  }

  #pass(index: number, block: Block): StreamEvent[] {
    const passed = this.#next++
    this.#open.set(index, { kind: 'passed', index: passed })
    return [{ type: 'content_block_start', index: passed, content_block: block }]
  }

  #extend(index: number, delta: Record<string, unknown>): StreamEvent[] {
    const block = this.#open.get(index)
    if (block === undefined) return []
    if (block.kind === 'traced') {
      block.json += textOf(delta.partial_json) ?? ''
      return []
    }
    return isDelta(delta) ? [{ type: 'content_block_delta', index: block.index, delta }] : []
  }

  #close(index: number): StreamEvent[] {
    const block = this.#open.get(index)
    if (block === undefined) return []
    this.#open.delete(index)
    if (block.kind === 'passed') return [{ type: 'content_block_stop', index: block.index }]
    const call = { ...block.call, input: objectIn(block.json) ?? {} }
    return this.#trace(callTrace(this.#options.traces, call))
  }

  #trace(block: Block | undefined): StreamEvent[] {
    return block === undefined || this.#phase !== 'open' ? [] : wholeBlock(this.#next++, block)
  }

  /** Claude Code says by user messages what its own tools gave. */
  #results(message: unknown): StreamEvent[] {
    if (!isRecord(message)) return []
    return recordsIn(message.content).flatMap((block) => {
      const result = asBlock(block)
      const name = this.#names.get(result.tool_use_id ?? '')
      if (result.type !== 'tool_result' || name === undefined) return []
      return this.#trace(resultTrace(this.#options.traces, name, result))
    })
  }

  #learnEnd({ delta, usage }: Record<string, unknown>): void {
    if (isRecord(usage)) this.#current = { ...this.#current, ...usage }
    const reason = isRecord(delta) ? textOf(delta.stop_reason) : undefined
    if (reason === undefined || !isRecord(delta)) return
    this.#stop = { reason, sequence: textOf(delta.stop_sequence) ?? null }
  }

  /** The calls of the caller's tools are all known now: they end the answer. */
  #stopped(): Told {
    if (this.#calls.length > 0) {
      return { events: this.finish('tool_use', null), end: { how: 'calls', ids: this.#calls } }
    }
    return FINAL.has(this.#stop.reason) ? { events: this.finish(), end: { how: 'cut' } } : nothing
  }
}

/** Reasons after which Claude Code asks the model to go on, up to three times. */
const FINAL: ReadonlySet<string> = new Set(['max_tokens', 'refusal'])

const nothing: Told = { events: [] }

function asBlock(block: Record<string, unknown>): Block {
  return { ...block, type: textOf(block.type) ?? '' }
}

const DELTAS: ReadonlySet<unknown> = new Set([
  'text_delta',
  'input_json_delta',
  'thinking_delta',
  'signature_delta',
  'citations_delta',
])

function isDelta(delta: Record<string, unknown>): delta is BlockDelta & Record<string, unknown> {
  return DELTAS.has(delta.type)
}
