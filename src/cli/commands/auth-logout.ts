import { loginsFor } from '../auth/logins-for.ts'
import type { Command } from '../command.ts'
import { CONFIG_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'

/** `ccproxy auth logout`: removes our file, and says what that leaves. */
export const authLogout: Command = {
  name: 'logout',
  summary: 'Remove the stored plan login',
  examples: ['ccproxy auth logout'],
  flags: CONFIG_FLAGS,
  async run(context, input) {
    const { settings } = await loadFor(context, input)
    const { store } = loginsFor(context, settings)
    const existed = await store.remove()
    if (!existed) {
      context.stdout.write(`No login is stored in ${store.path}\n`)
      return 0
    }
    context.stdout.write(`Removed ${store.path}\n`)
    context.stderr.write(
      "This revokes nothing: at Anthropic the tokens live until they expire or you end the session in your account's settings at https://claude.ai/settings. Claude Code's own login is untouched.\n",
    )
    return 0
  },
}
