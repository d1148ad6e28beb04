import { loginsFor } from '../auth/logins-for.ts'
import { ACCEPT_FLAG, askForAcceptance } from '../auth/terms.ts'
import type { Command } from '../command.ts'
import { CONFIG_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { remark } from '../style.ts'

/** `ccproxy auth accept-terms`: for Claude Code's login, or for a file of ours without acceptance. */
export const authAcceptTerms: Command = {
  name: 'accept-terms',
  summary: 'Accept what a plan login means, for a login that exists already',
  examples: ['ccproxy auth accept-terms', 'ccproxy auth accept-terms --accept-terms'],
  flags: [...CONFIG_FLAGS, ACCEPT_FLAG],
  async run(context, input) {
    const { settings } = await loadFor(context, input)
    const { oauth, store, sources } = loginsFor(context, settings)
    if (!(await askForAcceptance(context, input, store.path))) return 1
    const acceptedAt = new Date(oauth.now()).toISOString()
    await store.locked(() => store.saveAcceptance(acceptedAt))
    context.stdout.write(`Recorded in ${store.path}\n`)
    const states = await Promise.all(sources.map((source) => source.state()))
    if (states.every(({ kind }) => kind === 'absent')) {
      remark(context, 'Note', 'No login is there yet: run "ccproxy auth login"')
    }
    return 0
  },
}
