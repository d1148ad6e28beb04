import { ProxyError } from '../../kit/error.ts'
import type { Started } from './conversation.ts'
import { Conversation } from './conversation.ts'
import { answeredCalls, fingerprint, type HistoryMessage, withTracesAsCalls } from './history.ts'
import { callerPrefix, type Launch, launchKey } from './launch.ts'
import type { Plan } from './plan.ts'
import { startClaude } from './start.ts'
import type { ClaudeWorld } from './world.ts'

/** A conversation by a name of the caller's. */
export interface Session {
  readonly id: string
  /** The path named it: a message alone goes on where the last answer ended. */
  readonly kept: boolean
}

/** A conversation that is ready for a request's prompt. */
export interface Acquired {
  readonly conversation: Conversation
  /** Whether calls wait for the results that the prompt brings. */
  readonly answers: boolean
  readonly history: readonly HistoryMessage[]
}

/** What is remembered of a conversation that its path names, also when its process is gone. */
interface Kept {
  readonly messages: readonly HistoryMessage[]
  readonly born: number
  used: number
}

const SWEEP_MS = 1000
/** More kept conversations than this are forgotten, the longest unused first. */
const MOST_KEPT = 1000

/** All Claude Codes that run: warm conversations, and spares for new ones. */
export class ClaudePool {
  readonly #world: ClaudeWorld
  readonly #conversations = new Set<Conversation>()
  readonly #spares = new Map<string, Promise<Started>>()
  readonly #kept = new Map<string, Kept>()
  #starting = 0
  #sweep: ReturnType<typeof setInterval> | undefined
  #closed = false

  constructor(world: ClaudeWorld) {
    this.#world = world
  }

