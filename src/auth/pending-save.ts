import { messageOf } from '../kit/error.ts'
import type { CredentialStore } from './store.ts'
import { type StoredLogin, sameLogin } from './stored-login.ts'

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000

interface Unsaved {
  readonly login: StoredLogin
  /** What the file held when the refresh began: only that may be replaced. */
  readonly replaces: StoredLogin
}

/**
 * A rotated login that could not be written. The refresh token in the file is dead by then, so losing
 * this one would log the user out: it stays in memory and is tried again until it is saved.
 */
export class PendingSave {
  readonly #store: CredentialStore
  readonly #shout: (message: string) => void
  #unsaved: Unsaved | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #delay = FIRST_RETRY_MS

  constructor(store: CredentialStore, shout: (message: string) => void) {
    this.#store = store
    this.#shout = shout
  }

  /** The login that is newer than the file. */
  get login(): StoredLogin | undefined {
    return this.#unsaved?.login
  }

  /** Keeps a login after its first save failed. */
  keep(login: StoredLogin, replaces: StoredLogin, error: unknown): void {
    // Refreshed again before it was saved: the file still holds the oldest of them.
    this.#unsaved = { login, replaces: this.#unsaved?.replaces ?? replaces }
    this.#shout(
      `Cannot save the refreshed plan login: ${messageOf(error)}; it is kept in memory and lost if ccproxy ends before it is saved`,
    )
    this.#schedule()
  }

  /** Drops what is kept, for the file holds it or something newer. */
  clear(): void {
    this.#unsaved = undefined
    this.#delay = FIRST_RETRY_MS
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Tries once more now; says whether nothing is left to save. */
  async flush(): Promise<boolean> {
    if (this.#unsaved === undefined) return true
    try {
      await this.#store.locked(() => this.saveLocked())
      return true
    } catch (error) {
      this.#shout(`Cannot save the refreshed plan login yet: ${messageOf(error)}`)
      return false
    }
  }

  /** Saves inside a lock that the caller holds, unless someone has logged in anew since. */
  async saveLocked(): Promise<void> {
    const unsaved = this.#unsaved
    if (unsaved === undefined) return
    const { login } = await this.#store.read()
    if (sameLogin(login, unsaved.replaces)) await this.#store.saveLogin(unsaved.login)
    this.clear()
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#retry(), this.#delay)
    this.#timer.unref()
    this.#delay = Math.min(this.#delay * 2, LONGEST_RETRY_MS)
  }

  async #retry(): Promise<void> {
    if (!(await this.flush())) this.#schedule()
  }
}
