import { ClaudeCodeLogin, type ClaudeCodePlaces } from './claude-code-login.ts'
import { ANTHROPIC_OAUTH, type OAuthOptions } from './oauth.ts'
import { PlanLogin } from './plan-login.ts'
import { CredentialStore } from './store.ts'
import type { TokenSource } from './token-source.ts'

/** What the plan logins of this machine are made from, as plain values. */
export interface LoginsOptions {
  /** Where our own login is kept. */
  readonly credentialsPath: string
  /** Our version, for the user-agent. */
  readonly version: string
  readonly refreshBeforeMs: number
  /** `auth.oauth.use_claude_code_login`. */
  readonly useClaudeCodeLogin: boolean
  readonly claudeCode: ClaudeCodePlaces
  /** Told what must not go unseen. */
  readonly shout?: (message: string) => void
  /** Stands in for Anthropic's server. */
  readonly oauth?: Partial<OAuthOptions> | undefined
}

/** Our own login and Claude Code's, with what they need. */
export interface Logins {
  readonly store: CredentialStore
  readonly oauth: OAuthOptions
  readonly plan: PlanLogin
  readonly claudeCode: ClaudeCodeLogin
  /** Those that may serve requests, in the order of `credential = "auto"`. */
  readonly sources: readonly TokenSource[]
}

/** Builds the logins once for a process: their refresh is shared by all who ask. */
export function createLogins(options: LoginsOptions): Logins {
  const oauth: OAuthOptions = {
    ...ANTHROPIC_OAUTH,
    userAgent: `ccproxy/${options.version}`,
    fetch: (url, init) => fetch(url, init),
    now: Date.now,
    ...options.oauth,
  }
  const store = new CredentialStore(options.credentialsPath)
  const { refreshBeforeMs, shout } = options
  const plan = new PlanLogin({ store, oauth, refreshBeforeMs, ...(shout ? { shout } : {}) })
  const claudeCode = new ClaudeCodeLogin(options.claudeCode, () => plan.accepted(), oauth.now)
  const sources = options.useClaudeCodeLogin ? [plan, claudeCode] : [plan]
  return { store, oauth, plan, claudeCode, sources }
}
