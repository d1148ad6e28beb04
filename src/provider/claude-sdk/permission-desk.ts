import { randomId } from '../../kit/id.ts'
import {
  type EndState,
  endOf,
  type PermissionAsk,
  type PermissionEntry,
  type PermissionOutcome,
  requestOf,
  stateOf,
} from './permission-entry.ts'
import { fittingRule, type PermissionRule } from './permission-rules.ts'
import type { PermissionAnswer, PermissionEvent, PermissionState } from './permission-schema.ts'

/** What became of an answer: taken, too late after another one or after the end, or for nothing that is known. */
export type PermissionReply = 'taken' | 'conflict' | 'gone' | 'unknown'

/** Time as the desk sees it. */
export interface PermissionClock {
  /** Epoch ms. */
  now(): number
  /** Runs something after so many ms; the result stops that. */
  after(milliseconds: number, run: () => void): () => void
}

/** What a desk is made of. */
export interface PermissionDeskOptions {
  readonly rules: readonly PermissionRule[]
  /** How long a request waits for its answer, ms. */
  readonly timeoutMs: number
  readonly clock?: PermissionClock
}

type Listener = (event: PermissionEvent) => void
/** How long, and how many of, the requests that are over can still be looked up. */
const KEPT_MS = 300_000
const KEPT = 200
/** More than this wait for nobody: what comes then is denied. */
const MOST_PENDING = 1000
/** The longest time that a timer takes. */
const LONGEST_MS = 2_147_483_647

const SYSTEM_CLOCK: PermissionClock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
}

/**
 * Where tool requests wait for a person: rules answer first, then whoever listens; the first answer counts, and none
 * in time denies.
 */
export class PermissionDesk {
  readonly #rules: readonly PermissionRule[]
  readonly #timeoutMs: number
  readonly #clock: PermissionClock
  readonly #pending = new Map<string, PermissionEntry>()
  /** In the order in which they ended. */
  readonly #over = new Map<
    string,
    { readonly entry: PermissionEntry; readonly forget: () => void }
  >()
  readonly #listeners = new Set<Listener>()
  #closed = false

  constructor({ rules, timeoutMs, clock = SYSTEM_CLOCK }: PermissionDeskOptions) {
    this.#rules = rules
    this.#timeoutMs = Math.min(timeoutMs, LONGEST_MS)
    this.#clock = clock
  }

  /** Decides on a tool request; never rejects. */
  ask(asked: PermissionAsk): Promise<PermissionOutcome> {
    const rule = fittingRule(this.#rules, asked.tool, asked.input)
    if (rule?.action === 'allow') return Promise.resolve({ behavior: 'allow' })
    if (rule?.action === 'deny') return refused('A permission rule of ccproxy denies this tool use')
    if (asked.signal?.aborted === true) return refused(LEFT)
    if (this.#closed) return refused(CLOSING)
    if (this.#pending.size >= MOST_PENDING) return refused('Too many permission requests wait')
    return new Promise((resolve) => this.#open(asked, resolve))
  }

  /** Answers a request. */
  respond(id: string, answer: PermissionAnswer): PermissionReply {
    const entry = this.#pending.get(id)
    if (entry === undefined) return this.#late(id)
    const { allowed, message, updated_input: updatedInput } = answer
    // The timer may be late; the time that was named is what counts.
    if (this.#clock.now() >= entry.expiresAt) {
      this.#expire(entry)
      return 'gone'
    }
    if (allowed) {
      const changed = updatedInput === undefined ? {} : { updatedInput }
      this.#settle(entry, 'allowed', message, { behavior: 'allow', ...changed })
    } else {
      const text = message || 'The user denied this tool use'
      this.#settle(entry, 'denied', message, { behavior: 'deny', message: text })
    }
    return 'taken'
  }

  /** One request, also for a while after its end. */
  find(id: string): PermissionState | undefined {
    const entry = this.#pending.get(id) ?? this.#over.get(id)?.entry
    return entry === undefined ? undefined : stateOf(entry, this.#clock.now())
  }

  /** The requests that wait, oldest first. */
  pending(): PermissionState[] {
    return [...this.#pending.values()].map((entry) => stateOf(entry, this.#clock.now()))
  }

  /** Tells a listener of everything that happens, first of what waits already; the result stops that. */
  subscribe(listener: Listener): () => void {
    for (const entry of this.#pending.values()) listener(requestOf(entry, this.#clock.now()))
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Denies what waits and what comes later: nobody can answer any more. */
  close(): void {
    this.#closed = true
    for (const entry of [...this.#pending.values()]) this.#cancel(entry, CLOSING)
    for (const { forget } of this.#over.values()) forget()
  }

  #open(asked: PermissionAsk, decide: (outcome: PermissionOutcome) => void): void {
    const createdAt = this.#clock.now()
    const entry: PermissionEntry = {
      id: randomId(),
      asked,
      createdAt,
      timeoutMs: this.#timeoutMs,
      expiresAt: createdAt + this.#timeoutMs,
      state: 'pending',
      resolvedAt: undefined,
      message: undefined,
      stop: () => undefined,
      decide,
    }
    const left = () => this.#cancel(entry, LEFT)
    const stopTimer = this.#clock.after(this.#timeoutMs, () => this.#expire(entry))
    asked.signal?.addEventListener('abort', left, { once: true })
    entry.stop = () => {
      stopTimer()
      asked.signal?.removeEventListener('abort', left)
    }
    this.#pending.set(entry.id, entry)
    this.#tell(requestOf(entry, this.#clock.now()))
  }

  #late(id: string): PermissionReply {
    switch (this.#over.get(id)?.entry.state) {
      case 'allowed':
      case 'denied':
        return 'conflict'
      case 'expired':
      case 'cancelled':
        return 'gone'
      default:
        return 'unknown'
    }
  }

  #expire(entry: PermissionEntry): void {
    const seconds = Math.round(this.#timeoutMs / 1000)
    const message = `Permission was not answered in ${seconds} s, so it is denied`
    this.#settle(entry, 'expired', undefined, { behavior: 'deny', message })
  }

  #cancel(entry: PermissionEntry, message: string): void {
    this.#settle(entry, 'cancelled', message, { behavior: 'deny', message })
  }

  /** The one way in which a request ends. */
  #settle(
    entry: PermissionEntry,
    state: EndState,
    message: string | undefined,
    outcome: PermissionOutcome,
  ): void {
    if (!this.#pending.delete(entry.id)) return
    entry.stop()
    entry.state = state
    entry.resolvedAt = this.#clock.now()
    entry.message = message
    this.#keep(entry)
    entry.decide(outcome)
    this.#tell(endOf(entry, entry.resolvedAt, state))
  }

  #keep(entry: PermissionEntry): void {
    const forget = this.#clock.after(KEPT_MS, () => void this.#over.delete(entry.id))
    this.#over.set(entry.id, { entry, forget })
    const oldest = this.#over.values().next().value
    if (this.#over.size <= KEPT || oldest === undefined) return
    oldest.forget()
    this.#over.delete(oldest.entry.id)
  }

  #tell(event: PermissionEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

const LEFT = 'The request ended before its permission was answered'
const CLOSING = 'ccproxy is shutting down, so the tool use is denied'

function refused(message: string): Promise<PermissionOutcome> {
  return Promise.resolve({ behavior: 'deny', message })
}
