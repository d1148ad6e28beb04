import { IDENTITY_LINE, PLAN_LOGIN_BETAS } from '../../auth/identity.ts'
import { type CommandContext, type CommandInput, type Flag, UsageError } from '../command.ts'
import { styleOf } from '../style.ts'

/** The flag by which a script says what a person types. */
export const ACCEPT_FLAG: Flag = {
  name: 'accept-terms',
  description: 'Say yes to what is explained, for scripts',
}

/** What a plan login is and what it may cost, in plain words. */
function explanation(context: CommandContext, path: string): string {
  const { bold } = styleOf(context, context.stderr)
  return `${bold('What a plan login is')}
  ccproxy can send requests with your Claude plan (Pro, Max, Team, Enterprise) in place of an API key.
  It is your own choice and your own risk; read this first.

${bold("What Anthropic's published terms say")}
  Plan credentials are for Claude Code and Anthropic's own applications. Other software may not
  route requests through them on behalf of its users, nor collect, keep or pass on the login.
  For everything else the terms ask for an API key or a cloud provider.

${bold('What may happen')}
  Requests may be refused at any time, and the account may be limited or closed without notice.

${bold('What ccproxy does with it')}
  The login is kept in ${path}, readable by you alone.
  It serves this machine only: it is refused while ccproxy listens beyond loopback.
  One account; nothing is pooled or shared.
  Anthropic refuses plan requests that do not look like Claude Code's. So ccproxy puts the line
  "${IDENTITY_LINE}" before the system prompt
  and adds the betas ${PLAN_LOGIN_BETAS.join(' and ')}. It makes up
  nothing else: no user-agent, no other sign of Claude Code.

${bold('What you can use instead')}
  An API key (ANTHROPIC_API_KEY), a key helper, a cloud provider, a gateway, or Claude Code itself,
  signed in with your plan.
`
}

/** Explains and asks; gives whether the user said yes. Without a terminal only the flag says it. */
export async function askForAcceptance(
  context: CommandContext,
  input: CommandInput,
  path: string,
): Promise<boolean> {
  context.stderr.write(`${explanation(context, path)}\n`)
  if (input.switches.has(ACCEPT_FLAG.name)) return true
  if (context.stdin?.isTerminal !== true) {
    throw new UsageError(
      `Nobody can be asked without a terminal: read the above and add "--${ACCEPT_FLAG.name}" to accept it`,
    )
  }
  context.stderr.write('Type "yes" to accept this and go on: ')
  const answer = await context.stdin.readLine()
  if (answer?.trim().toLowerCase() === 'yes') return true
  context.stderr.write('Nothing was changed.\n')
  return false
}
