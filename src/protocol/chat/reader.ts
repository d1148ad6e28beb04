import type { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { freshId } from '../fresh-id.ts'
import { BlockWriter } from '../messages/block-writer.ts'
import { brokenInput } from '../messages/broken-input.ts'
import { errorEvent } from '../messages/error.ts'
import { truncated } from '../messages/events.ts'
import { messageStart } from '../messages/message-start.ts'
import { refusalDelta } from '../messages/refusal-delta.ts'
import type { MessageDelta, MessageUsage, StreamEvent } from '../messages/schema.ts'
import type { ToolNames } from '../messages/tool-names.ts'
import { mergeUsage } from '../messages/usage.ts'
import type { World } from '../protocol.ts'
import { isBlank, textOf } from '../value.ts'
import { type Call, Calls, grow, isComplete } from './calls-in.ts'
import { choiceOf, errorIn, usageOf } from './chunk-in.ts'
import { type CallDelta, type Piece, piecesOf } from './delta-in.ts'
import { finishDetail, isCut, stopReasonOf } from './finish-reason.ts'
import { legalToolId } from './tool-id.ts'
import { usageIn } from './usage.ts'

/** What reading an upstream's Chat reply needs beside the reply. */
export interface ChatInOptions {
  readonly world: World
  /** The model as the client asked for it; the reply names no other. */
  readonly model: string
  /** Gives tool names that were cut for the upstream back. */
  readonly names?: ToolNames
  /** The client's stop sequences, to recognise the one that vLLM says it stopped at. */
  readonly stopSequences?: readonly string[]
  /** Whether the upstream takes `reasoning_details` back, so that encrypted ones are worth keeping. */
  readonly keepsDetails?: boolean
}

type Phase = 'before start' | 'streaming' | 'finished' | 'closed'

/** What came while a tool call was open that is not whole yet. */
type Waiting =
  | { kind: 'text' | 'thinking'; text: string }
  | { kind: 'details'; details: Record<string, unknown>[] }
  | { kind: 'tool'; call: Call }

/**
 * Reads Chat Completions chunks (or one whole reply as a single chunk) into hub events. Blocks are written one after
 * the other: what comes while a call's arguments are unfinished waits until they are whole.
 */
export class ChatReader {
  readonly #options: ChatInOptions
  readonly #writer = new BlockWriter()
  readonly #calls = new Calls()
  readonly #ids = new Set<string>()
  #phase: Phase = 'before start'
  /** Whether a plain field has told reasoning, so that a list of details only repeats it. */
  #thought = false
  #finish: string | undefined
  #stopSequence: string | undefined
  #refusal = ''
  #usage: MessageUsage = {}
  #open: Call | undefined
  #waiting: Waiting[] = []
  /** Sources that are not written yet: some come before the text that they belong to. */
  #citations: Record<string, unknown>[] = []
  #spoke = false
  #broken = false

  constructor(options: ChatInOptions) {
    this.#options = options
  }

  take(): StreamEvent[] {
    return this.#writer.take()
  }

  /** One parsed chunk. */
  chunk(value: Record<string, unknown>): void {
    if (this.#phase === 'closed') return
    const choice = choiceOf(value.choices)
    const error = errorIn(value, choice)
    if (error !== undefined) {
      this.fail(error)
      return
    }
    const counts = usageOf(value, choice)
    if (counts !== undefined) this.#usage = mergeUsage(this.#usage, usageIn(counts))
    if (choice === undefined) {
      if (this.#phase === 'finished' && counts !== undefined) this.#close()
      return
    }
    this.start()
    this.#choice(choice)
  }

  /** A chunk of which only its text is new. */
  text(text: string): void {
    if (this.#phase !== 'closed') this.#words('text', text)
  }

  /** `[DONE]`, or the end of a whole reply: without a finish reason the text that is there counts as the answer. */
  done(): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'streaming' && this.#answered()) this.#finish ??= 'stop'
    if (this.#finish === undefined) this.fail(truncated())
    else this.#close()
  }

  /** The stream closed by itself. */
  end(): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'finished') this.#close()
    else this.fail(truncated())
  }

  fail(error: ProxyError): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#writer.add(errorEvent(error))
  }

  /** A whole reply is the answer, finished or not, and its arguments are judged by the fold. */
  endWhole(): void {
    if (this.#phase === 'closed') return
    this.start()
    this.#finish ??= 'stop'
    this.#close(false)
  }

  start(): void {
    if (this.#phase !== 'before start') return
    this.#phase = 'streaming'
    const { world, model } = this.#options
    this.#writer.add(messageStart(world, model, this.#usage))
  }

  #choice(choice: Record<string, unknown>): void {
    const delta = isRecord(choice.delta) ? choice.delta : choice.message
    if (isRecord(delta)) for (const piece of piecesOf(delta)) this.#piece(piece)
    const finish = textOf(choice.finish_reason)
    // DashScope says "null" in words while it goes on.
    if (finish === undefined || finish === 'null') return
    // Some servers end an answer twice, the second time with a plain stop.
    if (!isCut(this.#finish)) this.#finish = finish
    this.#phase = 'finished'
    const matched = textOf(choice.stop_reason)
    if (matched !== undefined && this.#options.stopSequences?.includes(matched) === true) {
      this.#stopSequence = matched
    }
  }

  #piece(piece: Piece): void {
    switch (piece.kind) {
      case 'thinking':
        if (piece.repeats === true && this.#thought) break
        this.#thought ||= piece.repeats !== true
        this.#words(piece.kind, piece.text)
        break
      case 'text':
        this.#words(piece.kind, piece.text)
        break
      case 'signature':
        this.#writer.sign(piece.signature)
        break
      case 'citation':
        this.#citations.push(piece.citation)
        this.#cite()
        break
      case 'details':
        this.#details(piece.details)
        break
      case 'refusal':
        this.#refusal += piece.text
        break
      case 'call':
        this.#call(piece.call)
        break
    }
  }

  #words(kind: 'text' | 'thinking', text: string): void {
    if (kind === 'text') this.#spoke = true
    if (this.#waiting.length === 0 && !this.#blocked()) {
      this.#write(kind, text)
      return
    }
    const last = this.#waiting.at(-1)
    if (last?.kind === kind) last.text += text
    else this.#waiting.push({ kind, text })
  }

  #write(kind: 'text' | 'thinking', text: string): void {
    this.#settle()
    if (kind === 'thinking') this.#writer.thinking(text)
    else {
      this.#writer.text(text)
      this.#cite()
    }
  }

  #cite(): void {
    if (this.#writer.open !== 'text') return
    for (const citation of this.#citations.splice(0)) this.#writer.cite(citation)
  }

  /** Details behind other words (Gemini signs a call through OpenRouter so) need a block only where they go back. */
  #details(details: Record<string, unknown>[]): void {
    if (this.#writer.open !== 'thinking' && this.#options.keepsDetails !== true) return
    if (this.#waiting.length > 0 || this.#blocked())
      this.#waiting.push({ kind: 'details', details })
    else this.#keep(details)
  }

  #keep(details: Record<string, unknown>[]): void {
    this.#settle()
    if (this.#writer.open !== 'thinking') this.#writer.thinking('')
    this.#writer.keepDetails(details)
  }

  #call(delta: CallDelta): void {
    const call = this.#calls.take(delta)
    const args = delta.args ?? ''
    if (delta.legacy) call.id ??= `toolu_${this.#options.world.id()}`
    if (call.state === 'closed') {
      if (!isBlank(args)) this.#broken = true
      return
    }
    grow(call, args)
    if (call.state === 'open') {
      if (args !== '') this.#writer.json(args)
      if (this.#waiting.length > 0) this.#advance()
    } else if (call.state === 'unnamed' && call.id !== undefined && call.name !== undefined) {
      call.state = 'waiting'
      this.#waiting.push({ kind: 'tool', call })
      this.#advance()
    }
  }

  #blocked(): boolean {
    return this.#open !== undefined && !isComplete(this.#open)
  }

  /** Writes what waits, as far as the open call allows. */
  #advance(): void {
    while (this.#waiting.length > 0 && !this.#blocked()) this.#next()
  }

  #next(): void {
    const item = this.#waiting.shift()
    if (item === undefined) return
    if (item.kind === 'tool') this.#openCall(item.call)
    else if (item.kind === 'details') this.#keep(item.details)
    else this.#write(item.kind, item.text)
  }

  #openCall(call: Call): void {
    this.#settle()
    const { world, names } = this.#options
    const name = call.name ?? `tool_${call.key}`
    const own = legalToolId(call.id ?? '') || `toolu_${world.id()}`
    this.#writer.tool(freshId(own, this.#ids), names?.down(name) ?? name)
    if (call.args !== '') this.#writer.json(call.args)
    call.state = 'open'
    this.#open = call
  }

  /** The open call is over. */
  #settle(): void {
    if (this.#open === undefined) return
    this.#open.state = 'closed'
    this.#open = undefined
  }

  /** Whether what came without a finish reason is an answer: words, or whole tool calls. */
  #answered(): boolean {
    const calls = this.#calls.all()
    if (calls.some((call) => !isComplete(call))) return false
    return this.#spoke || calls.length > 0
  }

  #close(strict = true): void {
    const finish = this.#finish ?? 'stop'
    for (const call of this.#calls.unstarted()) this.#waiting.push({ kind: 'tool', call })
    if (strict && !isCut(finish) && (this.#broken || !this.#calls.sound())) {
      this.fail(brokenInput())
      return
    }
    while (this.#waiting.length > 0) this.#next()
    this.#writer.close()
    this.#writer.add({ type: 'message_delta', delta: this.#ending(finish), usage: this.#usage })
    this.#writer.add({ type: 'message_stop' })
    this.#phase = 'closed'
  }

  #ending(finish: string): MessageDelta {
    const stop_reason = this.#refusal ? 'refusal' : stopReasonOf(finish, this.#ids.size > 0)
    if (stop_reason === 'refusal') return refusalDelta(this.#refusal || finishDetail(finish))
    if (stop_reason === 'end_turn' && this.#stopSequence !== undefined) {
      return { stop_reason: 'stop_sequence', stop_sequence: this.#stopSequence }
    }
    return { stop_reason, stop_sequence: null }
  }
}
