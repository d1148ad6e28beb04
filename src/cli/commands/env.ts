import { didYouMean } from '../../config/suggest.ts'
import { ownValue } from '../../kit/own-value.ts'
import { isProxy } from '../client/background-proxy.ts'
import { CLIENT_FLAGS } from '../client/client-flags.ts'
import { detectShell } from '../client/detect-shell.ts'
import { generalVariables } from '../client/general-variables.ts'
import { type Client, loadClient } from '../client/open-route.ts'
import { askRoute, guessRoute, type Route } from '../client/route.ts'
import { SHELLS, type Shell } from '../client/shells.ts'
import type { Variables } from '../client/variables.ts'
import { type Command, type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { JSON_FLAG } from '../setting-flags.ts'
import { remark, styleOf } from '../style.ts'

/** `ccproxy env`: the variables that point clients at ccproxy, as lines for a shell. */
export const env: Command = {
  name: 'env',
  summary: 'Print the variables that point clients at ccproxy, for a shell to eval',
  examples: [
    'eval "$(ccproxy env)"',
    'ccproxy env | source                                  (fish)',
    'ccproxy env | Out-String | Invoke-Expression          (PowerShell)',
    'ccproxy env --shell cmd > on.cmd && call on.cmd       (cmd)',
    'eval "$(ccproxy env --unset)"',
    'ccproxy env --json    (null means: not to be set)',
  ],
  flags: [
    { name: 'shell', value: Object.keys(SHELLS).join('|'), description: 'Shell to write for' },
    { name: 'unset', description: 'Take the variables away again' },
    JSON_FLAG,
    ...CLIENT_FLAGS,
  ],
  async run(context, input) {
    const json = input.switches.has('json')
    const shell = shellOf(context, input)
    const client = await loadClient(context, input)
    const route = await routeOf(context, client)
    const variables = input.switches.has('unset')
      ? gone(context, route)
      : generalVariables(context.env, route)
    context.stdout.write(json ? asJson(variables) : asLines(variables, shell))
    if (!input.switches.has('unset')) tell(context, route, shell, json)
    return 0
  },
}

function shellOf(context: CommandContext, { flags }: CommandInput): Shell {
  const name = flags.shell ?? detectShell(context.env)
  const shell = ownValue(SHELLS, name)
  if (shell !== undefined) return shell
  const names = Object.keys(SHELLS)
  const hint = didYouMean(name, names) || `: it is one of ${names.join(', ')}`
  throw new UsageError(`Unknown shell "${name}"${hint}`)
}

/** The proxy that runs knows best; without one the settings of this place do. */
async function routeOf(context: CommandContext, client: Client): Promise<Route> {
  const { address, way, key, settings } = client
  if (await isProxy(address)) return askRoute(address, way, key, settings)
  remark(context, 'Note', `No ccproxy answers at ${address} yet: start it with "ccproxy"`)
  return guessRoute(address, way, key, settings)
}

/** Every variable that some way may set. */
function gone({ env }: CommandContext, route: Route): Variables {
  const any: Route = { ...route, key: '', kind: 'openai', credential: 'own' }
  const names = Object.entries(generalVariables(env, any)).filter(
    // What other hosts are reached without is not ours to forget.
    ([name, value]) => value !== undefined && !/^no_proxy$/i.test(name),
  )
  return Object.fromEntries(names.map(([name]) => [name, undefined]))
}

function asLines(variables: Variables, shell: Shell): string {
  const lines = Object.entries(variables).map(([name, value]) =>
    value === undefined ? shell.unset(name) : shell.set(name, value),
  )
  return `${lines.join('\n')}\n`
}

function asJson(variables: Variables): string {
  const entries = Object.entries(variables).map(([name, value]) => [name, value ?? null])
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`
}

function tell(context: CommandContext, { key }: Route, { use }: Shell, json: boolean): void {
  const { stdout, stderr } = context
  if (!stdout.isTerminal) return
  const { dim } = styleOf(context, stderr)
  if (key !== undefined) remark(context, 'Note', 'These lines hold your client key')
  if (!json) stderr.write(`${dim(`To make them count: ${use}`)}\n`)
}
