import { createLogins, type Logins } from '../../auth/logins.ts'
import { credentialsPath } from '../../config/paths.ts'
import type { Settings } from '../../config/schema.ts'
import type { CommandContext } from '../command.ts'
import { styleOf } from '../style.ts'

/** The plan logins as a command's world and settings make them. */
export function loginsFor(context: CommandContext, settings: Settings): Logins {
  const { env, home, version, oauth } = context
  const { refresh_before_seconds, use_claude_code_login } = settings.auth.oauth
  const { yellow } = styleOf(context, context.stderr)
  return createLogins({
    credentialsPath: credentialsPath(env, home),
    version,
    refreshBeforeMs: refresh_before_seconds * 1000,
    useClaudeCodeLogin: use_claude_code_login,
    claudeCode: { home, configDir: env.CLAUDE_CONFIG_DIR, platform: process.platform },
    shout: (message) => context.stderr.write(`${yellow('Warning:')} ${message}\n`),
    oauth,
  })
}
