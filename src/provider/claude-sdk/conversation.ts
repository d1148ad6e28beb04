import type { Query, SDKUserMessage } from '@anthropic-ai/claude-agent-sdk'
import { isRecord } from '../../kit/json.ts'
import type { Block } from '../../protocol/messages/schema.ts'
import { textOf } from '../../protocol/value.ts'
import type { CallerTools } from './caller-tools.ts'
import type { ClaudeProcess } from './claude-process.ts'
import { fingerprint, type HistoryMessage } from './history.ts'
import type { Inbox } from './inbox.ts'
import type { SpawnSpec } from './isolation-options.ts'
import type { Launch, Tuning } from './launch.ts'

/** One message of the Agent SDK; which there are is read field by field. */
export type SdkMessage = Record<string, unknown>

/** Who hears what Claude Code says during a turn; `undefined` says that nothing more comes. */
export type Listener = (message: SdkMessage | undefined, error?: unknown) => void

/** The session that a Claude Code works for, as the caller names it; else its own id, once it has said it. */
export interface Owner {
  session: string | undefined
}

/** A started Claude Code. */
export interface Started {
  readonly query: Query
  readonly inbox: Inbox<SDKUserMessage>
  readonly tools: CallerTools
  readonly launch: Launch
  readonly key: string
  /** Whose tools the desk is asked about. */
  readonly owner: Owner
  /** How another process of its kind is started. */
  readonly spec: SpawnSpec
  readonly process: ClaudeProcess
}

type State = 'idle' | 'busy' | 'waiting' | 'closed'

/** How long Claude Code may take to stop a turn before it is ended all the same, ms. */
const INTERRUPT_MS = 1000

/** One running Claude Code with what was said in it so far. */
export class Conversation {
  readonly started: Started
  readonly session: string | undefined
  readonly born = Date.now()
  used = Date.now()
  #state: State = 'idle'
  /** Fingerprints of the turns, as the caller knows them. */
  #told: string[] = []
  #tuned = ''
  #model = ''
  #pending: readonly string[] = []
  #names: (name: string) => string
  #listener: Listener | undefined
  #unheard: SdkMessage[] = []
  #ended: { readonly error: unknown } | undefined
  cost = 0
  /** Names of Claude Code's own calls whose results are still to come, by call. */
  readonly ownCalls = new Map<string, string>()

  constructor(started: Started, session: string | undefined, nameOf: (name: string) => string) {
    this.started = started
    this.session = session
    this.#names = nameOf
    this.#read()
  }

  get state(): State {
    return this.#state
  }

