import type { TokenSource, TokenState } from '../../auth/token-source.ts'
import { factsTable, loginFacts } from '../auth/login-facts.ts'
import { loginsFor } from '../auth/logins-for.ts'
import type { Command } from '../command.ts'
import { CONFIG_FLAGS, JSON_FLAG } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'

/** `ccproxy auth validate`: exit code 0 where the login is valid; never asks the network. */
export const authValidate: Command = {
  name: 'validate',
  summary: 'Check the stored plan login: exit code 0 valid, 1 expired or missing',
  examples: ['ccproxy auth validate', 'ccproxy auth validate --json'],
  flags: [...CONFIG_FLAGS, JSON_FLAG],
  async run(context, input) {
    const { settings } = await loadFor(context, input)
    const { oauth, sources } = loginsFor(context, settings)
    const state = await firstPresent(sources)
    const { status, message } = verdict(state, oauth.now())
    const facts = state.kind === 'ready' ? loginFacts(state, oauth.now()) : undefined
    if (input.switches.has('json')) {
      const reason = message === undefined ? {} : { reason: message }
      context.stdout.write(`${JSON.stringify({ status, ...facts, ...reason }, undefined, 2)}\n`)
    } else {
      context.stdout.write(`The plan login is ${status}\n`)
      if (facts !== undefined) context.stdout.write(factsTable(facts))
      if (message !== undefined) context.stderr.write(`${message}\n`)
    }
    return status === 'valid' ? 0 : 1
  },
}

async function firstPresent(sources: readonly TokenSource[]): Promise<TokenState> {
  for (const source of sources) {
    const state = await source.state()
    if (state.kind !== 'absent') return state
  }
  return { kind: 'absent' }
}

interface Verdict {
  readonly status: 'valid' | 'expired' | 'missing' | 'not accepted' | 'unusable'
  readonly message?: string
}

function verdict(state: TokenState, now: number): Verdict {
  switch (state.kind) {
    case 'absent':
      return { status: 'missing', message: 'Run "ccproxy auth login" to make one' }
    case 'not-accepted':
      return {
        status: 'not accepted',
        message: `The login in ${state.source} is not used before you run "ccproxy auth accept-terms"`,
      }
    case 'unusable':
      return { status: 'unusable', message: state.reason }
    case 'ready': {
      const expired = state.expiresAt !== undefined && state.expiresAt <= now
      if (!expired) return { status: 'valid' }
      return {
        status: 'expired',
        message: 'It is refreshed when it is next used; run "ccproxy auth refresh" to do it now',
      }
    }
  }
}
