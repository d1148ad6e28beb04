import type { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { errorOfEvent } from '../messages/error.ts'
import { truncated } from '../messages/events.ts'
import type { Block, Message, MessageDelta, MessageUsage } from '../messages/schema.ts'
import { mergeUsage } from '../messages/usage.ts'
import type { StreamEvent, StreamOut, World } from '../protocol.ts'
import { textOf } from '../value.ts'
import { openCall } from './call-writer.ts'
import { checkRequest } from './check.ts'
import { isCompacting } from './compaction.ts'
import { CompactionWriter } from './compaction-writer.ts'
import { responseError } from './error.ts'
import { endingOf } from './finish-reason.ts'
import { Frames } from './frames.ts'
import type { ClosedItem, ItemSink, ItemWriter } from './item-writer.ts'
import { MessageWriter, refusalMessage } from './message-writer.ts'
import { openReasoning, redactedItem } from './reasoning-writer.ts'
import { ResponseObject, type ResponseState } from './response-object.ts'
import { SearchWriter } from './search-writer.ts'
import { type NamedTools, nameTools } from './tool-names.ts'
import { responsesUsage } from './usage.ts'

/** What a response is written from, besides the hub's events. */
export interface ResponsesStreamOutOptions {
  /** The client's request body, for the tools' own names and the parameters that a response repeats. */
  readonly request: unknown
  readonly world: World
}

/**
 * Where the writer stands. One item at most is open: inside a block, or held after its block's end, because only
 * what follows tells whether the item goes on, is complete, or was cut.
 */
type State =
  | { readonly at: 'before start' }
  | { readonly at: 'between blocks'; readonly held: ItemWriter | undefined }
  | { readonly at: 'in block'; readonly writer: ItemWriter }
  | { readonly at: 'in hidden block'; readonly held: ItemWriter | undefined }
  | { readonly at: 'closed' }

/** Hub events → a Responses stream, and the response that it ends with. */
export class ResponseWriter implements StreamOut {
  readonly #tools: NamedTools
  readonly #compacting: boolean
  readonly #object: ResponseObject
  readonly #sink: ItemSink
  readonly #frames = new Frames()
  readonly #output: string[] = []
  #items = 0
  #state: State = { at: 'before start' }
  #usage: MessageUsage = {}
  #delta: MessageDelta = { stop_reason: null }
  #final: string | undefined

  constructor(options: ResponsesStreamOutOptions) {
    const request = checkRequest(options.request)
    const { world } = options
    this.#tools = nameTools(request)
    this.#compacting = isCompacting(request)
    this.#object = new ResponseObject(`resp_${world.id()}`, world.now(), request)
    this.#sink = { frames: this.#frames, world, nextIndex: () => this.#nextIndex() }
  }

  /** The whole response as JSON, once the stream has ended. */
  get final(): string | undefined {
    return this.#final
  }

  push(event: StreamEvent): string {
    if (this.#state.at === 'closed') return ''
    switch (event.type) {
      case 'message_start':
        return this.#start(event.message)
      case 'content_block_start':
        return this.#openBlock(event.content_block)
      case 'content_block_delta':
        return this.#state.at === 'in block' ? this.#state.writer.delta(event.delta) : ''
      case 'content_block_stop':
        return this.#closeBlock()
      case 'message_delta':
        this.#usage = mergeUsage(this.#usage, event.usage)
        this.#delta = { ...this.#delta, ...event.delta }
        return ''
      case 'message_stop':
        return this.#finish()
      case 'error':
        return this.fail(errorOfEvent(event))
      case 'ping':
        return ''
    }
  }

  end(): string {
    return this.fail(truncated())
  }

  fail(error: ProxyError): string {
    if (this.#state.at === 'closed') return ''
    const before = this.#state.at === 'before start' ? this.#created() : ''
    this.#state = { at: 'closed' }
    const failure = { status: 'failed', error: responseError(error), output: this.#output } as const
    return before + this.#terminal('response.failed', failure)
  }

  #start(message: Message): string {
    if (this.#state.at !== 'before start') return ''
    this.#usage = mergeUsage(this.#usage, message.usage)
    this.#state = { at: 'between blocks', held: undefined }
    return this.#created()
  }

  #created(): string {
    const fields = `"response":${this.#object.json({ status: 'in_progress', output: [] })}`
    return (
      this.#frames.write('response.created', fields) +
      this.#frames.write('response.in_progress', fields)
    )
  }

  #openBlock(block: Block): string {
    if (this.#state.at !== 'between blocks') return ''
    const { held } = this.#state
    switch (block.type) {
      case 'text':
        return this.#openText(block, held)
      case 'thinking':
        return this.#enter(() => openReasoning(this.#sink, block))
      case 'redacted_thinking':
        return this.#whole(() => redactedItem(this.#sink, block))
      case 'tool_use':
        return this.#enter(() => openCall(this.#sink, block, this.#tools.origin(block.name ?? '')))
      case 'server_tool_use':
        return this.#isSearch(block) ? this.#enter(() => this.#openSearch(block)) : this.#hide(held)
      case 'web_search_tool_result':
        if (held instanceof SearchWriter && held.toolUseId === block.tool_use_id) held.found(block)
        return this.#hide(held)
      default:
        return this.#hide(held)
    }
  }

  #openText(block: Block, held: ItemWriter | undefined): string {
    const first = block.text ?? ''
    if (held instanceof MessageWriter || held instanceof CompactionWriter) {
      this.#state = { at: 'in block', writer: held }
      return held.text(first)
    }
    return this.#enter(() => {
      const writer = new (this.#compacting ? CompactionWriter : MessageWriter)(this.#sink)
      return { writer, text: writer.text(first) }
    })
  }

  #openSearch(block: Block): { writer: ItemWriter; text: string } {
    const writer = new SearchWriter(this.#sink, block)
    return { writer, text: writer.open() }
  }

  /** Claude's other server tools, and searches that this client never asked for, stay inside. */
  #isSearch(block: Block): boolean {
    return this.#tools.origin(block.name ?? '')?.kind === 'web_search'
  }

  /** Closes what is held, then opens the next item: in this order the indices and numbers are right. */
  #enter(open: () => { readonly writer: ItemWriter; readonly text: string }): string {
    const before = this.#closeHeld(false)
    const { writer, text } = open()
    this.#state = { at: 'in block', writer }
    return before + text
  }

  #whole(write: () => ClosedItem): string {
    const before = this.#closeHeld(false)
    const text = this.#keep(write())
    this.#state = { at: 'in hidden block', held: undefined }
    return before + text
  }

  #hide(held: ItemWriter | undefined): string {
    this.#state = { at: 'in hidden block', held }
    return ''
  }

  #closeBlock(): string {
    if (this.#state.at === 'in hidden block') {
      this.#state = { at: 'between blocks', held: this.#state.held }
      return ''
    }
    if (this.#state.at !== 'in block') return ''
    const { writer } = this.#state
    this.#state = { at: 'between blocks', held: writer }
    return writer.blockStop()
  }

  #closeHeld(cut: boolean): string {
    const state = this.#state
    if (state.at === 'in block') return this.#keep(state.writer.close(cut))
    if (state.at !== 'between blocks' && state.at !== 'in hidden block') return ''
    return state.held === undefined ? '' : this.#keep(state.held.close(cut))
  }

  #keep(closed: ClosedItem): string {
    if (closed.item !== undefined) this.#output.push(closed.item)
    return closed.text
  }

  #finish(): string {
    if (this.#state.at === 'before start') return this.end()
    const ending = endingOf(this.#delta.stop_reason)
    let text = this.#closeHeld(ending.status === 'incomplete')
    const details = this.#delta.stop_details
    const refusal = isRecord(details) ? textOf(details.explanation) : undefined
    if (ending.reason === 'content_filter' && refusal !== undefined) {
      text += this.#keep(refusalMessage(this.#sink, refusal))
    }
    this.#state = { at: 'closed' }
    const type = ending.status === 'completed' ? 'response.completed' : 'response.incomplete'
    return (
      text +
      this.#terminal(type, {
        status: ending.status,
        incompleteReason: ending.reason,
        output: this.#output,
        usage: responsesUsage(this.#usage),
        ...(ending.status === 'completed' ? { completedAt: this.#sink.world.now() } : {}),
      })
    )
  }

  #terminal(type: string, state: ResponseState): string {
    this.#final = this.#object.json(state)
    return this.#frames.write(type, `"response":${this.#final}`)
  }

  #nextIndex(): number {
    const index = this.#items
    this.#items = index + 1
    return index
  }
}

/** Hub events → the Responses SSE of a client's request. */
export function createResponsesStreamOut(options: ResponsesStreamOutOptions): StreamOut {
  return new ResponseWriter(options)
}
