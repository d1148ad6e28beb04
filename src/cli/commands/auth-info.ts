import { fetchProfile } from '../../auth/oauth.ts'
import type { TokenSource } from '../../auth/token-source.ts'
import { ProxyError } from '../../kit/error.ts'
import { factsTable, loginFacts } from '../auth/login-facts.ts'
import { loginsFor } from '../auth/logins-for.ts'
import type { Command } from '../command.ts'
import { CONFIG_FLAGS, JSON_FLAG } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { withSpinner } from '../spinner.ts'

/** `ccproxy auth info`: whose login it is and until when; refreshes it where it has expired. */
export const authInfo: Command = {
  name: 'info',
  summary: 'Show account, plan, scopes and expiry; refreshes an expired login',
  examples: ['ccproxy auth info', 'ccproxy auth info --json'],
  flags: [...CONFIG_FLAGS, JSON_FLAG],
  async run(context, input) {
    const { settings } = await loadFor(context, input)
    const { oauth, sources } = loginsFor(context, settings)
    const login = await usable(sources)
    const asking = (async () => fetchProfile(oauth, await login.token()))()
    const profile = await withSpinner(context.stderr, () => 'Asking Anthropic', asking)
    const state = await login.state()
    if (state.kind !== 'ready') throw new ProxyError('internal', 'The login vanished: try again')
    const facts = loginFacts(state, oauth.now(), profile)
    const json = input.switches.has('json')
    context.stdout.write(json ? `${JSON.stringify(facts, undefined, 2)}\n` : factsTable(facts))
    if (profile === undefined) {
      context.stderr.write('Anthropic did not say whose account it is\n')
    }
    return 0
  },
}

/** The first login that is there; where there is none, the first one's own error says what to run. */
async function usable(sources: readonly TokenSource[]): Promise<TokenSource> {
  for (const source of sources) {
    if ((await source.state()).kind !== 'absent') return source
  }
  const [first] = sources
  if (first === undefined) throw new ProxyError('internal', 'There is no place for a login')
  // It throws before anybody is said to be asked.
  await first.token()
  return first
}
