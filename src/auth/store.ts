import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode, ProxyError } from '../kit/error.ts'
import { takeLock } from '../kit/file-lock.ts'
import { removeIfThere, saveFile } from './save-file.ts'
import {
  type Credentials,
  type CredentialsJson,
  parseCredentials,
  type StoredLogin,
  withLogin,
} from './stored-login.ts'

/** How long a lock that nobody refreshes still counts, ms. */
const STALE_MS = 10_000
/** Longer than the slowest refresh, so that a waiting process sees its outcome. */
const LOCK_WAIT_MS = 45_000

const NOTHING: Credentials = { login: undefined, termsAcceptedAt: undefined }

/** Our own credentials file; whoever writes it holds its lock. */
export class CredentialStore {
  readonly path: string
  readonly #lockWaitMs: number

  constructor(path: string, options: { readonly lockWaitMs?: number } = {}) {
    this.path = path
    this.#lockWaitMs = options.lockWaitMs ?? LOCK_WAIT_MS
  }

  /** What the file holds, nothing where there is none; a `ProxyError` names what is wrong with it. */
  async read(): Promise<Credentials> {
    return (await this.#read())?.credentials ?? NOTHING
  }

  /** Changes whenever the file is replaced: to know it without reading it. */
  async version(): Promise<string> {
    try {
      const { mtimeMs, ino, size } = await stat(this.path)
      return `${mtimeMs}-${ino}-${size}`
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 'none'
      throw this.#unreadable(error)
    }
  }

  /** Writes a login into the file; call it inside `locked`. */
  async saveLogin(login: StoredLogin): Promise<void> {
    await this.#change((json) => withLogin(json, login))
  }

  /** Records that the account holder accepted the terms; call it inside `locked`. */
  async saveAcceptance(acceptedAt: string): Promise<void> {
    await this.#change((json) => ({ ...json, termsAcceptedAt: acceptedAt }))
  }

  /** Writes a new login with its acceptance; call it inside `locked`. */
  async saveNew(login: StoredLogin, acceptedAt: string): Promise<void> {
    await this.#change((json) => ({ ...withLogin(json, login), termsAcceptedAt: acceptedAt }))
  }

  /** Removes the file; says whether there was one. */
  async remove(): Promise<boolean> {
    return this.locked(async () => {
      const existed = (await this.version()) !== 'none'
      await removeIfThere(this.path)
      return existed
    })
  }

  /** Runs `work` while no other process holds the file's lock. */
  async locked<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#makeFolder()
    const release = await this.#lock()
    try {
      return await work()
    } finally {
      await release()
    }
  }

  /** Where another process takes the lock over, what we then write is still whole: one of the two adopts the other's. */
  async #lock(): Promise<() => Promise<void>> {
    const times = { waitMs: this.#lockWaitMs, staleMs: STALE_MS }
    const release = await takeLock(this.path, times).catch((error: unknown) => {
      throw this.#unwritable(error)
    })
    if (release === undefined) throw this.#lockHeld()
    return release
  }

  async #makeFolder(): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
    } catch (error) {
      throw this.#unwritable(error)
    }
  }

  async #change(change: (json: CredentialsJson) => CredentialsJson): Promise<void> {
    const json = (await this.#read())?.json ?? {}
    try {
      await saveFile(this.path, `${JSON.stringify(change(json), undefined, 2)}\n`)
    } catch (error) {
      throw this.#unwritable(error)
    }
  }

  async #read() {
    let text: string
    try {
      await this.#checkMode()
      text = await readFile(this.path, 'utf8')
    } catch (error) {
      if (error instanceof ProxyError) throw error
      if (errorCode(error) === 'ENOENT') return undefined
      throw this.#unreadable(error)
    }
    const parsed = parseCredentials(text)
    if (typeof parsed === 'string') {
      throw this.#error(
        `Cannot use credentials file "${this.path}": ${parsed}; restore it, or delete it and run "ccproxy auth login"`,
      )
    }
    return parsed
  }

  async #checkMode(): Promise<void> {
    if (process.platform === 'win32') return
    const mode = (await stat(this.path)).mode & 0o777
    if ((mode & 0o077) === 0) return
    throw this.#error(
      `Cannot use credentials file "${this.path}": its mode ${mode.toString(8)} lets others read it; run "chmod 600 ${this.path}"`,
    )
  }

  #unreadable(error: unknown): ProxyError {
    const code = errorCode(error) ?? 'unknown error'
    return this.#error(
      `Cannot read credentials file "${this.path}": ${code}; make it a file that you own and may read`,
      error,
    )
  }

  #unwritable(error: unknown): ProxyError {
    const code = errorCode(error) ?? 'unknown error'
    return this.#error(
      `Cannot write credentials file "${this.path}": ${code}; make its folder one that you own and may write, with space left`,
      error,
    )
  }

  #lockHeld(): ProxyError {
    return new ProxyError(
      'unavailable',
      `Cannot lock credentials file "${this.path}": another process holds "${this.path}.lock"; end it, then try again`,
    )
  }

  #error(message: string, cause?: unknown): ProxyError {
    return new ProxyError('authentication', message, cause === undefined ? {} : { cause })
  }
}
