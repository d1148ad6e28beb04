import type { Command } from '../command.ts'
import { commandHelp } from '../help.ts'
import { authAcceptTerms } from './auth-accept-terms.ts'
import { authInfo } from './auth-info.ts'
import { authLogin } from './auth-login.ts'
import { authLogout } from './auth-logout.ts'
import { authRefresh } from './auth-refresh.ts'
import { authValidate } from './auth-validate.ts'

/** `ccproxy auth …`. */
export const auth: Command = {
  name: 'auth',
  summary: 'Log in with a Claude plan, look at the login, log out',
  examples: ['ccproxy auth login', 'ccproxy auth info'],
  commands: [authLogin, authAcceptTerms, authLogout, authValidate, authInfo, authRefresh],
  async run(context) {
    context.stderr.write(commandHelp(context, auth, ['auth']))
    return 2
  },
}