  /** How many processes there are. */
  get counts(): { readonly busy: number; readonly warm: number; readonly spare: number } {
    const busy = [...this.#conversations].filter(({ state }) => state === 'busy').length
    return { busy, warm: this.#conversations.size - busy, spare: this.#spares.size }
  }

  /** The conversation that a request goes on with, or a new one that knows its history. */
  async acquire(plan: Plan, session: Session | undefined): Promise<Acquired> {
    if (this.#closed) throw shuttingDown()
    const history = this.#historyOf(plan, session)
    const answered = answeredCalls(plan.prompt)
    const key = launchKey(plan.launch)
    for (const conversation of this.#conversations) {
      if (conversation.started.key !== key || conversation.session !== session?.id) continue
      const answers = conversation.state === 'waiting'
      if (conversation.goesOnWith(history, answered)) {
        conversation.hold()
        await conversation.tune(plan.tuning)
        return { conversation, answers, history }
      }
    }
    const conversation = await this.#begin(plan.launch, session)
    try {
      await conversation.tune(plan.tuning)
      await conversation.bring(history, withTracesAsCalls(history))
    } catch (error) {
      this.drop(conversation)
      throw this.#world.failure(error, 'claude', conversation.started.stderr())
    }
    return { conversation, answers: false, history }
  }

  /** The answer is out: a conversation stays for calls that wait, or where it has a name. */
  release(
    acquired: Acquired,
    plan: Plan,
    answer: HistoryMessage,
    session: Session | undefined,
  ): void {
    const { conversation, history } = acquired
    const messages = [...history, plan.prompt, answer]
    if (session?.kept === true) this.#keep(session.id, messages)
    if (conversation.state === 'closed') this.drop(conversation)
    else if (conversation.state === 'idle' && session === undefined) this.drop(conversation)
    this.#prewarm(plan.launch)
  }

  /** Ends a conversation that rests, or is gone. */
  drop(conversation: Conversation): void {
    this.#conversations.delete(conversation)
    conversation.close()
  }

  /** Ends a conversation in the middle of its turn. */
  async abandon(conversation: Conversation): Promise<void> {
    this.#conversations.delete(conversation)
    await conversation.abandon()
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    const spares = [...this.#spares.values()]
    this.#spares.clear()
    for (const spare of spares) spare.then(endStarted, () => undefined)
    await Promise.all([...this.#conversations].map((each) => this.abandon(each)))
    await this.#world.watchdog.end()
  }

  #historyOf(plan: Plan, session: Session | undefined): readonly HistoryMessage[] {
    if (session?.kept !== true || plan.history.length > 0) return plan.history
    const kept = this.#kept.get(session.id)
    const first = kept?.messages[0]
    // The same first message once more begins anew.
    if (kept === undefined || first === undefined) return plan.history
    return fingerprint(first) === fingerprint(plan.prompt) ? plan.history : kept.messages
  }

  #keep(id: string, messages: readonly HistoryMessage[]): void {
    const now = Date.now()
    const born = this.#kept.get(id)?.born ?? now
    this.#kept.delete(id)
    this.#kept.set(id, { messages, born, used: now })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }

  async #begin(launch: Launch, session: Session | undefined): Promise<Conversation> {
    this.#makeRoom()
    this.#starting += 1
    try {
      const started = await this.#start(launch)
      const prefix = callerPrefix(launch)
      const own = new Set(launch.callerTools.map(({ name }) => name))
      const nameOf = (name: string) => (own.has(name) ? prefix + name : name)
      const conversation = new Conversation(started, session?.id, nameOf)
      conversation.hold()
      this.#conversations.add(conversation)
      this.#sweep ??= setInterval(() => this.#expire(), SWEEP_MS)
      this.#sweep.unref()
      return conversation
    } finally {
      this.#starting -= 1
    }
  }

  /** A spare that is what is wanted, or a new process. */
  async #start(launch: Launch): Promise<Started> {
    const key = launchKey(launch)
    const spare = this.#spares.get(key)
    if (spare !== undefined) {
      this.#spares.delete(key)
      const started = await spare.catch(() => undefined)
      if (started?.alive()) return started
    }
    return startClaude(launch, this.#world)
  }

  #prewarm(launch: Launch): void {
    const { prewarm } = this.#world.settings
    const key = launchKey(launch)
    if (prewarm === 0 || this.#closed || this.#spares.has(key)) return
    for (const [other, spare] of this.#spares) {
      if (this.#spares.size < prewarm) break
      this.#spares.delete(other)
      spare.then(endStarted, () => undefined)
    }
    const spare = startClaude(launch, this.#world)
    this.#spares.set(key, spare)
    // Who asks for it starts another one; a spare that does not start is nobody's failure.
    spare.catch(() => this.#spares.delete(key))
  }

  /** A place for one more: the longest unused conversation that rests has to go. */
  #makeRoom(): void {
    const { maxSessions } = this.#world.settings
    if (this.#conversations.size + this.#starting < maxSessions) return
    const resting = [...this.#conversations].filter(({ state }) => state !== 'busy')
    const [oldest] = resting.sort((one, other) => one.used - other.used)
    if (oldest === undefined) {
      const text = `All ${maxSessions} Claude Codes are at work: try again, or raise sdk.max_sessions`
      throw new ProxyError('unavailable', text, { headers: { 'retry-after': '5' } })
    }
    this.drop(oldest)
  }

  #expire(): void {
    const { idleMs, lifetimeMs } = this.#world.settings
    const now = Date.now()
    const over = ({ born, used }: { born: number; used: number }) =>
      now - used > idleMs || now - born > lifetimeMs
    for (const conversation of this.#conversations) {
      const rests = conversation.state !== 'busy'
      if (conversation.state === 'closed' || (rests && over(conversation))) this.drop(conversation)
    }
    for (const [id, kept] of this.#kept) if (now - kept.born > lifetimeMs) this.#kept.delete(id)
  }
}

function endStarted(started: Started): void {
  started.inbox.close()
  started.query.close()
  started.kill()
}

function shuttingDown(): ProxyError {
  return new ProxyError('unavailable', 'ccproxy is shutting down: send the request again')
}
