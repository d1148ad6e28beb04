import { fingerprint, type HistoryMessage } from './history.ts'

/** What was said in one conversation, up to its last answer. */
interface Kept {
  readonly messages: readonly HistoryMessage[]
  readonly used: number
}

/** More conversations than this are forgotten, the longest unused first. */
const MOST = 500

/** The conversations that a path names: they are remembered also when their process is gone. */
export class KeptConversations {
  readonly #kept = new Map<string, Kept>()

  /** What a message that comes without history goes on from; the same first message once more begins anew. */
  before(id: string, prompt: HistoryMessage): readonly HistoryMessage[] {
    const messages = this.#kept.get(id)?.messages ?? []
    const [first] = messages
    return first === undefined || fingerprint(first) === fingerprint(prompt) ? [] : messages
  }

  /** Remembers a conversation as it is now. */
  keep(id: string, messages: readonly HistoryMessage[]): void {
    this.#kept.delete(id)
    this.#kept.set(id, { messages, used: Date.now() })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest)
  }

  /** Forgets those that nobody has gone on with for so long. */
  expire(ms: number): void {
    const now = Date.now()
    for (const [id, { used }] of this.#kept) if (now - used > ms) this.#kept.delete(id)
  }
}
