import { ProxyError } from '../kit/error.ts'
import { Secret } from '../kit/secret.ts'
import { type CommandLine, type RunCommand, runCommand } from './run-command.ts'

/** What a key helper is made from. */
export interface KeyHelperOptions {
  /** A string is read by the shell, a list is not. */
  readonly command: CommandLine
  /** How long a key is used before the command runs again. */
  readonly ttlMs: number
  /** How long the command may take; 10 s where nothing is said. */
  readonly timeoutMs?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly run?: RunCommand
}

const DEFAULT_TIMEOUT_MS = 10_000

/** Gets an API key from a command, keeps it for its time and runs one command however many ask. */
export class KeyHelper {
  readonly #options: KeyHelperOptions
  readonly #now: () => number
  #cached: { readonly key: Secret; readonly until: number } | undefined
  #flight: Promise<Secret> | undefined

  constructor(options: KeyHelperOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** The key; throws a `ProxyError` that never shows what the command printed. */
  async key(): Promise<Secret> {
    const cached = this.#cached
    return cached !== undefined && this.#now() < cached.until ? cached.key : this.#refresh()
  }

  /** A fresh key after the upstream refused one, or undefined where the command gives the same again. */
  async rejected(key: Secret): Promise<Secret | undefined> {
    if (this.#cached?.key.equals(key.reveal())) this.#cached = undefined
    const fresh = await this.key()
    return fresh.equals(key.reveal()) ? undefined : fresh
  }

  #refresh(): Promise<Secret> {
    this.#flight ??= this.#run().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #run(): Promise<Secret> {
    const { command, timeoutMs = DEFAULT_TIMEOUT_MS, run = runCommand } = this.#options
    const result = await run(command, timeoutMs)
    switch (result.kind) {
      case 'timeout':
        throw failure(`it took longer than ${timeoutMs / 1000} s`)
      case 'not-started':
        throw failure(`it could not be started (${result.reason})`)
      case 'done': {
        if (result.exitCode !== 0) throw failure(`it ended with exit code ${result.exitCode}`)
        const key = new Secret(checkedKey(result.stdout.trim()))
        this.#cached = { key, until: this.#now() + this.#options.ttlMs }
        return key
      }
    }
  }
}

function checkedKey(output: string): string {
  if (output === '') throw failure('it printed nothing')
  // A header takes visible ASCII only: anything else is a message or a page, not a key.
  if (!/^[\x21-\x7e]+$/.test(output)) throw failure('what it printed is not one key on one line')
  return output
}

function failure(why: string): ProxyError {
  return new ProxyError(
    'authentication',
    `Cannot get a key from api_key_helper: ${why}; run the command by hand to see why`,
  )
}
