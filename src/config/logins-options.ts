import type { LoginsOptions } from '../auth/logins.ts'
import type { OAuthOptions } from '../auth/oauth.ts'
import { credentialsPath } from './paths.ts'
import type { Settings } from './schema.ts'

/** The world in which the logins are looked for. */
export interface LoginsWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly version: string
  /** Told what must not go unseen. */
  readonly shout: (message: string) => void
  /** Stands in for what the settings say, in tests. */
  readonly oauth?: Partial<OAuthOptions> | undefined
}

/** What the plan logins are made from, the same for the server and for `ccproxy auth`. */
export function loginsOptions(settings: Settings, world: LoginsWorld): LoginsOptions {
  const { env, home, version, shout } = world
  const { oauth } = settings.auth
  return {
    credentialsPath: credentialsPath(env, home),
    version,
    refreshBeforeMs: oauth.refresh_before_seconds * 1000,
    useClaudeCodeLogin: oauth.use_claude_code_login,
    claudeCode: { home, configDir: env.CLAUDE_CONFIG_DIR, platform: process.platform },
    shout,
    oauth: { ...addresses(oauth), ...world.oauth },
  }
}

function addresses(oauth: Settings['auth']['oauth']): Partial<OAuthOptions> {
  const { authorize_url, token_url, profile_url, client_id } = oauth
  return {
    ...(authorize_url === undefined ? {} : { authorizeUrl: authorize_url }),
    ...(token_url === undefined ? {} : { tokenUrl: token_url }),
    ...(profile_url === undefined ? {} : { profileUrl: profile_url }),
    ...(client_id === undefined ? {} : { clientId: client_id }),
  }
}
