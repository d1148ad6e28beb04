import type { Settings } from '../../config/schema.ts'
import { ClaudeFinder } from '../../provider/claude-sdk/find-claude.ts'
import { notInstalled } from '../../provider/claude-sdk/sdk-failure.ts'
import { become, deeper } from '../client/become.ts'
import { claudeLaunch } from '../client/claude-launch.ts'
import { CLIENT_FLAGS } from '../client/client-flags.ts'
import { loadClient, openRoute } from '../client/open-route.ts'
import { withVariables } from '../client/variables.ts'
import type { Command, CommandContext } from '../command.ts'

/** `ccproxy code`: Claude Code through ccproxy. */
export const code: Command = {
  name: 'code',
  summary: 'Start Claude Code through ccproxy',
  usage: 'ccproxy [FLAGS] code [ARGUMENTS...]',
  examples: [
    'ccproxy code',
    'ccproxy code -p "What does this project do?"',
    'ccproxy --mode sdk code --model opus',
    'ccproxy --provider gateway code --continue',
    'ccproxy code --help    (the help of Claude Code)',
  ],
  flags: CLIENT_FLAGS,
  positionals: [
    {
      name: 'ARGUMENTS',
      description:
        'Those of Claude Code, passed on as they are: flags of ccproxy stand before "code"',
      optional: true,
      variadic: true,
    },
  ],
  async run(context, input) {
    const client = await loadClient(context, input)
    const path = await claudePath(context, client.settings)
    const depth = deeper(context.env, path)
    const route = await openRoute(context, client)
    const variables = { ...(await claudeLaunch(context, client, route)), ...depth }
    return become(context, path, input.positionals, withVariables(context.env, variables))
  },
}

async function claudePath(
  { env, home }: CommandContext,
  { sdk: { cli_path: cliPath } }: Settings,
): Promise<string> {
  const { platform, execPath: self } = process
  const found = await new ClaudeFinder({ cliPath, env, home, platform, self }).find()
  if (found === undefined) throw notInstalled()
  return found.path
}
