import { ProxyError } from '../../kit/error.ts'
import { factsTable, loginFacts } from '../auth/login-facts.ts'
import { loginsFor } from '../auth/logins-for.ts'
import type { Command } from '../command.ts'
import { CONFIG_FLAGS, JSON_FLAG } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { withSpinner } from '../spinner.ts'

/** `ccproxy auth refresh`: a fresh token now, whatever the old one's expiry says. */
export const authRefresh: Command = {
  name: 'refresh',
  summary: 'Refresh the stored plan login now',
  examples: ['ccproxy auth refresh', 'ccproxy auth refresh --json'],
  flags: [...CONFIG_FLAGS, JSON_FLAG],
  async run(context, input) {
    const { settings } = await loadFor(context, input)
    const { oauth, plan, claudeCode } = loginsFor(context, settings)
    if ((await plan.state()).kind === 'absent') {
      if ((await claudeCode.state()).kind !== 'absent') {
        throw new ProxyError(
          'authentication',
          'Only Claude Code\'s own login was found, and ccproxy never refreshes that: run "claude" once, or "ccproxy auth login"',
        )
      }
      await plan.token() // It throws before anything is said to go on.
    }
    await withSpinner(context.stderr, () => 'Refreshing', plan.refresh())
    const saved = await plan.close()
    const state = await plan.state()
    if (state.kind !== 'ready') throw new ProxyError('internal', 'The login vanished: try again')
    const facts = loginFacts(state, oauth.now())
    const json = input.switches.has('json')
    context.stdout.write(
      json ? `${JSON.stringify(facts, undefined, 2)}\n` : `Refreshed\n${factsTable(facts)}`,
    )
    return saved ? 0 : 1
  },
}
