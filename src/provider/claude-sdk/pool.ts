import { ProxyError } from '../../kit/error.ts'
import { ShuttingDown } from '../../kit/shutting-down.ts'
import { checkCalls } from './check-calls.ts'
import { ClaudeProcess } from './claude-process.ts'
import { Conversation, type Started } from './conversation.ts'
import { answeredCalls, type HistoryMessage, resultIds, withTracesAsCalls } from './history.ts'
import type { SpawnSpec } from './isolation-options.ts'
import { KeptConversations } from './kept.ts'
import { callerPrefix, type Launch, launchKey } from './launch.ts'
import { orAborted } from './or-aborted.ts'
import type { Plan } from './plan.ts'
import { Spares } from './spares.ts'
import { type StartFor, startClaude } from './start.ts'
import type { ClaudeWorld } from './world.ts'

/** A conversation by a name of the caller's. */
export interface Session {
  readonly id: string
  /** As the caller calls it: `id` tells those of one client from another's. */
  readonly name: string
  /** The path named it: a message alone goes on where the last answer ended. */
  readonly kept: boolean
}

/** One request as the pool sees it. */
export interface Claim {
  readonly plan: Plan
  readonly session: Session | undefined
  /** The client's leaving ends the wait at once. */
  readonly signal: AbortSignal
}

/** A conversation that is ready for a request's prompt. */
export interface Acquired {
  readonly conversation: Conversation
  /** Whether calls wait for the results that the prompt brings. */
  readonly answers: boolean
  /** Whether it was started for this request. */
  readonly fresh: boolean
  readonly history: readonly HistoryMessage[]
  /** The prompt as Claude Code is to hear it. */
  readonly said: HistoryMessage
}

const SWEEP_MS = 1000

/** All Claude Codes that run: warm conversations, and spares for new ones. */
export class ClaudePool {
  readonly #world: ClaudeWorld
  readonly #idleMs: number
  readonly #lifetimeMs: number
  readonly #conversations = new Set<Conversation>()
  readonly #kept = new KeptConversations()
  readonly #spares: Spares
  #starting = 0
  #sweep: ReturnType<typeof setInterval> | undefined
  #closed = false

  constructor(world: ClaudeWorld) {
    this.#world = world
    this.#idleMs = world.settings.session_idle_seconds * 1000
    this.#lifetimeMs = world.settings.session_lifetime_seconds * 1000
    this.#spares = new Spares((spec) => new ClaudeProcess(world.isolate(spec)))
  }

