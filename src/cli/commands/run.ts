import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorCode } from '../../kit/error.ts'
import { become, deeper } from '../client/become.ts'
import { claudeLaunch } from '../client/claude-launch.ts'
import { CLIENT_FLAGS } from '../client/client-flags.ts'
import { codexArguments } from '../client/codex-arguments.ts'
import { generalVariables } from '../client/general-variables.ts'
import { type Client, loadClient, openRoute } from '../client/open-route.ts'
import type { Route } from '../client/route.ts'
import { type Variables, withVariables } from '../client/variables.ts'
import type { Command, CommandContext } from '../command.ts'

/** As shells end where there is no such command. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** `ccproxy run`: any client through ccproxy. */
export const run: Command = {
  name: 'run',
  summary: 'Start any client through ccproxy, with its variables set',
  usage: 'ccproxy run [FLAGS] -- COMMAND [ARGUMENTS...]',
  examples: [
    'ccproxy run -- aider --model openai/claude-sonnet-5-5',
    'ccproxy run -- codex exec "Explain this repository"',
    'ccproxy run --provider gateway -- python my_agent.py',
    'ccproxy run -- bash    (a shell whose commands all go through ccproxy)',
  ],
  flags: CLIENT_FLAGS,
  positionals: [
    { name: 'COMMAND', description: 'The program' },
    {
      name: 'ARGUMENTS',
      description: 'Its arguments, passed on as they are',
      optional: true,
      variadic: true,
    },
  ],
  async run(context, input) {
    const [program = ''] = input.positionals
    const path = find(context, program)
    if (typeof path !== 'string') {
      context.stderr.write(`Error: Cannot run "${program}": ${path.why}\n`)
      return path.code
    }
    const client = await loadClient(context, input)
    const depth = deeper(context.env, path)
    const route = await openRoute(context, client)
    const variables = { ...(await variablesFor(context, client, route, path)), ...depth }
    const [, ...args] = codexArguments(input.positionals, route)
    return become(context, path, args, withVariables(context.env, variables))
  },
}

/** Claude Code has rules of its own for the credential. */
async function variablesFor(
  context: CommandContext,
  client: Client,
  route: Route,
  path: string,
): Promise<Variables> {
  const name = path.split(/[/\\]/).at(-1) ?? ''
  if (/^claude(\.(exe|cmd))?$/i.test(name)) return claudeLaunch(context, client, route)
  return generalVariables(context.env, route)
}

/** The program's file, found as a shell finds it, or why there is none. */
function find({ env, cwd }: CommandContext, program: string) {
  if (!/[/\\]/.test(program)) {
    const found =
      program === '' ? null : Bun.which(program, { PATH: env.PATH ?? env.Path ?? '', cwd })
    return found === null ? { why: 'PATH does not have it', code: NOT_FOUND } : found
  }
  const path = resolve(cwd, program)
  try {
    if (statSync(path).isDirectory()) return { why: 'it is a folder', code: NOT_EXECUTABLE }
    accessSync(path, process.platform === 'win32' ? constants.F_OK : constants.X_OK)
    return path
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT') return { why: 'there is no such file', code: NOT_FOUND }
    return { why: code === 'EACCES' ? 'it is not executable' : String(code), code: NOT_EXECUTABLE }
  }
}
