import { messageOf } from '../../kit/error.ts'
import type { ProviderStatus } from '../provider.ts'
import { claudeLogin, type LoginPlaces, type LoginState } from './claude-login.ts'
import type { ClaudeVersions } from './claude-version.ts'
import type { ClaudeFinder, FoundClaude } from './find-claude.ts'
import type { RunClaude } from './run-claude.ts'
import { notInstalled } from './sdk-failure.ts'

/** How many Claude Codes run. */
export interface SessionCounts {
  readonly warm: number
  readonly busy: number
}

/** What the status of SDK mode is read from. */
export interface SdkStatusOptions {
  /** The provider's name. */
  readonly name: string
  readonly finder: Pick<ClaudeFinder, 'find'>
  readonly versions: ClaudeVersions
  /** How the executable that was found is run, as a session would be. */
  readonly runnerFor: (claude: FoundClaude) => RunClaude
  readonly login: LoginPlaces
  readonly isolation: 'none' | 'docker' | 'bubblewrap'
  readonly sessions: () => SessionCounts
}

/** The `claude` object of `/sdk/status` and of `doctor`. */
export interface ClaudeDetails {
  readonly path?: string
  readonly version?: string
  readonly login?: LoginState
  /** Why it cannot be used, and what to do. */
  readonly problem?: string
}

/** Two processes for each look at the status are too many for a page that asks every second, ms. */
const BELIEVED_MS = 5000

/** Tells what `/sdk` would use; what it learnt is believed for five seconds. */
export class SdkStatus {
  readonly #options: SdkStatusOptions
  #asked: { readonly at: number; readonly claude: Promise<ClaudeDetails> } | undefined

  constructor(options: SdkStatusOptions) {
    this.#options = options
  }

  /** The status of the provider; never a secret. */
  async status(): Promise<ProviderStatus> {
    const { name, isolation, sessions } = this.#options
    const claude = await this.claude()
    const credential = claude.login === undefined ? 'unknown' : claude.login.how
    return {
      provider: name,
      kind: 'claude-sdk',
      base_url: undefined,
      credential,
      reachable: claude.problem === undefined,
      details: { claude, isolation, sessions: { ...sessions() } },
    }
  }

  /** What is known of the executable and its login. */
  claude(): Promise<ClaudeDetails> {
    const now = (this.#options.login.now ?? Date.now)()
    if (this.#asked === undefined || Math.abs(now - this.#asked.at) >= BELIEVED_MS) {
      this.#asked = { at: now, claude: readDetails(this.#options) }
    }
    return this.#asked.claude
  }
}

async function readDetails(options: SdkStatusOptions): Promise<ClaudeDetails> {
  const { finder, versions, runnerFor, login } = options
  let found: FoundClaude | undefined
  try {
    found = await finder.find()
  } catch (error) {
    return { problem: messageOf(error) }
  }
  if (found === undefined) return { problem: notInstalled().message }
  const run = runnerFor(found)
  const result = await versions.read(found.path, run)
  if (result.kind === 'failed') return { path: found.realPath, problem: result.reason }
  const { version } = result
  const state = await claudeLogin(login, { version, run })
  return { path: found.realPath, version, login: state }
}