  /** How many processes there are. */
  get counts(): { readonly busy: number; readonly warm: number; readonly spare: number } {
    const states = [...this.#conversations].map(({ state }) => state)
    const busy = states.filter((state) => state === 'busy').length
    const warm = states.filter((state) => state === 'idle' || state === 'waiting').length
    return { busy: busy + this.#starting, warm, spare: this.#spares.count }
  }

  /**
   * The conversation that a request goes on with, or a new one that knows its history.
   * @throws ProxyError, or the signal's reason
   */
  async acquire(claim: Claim): Promise<Acquired> {
    if (this.#closed) throw new ShuttingDown()
    const { plan, session } = claim
    const told = plan.history
    const history =
      session?.kept && told.length === 0 ? this.#kept.before(session.id, plan.prompt) : told
    checkCalls([...history, plan.prompt])
    return (await this.#goOn(claim, history)) ?? (await this.#beginWith(claim, history))
  }

  /** The answer is out: a conversation stays for calls that wait, or where it has a name. */
  release({ plan, session }: Claim, acquired: Acquired, answer: HistoryMessage): void {
    const { conversation, history, fresh } = acquired
    if (session?.kept) {
      this.#kept.keep(session.id, [...history, plan.prompt, answer])
      // Of a conversation that went on elsewhere, or began anew, nothing else is asked again.
      for (const other of this.#conversations) {
        const rests = other.session === session.id && other.state !== 'busy'
        if (rests && other !== conversation) this.drop(other)
      }
    }
    const { state } = conversation
    if (state === 'closed' || (state === 'idle' && session === undefined)) this.drop(conversation)
    if (fresh && !this.#closed) this.#spares.keep(conversation.started.spec, this.#spareRoom())
  }

  /** Ends a conversation that rests, or is gone. */
  drop(conversation: Conversation): void {
    this.#conversations.delete(conversation)
    conversation.close()
  }

  /** Ends a conversation whose turn was cut: Claude Code would go on with it, and ask its API again. */
  kill(conversation: Conversation): void {
    this.#conversations.delete(conversation)
    conversation.kill()
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
    this.#spares.limit(0)
    await Promise.all([...this.#conversations].map((each) => this.abandon(each)))
    await this.#world.watchdog.end()
  }

  /** A conversation that has come just as far as the request says; one that fails at that is none. */
  async #goOn(
    { plan, session, signal }: Claim,
    history: readonly HistoryMessage[],
  ): Promise<Acquired | undefined> {
    const answered = answeredCalls(plan.prompt)
    const key = launchKey(plan.launch)
    for (const conversation of this.#conversations) {
      if (conversation.started.key !== key || conversation.session !== session?.id) continue
      if (this.#isOver(conversation) || !conversation.goesOnWith(history, answered)) continue
      const answers = conversation.state === 'waiting'
      conversation.hold()
      try {
        await orAborted(conversation.tune(plan.tuning), signal)
        return { conversation, answers, fresh: false, history, said: plan.prompt }
      } catch {
        // It has just ended: what was said in it is known, so another one can go on.
        void this.abandon(conversation)
        signal.throwIfAborted()
      }
    }
    return undefined
  }

  async #beginWith(claim: Claim, history: readonly HistoryMessage[]): Promise<Acquired> {
    const { plan, signal } = claim
    this.#dropOvertaken(plan)
    const turns = withTracesAsCalls([...history, plan.prompt])
    const said = turns.pop() ?? plan.prompt
    const conversation = await this.#begin(claim)
    try {
      const ready = async () => {
        await conversation.tune(plan.tuning)
        await conversation.bring(history, turns)
      }
      await orAborted(ready(), signal)
    } catch (error) {
      const { process } = conversation.started
      this.kill(conversation)
      signal.throwIfAborted()
      throw this.#world.failure(error, process.child.spawnfile, process.stderr)
    }
    return { conversation, answers: false, fresh: true, history, said }
  }

  /** Calls whose results come another way wait in vain from now on. */
  #dropOvertaken({ prompt }: Plan): void {
    const results = resultIds(prompt)
    for (const conversation of this.#conversations) {
      if (conversation.isOvertaken(results)) this.drop(conversation)
    }
  }

  async #begin({ plan: { launch }, session, signal }: Claim): Promise<Conversation> {
    this.#makeRoom()
    this.#starting += 1
    try {
      const started = await this.#start(launch, { session: session?.name, signal })
      const conversation = new Conversation(started, session?.id, callerCalls(launch))
      conversation.hold()
      this.#conversations.add(conversation)
      this.#sweep ??= setInterval(() => this.#expire(), SWEEP_MS)
      this.#sweep.unref()
      return conversation
    } finally {
      this.#starting -= 1
      this.#spares.limit(this.#spareRoom())
    }
  }

  /** By a spare, or a new process where there is none that fits, or it does not live. */
  async #start(launch: Launch, whom: StartFor): Promise<Started> {
    const anew = (spec: SpawnSpec) => new ClaudeProcess(this.#world.isolate(spec))
    let spare: ClaudeProcess | undefined
    const waiting = (spec: SpawnSpec) => {
      spare = this.#spares.take(spec)
      return spare ?? anew(spec)
    }
    try {
      return await startClaude(launch, this.#world, waiting, whom)
    } catch (error) {
      if (spare === undefined || whom.signal.aborted) throw error
      return startClaude(launch, this.#world, anew, whom)
    }
  }

  /** A place for one more: the longest unused conversation that rests has to go. */
  #makeRoom(): void {
    const { max_sessions: most } = this.#world.settings
    if (this.#conversations.size + this.#starting < most) return
    const resting = [...this.#conversations].filter(({ state }) => state !== 'busy')
    const since = ({ state, used }: Conversation) => (state === 'closed' ? 0 : used)
    const [oldest] = resting.sort((one, other) => since(one) - since(other))
    if (oldest === undefined) {
      const text = `All ${most} Claude Codes are at work: try again, or raise sdk.max_sessions`
      throw new ProxyError('unavailable', text, { headers: { 'retry-after': '5' } })
    }
    this.drop(oldest)
  }

  /** How many may wait beside those that are in use. */
  #spareRoom(): number {
    const { prewarm, max_sessions: most } = this.#world.settings
    const used = this.#conversations.size + this.#starting
    return Math.max(0, Math.min(prewarm, most - used))
  }

  #expire(): void {
    for (const conversation of this.#conversations) {
      const { state } = conversation
      const over = state !== 'busy' && this.#isOver(conversation)
      if (state === 'closed' || over) this.drop(conversation)
    }
    this.#spares.expire(this.#idleMs)
    this.#kept.expire(this.#lifetimeMs)
  }

  #isOver({ born, used }: Conversation): boolean {
    const now = Date.now()
    return now - used > this.#idleMs || now - born > this.#lifetimeMs
  }
}

/** What Claude Code calls the caller's tools. */
function callerCalls(launch: Launch): (name: string) => string {
  const prefix = callerPrefix(launch)
  const own = new Set(launch.callerTools.map(({ name }) => name))
  return (name) => (own.has(name) ? prefix + name : name)
}
