import { fingerprint, type HistoryMessage } from './history.ts'

/** What was said in one conversation, up to its last answer. */
interface Kept {
  readonly messages: readonly HistoryMessage[]
  readonly used: number
  /** Characters, as JSON. */
  readonly size: number
}

/** More conversations than this are forgotten, the longest unused first. */
const MOST = 500
/** Nor do all of them together take more than this: with their images a few can be large. */
const MOST_CHARS = 128 * 1024 * 1024

/** The conversations that a path names: they are remembered also when their process is gone. */
export class KeptConversations {
  readonly #kept = new Map<string, Kept>()
  readonly #mostChars: number
  #chars = 0

  constructor(mostChars = MOST_CHARS) {
    this.#mostChars = mostChars
  }

  /** What a message that comes without history goes on from; the same first message once more begins anew. */
  before(id: string, prompt: HistoryMessage): readonly HistoryMessage[] {
    const messages = this.#kept.get(id)?.messages ?? []
    const [first] = messages
    return first === undefined || fingerprint(first) === fingerprint(prompt) ? [] : messages
  }

  /** Remembers a conversation as it is now. */
  keep(id: string, messages: readonly HistoryMessage[]): void {
    this.#forget(id)
    const size = JSON.stringify(messages).length
    this.#kept.set(id, { messages, used: Date.now(), size })
    this.#chars += size
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST && this.#chars <= this.#mostChars) return
      this.#forget(oldest)
    }
  }

  /** Forgets those that nobody has gone on with for so long. */
  expire(ms: number): void {
    const now = Date.now()
    for (const [id, { used }] of this.#kept) if (now - used > ms) this.#forget(id)
  }

  #forget(id: string): void {
    this.#chars -= this.#kept.get(id)?.size ?? 0
    this.#kept.delete(id)
  }
}
