import type { CommandContext } from '../command.ts'
import { remark } from '../style.ts'
import { claudeDetours, claudeSignedIn } from './claude-places.ts'
import { claudeVariables, keepsOwn } from './claude-variables.ts'
import type { Client } from './open-route.ts'
import type { Route } from './route.ts'
import type { Variables } from './variables.ts'

/** The variables that Claude Code is started with; says what would keep it from working. */
export async function claudeLaunch(
  context: CommandContext,
  client: Client,
  route: Route,
): Promise<Variables> {
  const { header_timeout_seconds: header, idle_timeout_seconds: idle } = client.settings.network
  const signedIn = route.kind === 'anthropic' && (await claudeSignedIn(context))
  const timeoutMs = (header + idle) * 1000
  const options = { env: context.env, route, signedIn, timeoutMs }
  const warn = (text: string) => remark(context, 'Warning', text)
  for (const what of await claudeDetours(context, route.url)) {
    warn(`Claude Code's settings.json sets ${what}, which wins over ccproxy: remove it there`)
  }
  if (keepsOwn(options) && !signedIn) {
    warn(
      `Neither ccproxy (provider "${route.provider}") nor Claude Code has a credential: sign in with /login, set ANTHROPIC_API_KEY, or run "ccproxy auth login"`,
    )
  }
  return claudeVariables(options)
}