  /** Whether this conversation is the one that a request goes on with. */
  goesOnWith(history: readonly HistoryMessage[], answered: readonly string[] | undefined): boolean {
    if (this.#state !== 'idle' && this.#state !== 'waiting') return false
    const told = this.#told
    if (told.length === 0 || told.length !== history.length) return false
    if (this.#state === 'waiting' && !sameSet(this.#pending, answered)) return false
    return history.every((message, at) => fingerprint(message) === told[at])
  }

  /** Whether these are the results of the calls that wait here. */
  isOvertaken(results: readonly string[]): boolean {
    return this.#state === 'waiting' && this.#pending.every((id) => results.includes(id))
  }

  /** Takes it out of others' reach while a request makes ready for its turn. */
  hold(): void {
    this.#state = 'busy'
  }

  /** Says how the next turn is to be answered, where that changes. */
  async tune({ model, effort, maxTokens, body }: Tuning): Promise<void> {
    const env = {
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: maxTokens === undefined ? '' : String(maxTokens),
      CLAUDE_CODE_EXTRA_BODY: JSON.stringify(body),
    }
    // Null is the model's own: an earlier turn may have had another one.
    const settings = { model, effortLevel: effort ?? null, env }
    const tuned = JSON.stringify(settings)
    if (tuned === this.#tuned) return
    await this.started.query.applyFlagSettings(settings)
    this.#tuned = tuned
    this.#model = model
  }

  /** Brings earlier turns in, one after the other: two at once would change places. */
  async bring(
    history: readonly HistoryMessage[],
    before: readonly HistoryMessage[],
  ): Promise<void> {
    for (const message of before) {
      if (message.role === 'user') await this.#bringUser(message.content)
      else this.started.inbox.push(this.#assistant(message.content))
    }
    this.#told = history.map((message) => fingerprint(message))
  }

  /** Says the user's turn, in other words where it goes by `said`, and lets the listener hear the answer. */
  ask(prompt: HistoryMessage, listener: Listener, said = prompt): void {
    this.#begin(listener)
    this.started.inbox.push(userMessage(said.content))
    this.#told.push(fingerprint(prompt))
  }

  /** Gives the calls that wait their results and lets the listener hear how it goes on. */
  answer(prompt: HistoryMessage, listener: Listener): void {
    this.#begin(listener)
    for (const { tool_use_id: id = '', content, is_error } of prompt.content) {
      this.started.tools.answer(id, { content, isError: is_error === true })
    }
    this.#told.push(fingerprint(prompt))
  }

  /** The answer is told; what comes before the next turn waits for it. */
  rest(answer: HistoryMessage, pending: readonly string[]): void {
    this.#told.push(fingerprint(answer))
    this.#pending = pending
    this.#listener = undefined
    this.used = Date.now()
    if (this.#state === 'busy') this.#state = pending.length > 0 ? 'waiting' : 'idle'
  }

  /**
   * Ends a turn that runs, and the process with it: what Claude Code keeps of a turn that was cut is not what the
   * caller knows of it. Interrupted first, it closes its upstream at once and ends the tools that run.
   */
  async abandon(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#listener = undefined
    const asked = this.started.query.interrupt().then(
      () => true,
      () => false,
    )
    const interrupted = await Promise.race([asked, Bun.sleep(INTERRUPT_MS).then(() => false)])
    // What does not listen may have its upstream open still.
    if (!interrupted) this.started.process.kill()
    this.#end()
  }

  /** Ends the process at once, before it says or asks anything more. */
  kill(): void {
    this.#state = 'closed'
    this.#listener = undefined
    this.started.process.kill()
    this.#end()
  }

  /** Ends the process of a conversation that rests; calls that wait are an open turn, which would go on by itself. */
  close(): void {
    if (this.#state === 'closed') return
    if (this.#state === 'waiting') {
      void this.abandon()
      return
    }
    this.#state = 'closed'
    this.#end()
  }

  #end(): void {
    this.started.inbox.close()
    this.started.query.close()
    this.started.process.end()
  }

  #begin(listener: Listener): void {
    this.#state = 'busy'
    this.used = Date.now()
    this.#listener = listener
    const unheard = this.#unheard
    this.#unheard = []
    for (const message of unheard) listener(message)
    if (this.#ended !== undefined) listener(undefined, this.#ended.error)
  }

  async #bringUser(content: readonly Block[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#begin((message, error) => {
        if (message === undefined) reject(error)
        else if (message.type === 'result') resolve()
      })
      this.started.inbox.push({ ...userMessage(content), shouldQuery: false })
    })
    this.#listener = undefined
  }

  /** The stream takes the assistant's turns too, though its type names the user's only. */
  #assistant(content: readonly Block[]): SDKUserMessage {
    const message = {
      id: `msg_${crypto.randomUUID()}`,
      type: 'message',
      role: 'assistant',
      // Thinking of any other model would be left out.
      model: this.#model,
      content: content.map((block) =>
        block.type === 'tool_use' && block.name !== undefined
          ? { ...block, name: this.#names(block.name) }
          : block,
      ),
      stop_reason: content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    }
    const turn: object = {
      type: 'assistant',
      uuid: crypto.randomUUID(),
      parent_tool_use_id: null,
      session_id: '',
      message,
    }
    return turn as SDKUserMessage
  }

  /** Reads all that Claude Code says, as long as it lives. */
  async #read(): Promise<void> {
    let error: unknown
    try {
      for await (const message of this.started.query) {
        const told: unknown = message
        if (!isRecord(told)) continue
        this.started.owner.session ??= textOf(told.session_id)
        this.#hear(told)
      }
    } catch (thrown) {
      error = thrown
    }
    this.#ended = { error }
    this.#state = 'closed'
    this.started.process.end()
    this.#listener?.(undefined, this.#ended.error)
  }

  #hear(message: SdkMessage): void {
    if (this.#listener !== undefined) this.#listener(message)
    // Calls wait: what tools of Claude Code's own give meanwhile belongs to the next answer.
    else if (this.#state === 'waiting' || this.#state === 'busy') this.#unheard.push(message)
    // A task in the background has ended and Claude Code goes on by itself, which no caller knows of.
    else if (this.#state === 'idle' && message.type === 'stream_event') this.close()
  }
}

function userMessage(content: readonly Block[]): SDKUserMessage {
  const message: object = { role: 'user', content }
  return {
    type: 'user',
    message: message as SDKUserMessage['message'],
    parent_tool_use_id: null,
  }
}

function sameSet(ids: readonly string[], others: readonly string[] | undefined): boolean {
  return (
    others !== undefined && ids.length === others.length && ids.every((id) => others.includes(id))
  )
}
