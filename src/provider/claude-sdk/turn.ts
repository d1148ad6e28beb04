import { ProxyError } from '../../kit/error.ts'
import type { Secret } from '../../kit/secret.ts'
import { Assembler } from '../../protocol/messages/assemble.ts'
import type { Block, StreamEvent } from '../../protocol/messages/schema.ts'
import { countOf, textOf } from '../../protocol/value.ts'
import type { SdkMessage } from './conversation.ts'
import type { HistoryMessage } from './history.ts'
import { callerNames } from './launch.ts'
import { lostTool } from './lost-tool.ts'
import type { Plan } from './plan.ts'
import { ReplyMachine, type Told, type TurnEnd } from './reply-machine.ts'
import { endingOfResult, type ResultContext } from './result-ending.ts'
import { failureOfSilence, failureOfThrown, isErrorNotice } from './sdk-failure.ts'
import { StopSequences } from './stop-sequences.ts'
import { TokenLimit } from './token-limit.ts'
import { type TraceForm, wholeBlock } from './traces.ts'

/** Who hears a turn: events as they come, then one end. */
export interface TurnHearer {
  events(events: readonly StreamEvent[]): void
  /** The answer is whole; `pending` are the calls that wait for the caller. */
  done(answer: HistoryMessage, pending: readonly string[], clean: boolean): void
  failed(error: ProxyError): void
}

/** What a turn is told with. */
export interface TurnOptions {
  readonly plan: Plan
  readonly traces: TraceForm
  readonly path: string
  /** Values that errors must not tell. */
  readonly secrets: readonly Secret[]
  readonly stderr: () => string
  /** What the process had cost before, dollars. */
  readonly costBefore: number
  readonly cost: (total: number) => void
  /** Claude Code's own calls that run on from one answer into the next. */
  readonly ownCalls: Map<string, string>
}

/** One request's part of a conversation: the Agent SDK's messages in, the answer's events out, and one end. */
export class Turn {
  readonly #options: TurnOptions
  readonly #hearer: TurnHearer
  readonly #machine: ReplyMachine
  readonly #stops: StopSequences
  readonly #limit: TokenLimit
  readonly #answer = new Assembler()
  #over = false
  #assistantError: string | undefined
  #requestId: string | undefined
  #rateLimit: unknown

