import type { Logins, LoginsOptions } from './logins.ts'
import type { TokenSource } from './token-source.ts'

/** The logins of a process that may never need them: nothing is loaded before somebody asks. */
export interface LazyLogins {
  /** As `Logins.sources`. */
  readonly sources: readonly TokenSource[]
  load(): Promise<Logins>
  /** Tries to save what could not be saved; costs nothing where no login was used. */
  close(): Promise<void>
}

/** Puts the making of the logins off; a proxy that uses API keys never pays for it. */
export function lazyLogins(options: LoginsOptions): LazyLogins {
  let loaded: Promise<Logins> | undefined
  const load = () => {
    loaded ??= import('./logins.ts').then(({ createLogins }) => createLogins(options))
    return loaded
  }
  const plan = lazySource('plan-login', async () => (await load()).plan)
  const claudeCode = lazySource('claude-code-login', async () => (await load()).claudeCode)
  return {
    sources: options.useClaudeCodeLogin ? [plan, claudeCode] : [plan],
    load,
    async close() {
      if (loaded !== undefined) await (await loaded).plan.close()
    },
  }
}

function lazySource(kind: TokenSource['kind'], load: () => Promise<TokenSource>): TokenSource {
  return {
    kind,
    state: async () => (await load()).state(),
    token: async () => (await load()).token(),
    rejected: async (token) => (await load()).rejected(token),
  }
}
