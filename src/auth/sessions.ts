import { randomUrlText } from '../kit/random-url-text.ts'
import { sha256Hex } from '../kit/sha256.ts'
import { type AcceptedKey, type ClientKeys, findClientKey } from './client-key.ts'

/** Who is signed in: the named token's name, for logs. */
export interface Session {
  readonly name: string | undefined
}

interface Kept {
  readonly key: AcceptedKey
  /** When it was last used, ms since the epoch. */
  used: number
}

/** A session that nobody uses ends after this, ms. */
const IDLE_MS = 7 * 86_400_000
/** More sessions are not kept: the one longest unused goes first. */
const MOST = 100

/**
 * Browsers that have shown a client key and hold a random token in its place. They are signed in until they sign
 * out, their key ends, or the process does; only digests of the tokens are kept.
 */
export class Sessions {
  readonly #keys: ClientKeys
  /** By the token's digest, the longest unused first. */
  readonly #kept = new Map<string, Kept>()

  constructor(keys: ClientKeys) {
    this.#keys = keys
  }

  /** Whether there is any key to ask for. */
  get needed(): boolean {
    return this.#keys.length > 0
  }

  /** A new session's token for whoever knows a client key; undefined for others. @param now ms since the epoch */
  open(key: string, now: number): string | undefined {
    const accepted = findClientKey(this.#keys, key, now)
    if (accepted === undefined) return undefined
    const token = randomUrlText()
    this.#kept.set(sha256Hex(token), { key: accepted, used: now })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest)
    return token
  }

  /** Whose token it is; undefined where it is nobody's any more. */
  find(token: string, now: number): Session | undefined {
    // What is looked up is a digest: its time tells nothing of the token.
    const id = sha256Hex(token)
    const kept = this.#kept.get(id)
    if (kept === undefined) return undefined
    this.#kept.delete(id)
    if (now >= kept.key.expires || now - kept.used > IDLE_MS) return undefined
    kept.used = now
    this.#kept.set(id, kept)
    return { name: kept.key.name }
  }

  /** Ends a session. */
  close(token: string): void {
    this.#kept.delete(sha256Hex(token))
  }
}