  constructor(options: TurnOptions, hearer: TurnHearer) {
    const { plan, traces, ownCalls } = options
    this.#options = options
    this.#hearer = hearer
    this.#machine = new ReplyMachine({
      callerName: callerNames(plan.launch),
      traces,
      ownCalls,
    })
    this.#stops = new StopSequences(plan.stopSequences)
    this.#limit = new TokenLimit(plan.tuning.maxTokens)
  }

  /** Takes what Claude Code says; `undefined` is its end. */
  hear(message: SdkMessage | undefined, error?: unknown): void {
    if (this.#over) return
    if (message === undefined) {
      this.fail(this.#thrown(error))
      return
    }
    this.#learn(message)
    const givenUp = this.#givenUp(message)
    if (givenUp !== undefined) this.fail(givenUp)
    else this.#take(this.#machine.push(message))
  }

  /** Ends the turn with an error. */
  fail(error: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.#hearer.failed(error)
  }

  /** Nothing that comes now is heard. */
  leave(): void {
    this.#over = true
  }

  #take({ events, after = [], end }: Told): void {
    if (!this.#tell(events)) return
    this.#pass(after)
    if (end !== undefined) this.#end(end)
  }

  /** Passes events on up to a stop sequence or the limit; false where that ended the turn. */
  #tell(events: readonly StreamEvent[]): boolean {
    const searched = this.#stops.push(events)
    const limited = this.#limit.push(searched.events)
    this.#pass(limited.events)
    if (limited.reached) return this.#cut({ reason: 'max_tokens' })
    const { found } = searched
    return found === undefined || this.#cut({ reason: 'stop_sequence', sequence: found })
  }

  #cut(cut: { readonly reason: string; readonly sequence?: string }): false {
    this.#pass(this.#machine.finish(cut))
    this.#done([], false)
    return false
  }

  #pass(events: readonly StreamEvent[]): void {
    if (events.length === 0) return
    for (const event of events) this.#answer.push(event)
    this.#hearer.events(events)
  }

  #end(end: TurnEnd): void {
    if (end.how === 'result') this.#result(end.result)
    else if (end.how === 'broken') this.fail(brokenOff())
    else this.#done(end.how === 'calls' ? end.ids : [], end.how === 'calls')
  }

  #result(result: Record<string, unknown>): void {
    const ending = endingOfResult(result, this.#context(this.#assistantError))
    if (ending.kind === 'failed') {
      this.fail(ending.error)
    } else if (ending.kind === 'aborted') {
      this.fail(new ProxyError('upstream_protocol', 'Claude Code ended the turn: try again'))
    } else {
      if (!this.#machine.started) this.#tellWhole(result)
      const cut = ending.kind === 'stopped' ? { reason: ending.stopReason } : undefined
      this.#pass(this.#machine.finish(cut, this.#costOf(result)))
      this.#done([], ending.kind === 'done')
    }
  }

  #done(pending: readonly string[], clean: boolean): void {
    this.#over = true
    const { content } = this.#answer.end().value
    this.#hearer.done({ role: 'assistant', content }, pending, clean)
  }

  /** A command of Claude Code's own, or a hook, may answer without a model: then only the result has the text. */
  #tellWhole(result: Record<string, unknown>): void {
    const model = this.#options.plan.tuning.model
    const message = { id: `msg_${crypto.randomUUID()}`, model, usage: result.usage }
    const text: Block = { type: 'text', text: textOf(result.result) ?? '' }
    for (const event of [{ type: 'message_start', message }, ...wholeBlock(0, text)]) {
      const { events, after = [] } = this.#machine.push(streamEvent(event))
      this.#pass([...events, ...after])
    }
  }

  /** What this turn alone cost; Claude Code counts for its whole process. */
  #costOf(result: Record<string, unknown>): number | undefined {
    const total = result.total_cost_usd
    if (typeof total !== 'number') return undefined
    this.#options.cost(total)
    return Math.max(0, total - this.#options.costBefore)
  }

  #learn(message: SdkMessage): void {
    if (message.type === 'rate_limit_event') this.#rateLimit = message.rate_limit_info
    if (message.type !== 'assistant') return
    if (isErrorNotice(message)) this.#assistantError = textOf(message.error)
    this.#requestId = textOf(message.request_id) ?? this.#requestId
  }

  /** Before the first byte a failure goes to the caller at once: it knows best whether to try again. */
  #givenUp(message: SdkMessage): ProxyError | undefined {
    if (message.type !== 'system') return undefined
    if (message.subtype === 'init') return lostTool(this.#options.plan.launch, message)
    if (message.subtype !== 'api_retry') return undefined
    const attempt = countOf(message.attempt) ?? 0
    if (this.#machine.started || attempt < 1) return undefined
    const status = countOf(message.error_status)
    const answered =
      status === undefined ? { api_error: 'connection_failed' } : { api_error_status: status }
    const said =
      textOf(message.error_message) ?? RETRIED[status ?? 0] ?? 'The API cannot answer now'
    const failure = { subtype: 'success', is_error: true, result: said, ...answered }
    const ending = endingOfResult(failure, this.#context(textOf(message.error)))
    return ending.kind === 'failed' ? ending.error : undefined
  }

  #context(assistantError: string | undefined): ResultContext {
    const { secrets } = this.#options
    const [rateLimit, requestId] = [this.#rateLimit, this.#requestId]
    return { assistantError, rateLimit, requestId, secrets, now: Date.now() }
  }

  #thrown(error: unknown): ProxyError {
    const { path, secrets, stderr } = this.#options
    const context = { path, secrets, started: true, stderr: stderr() }
    return error === undefined ? failureOfSilence(context) : failureOfThrown(error, context)
  }
}

function brokenOff(): ProxyError {
  const text = 'The API broke off in mid-answer: send the request again'
  return new ProxyError('upstream_protocol', text, { type: 'api_error' })
}

/** The words for a status whose own words Claude Code keeps to itself while it tries again. */
const RETRIED: Readonly<Record<number, string>> = {
  429: 'Rate limited',
  500: 'Internal server error',
  529: 'Overloaded',
}

function streamEvent(event: object): SdkMessage {
  return { type: 'stream_event', event, parent_tool_use_id: null }
}
