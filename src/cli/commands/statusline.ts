import { loadSettings } from '../../config/load.ts'
import { humanDuration, humanMoney, humanShare } from '../../kit/human.ts'
import { parseJson } from '../../kit/json.ts'
import { fittedLine } from '../../kit/plain-text.ts'
import { askProxy } from '../client/ask-proxy.ts'
import { type Command, type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { keyOf, urlOf } from '../proxy-address.ts'
import { ADDRESS_FLAGS, settingsInput } from '../records/address-flags.ts'
import {
  factsOfClaudeCode,
  type PlanWindow,
  type StatusFacts,
  withProxyFacts,
} from '../records/status-facts.ts'
import { type Style, styleOf } from '../style.ts'

/** Claude Code waits for the line: whatever is not there by then is left out. Since the process began, ms. */
const DEADLINE_MS = 230
/** For a process that began too slowly: a proxy on this machine answers in a few ms. */
const LEAST_MS = 40
const MODEL_COLUMNS = 40
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/
const FULL = 0.8
const HALF = 0.6

/** `ccproxy statusline`: the line below Claude Code's prompt. Never fails: what is not known is left out. */
export const statusline: Command = {
  name: 'statusline',
  summary: 'Print a status line for Claude Code from the JSON that it gives on stdin',
  examples: [
    '"statusLine": {"type": "command", "command": "ccproxy statusline --color"}    (in ~/.claude/settings.json)',
    'echo \'{"model":{"display_name":"Sonnet 5"}}\' | ccproxy statusline             (to try it)',
  ],
  flags: [
    { name: 'color', description: 'Colour the limits, which Claude Code shows' },
    {
      name: 'wait',
      value: 'MS',
      description: `How long to wait for what the proxy knows, from the start on (${DEADLINE_MS})`,
    },
    ...ADDRESS_FLAGS,
  ],
  async run(context, input) {
    if (context.stdin === undefined || context.stdin.isTerminal) {
      throw new UsageError(
        'Claude Code gives the JSON on stdin: "ccproxy help statusline" shows how to set it up',
      )
    }
    const wait = waitOf(input)
    const deadline = Bun.sleep(Math.max(LEAST_MS, wait - performance.now()))
    let facts = factsOfClaudeCode(undefined)
    const gathered = gather(context, input, wait, (known) => {
      facts = known
    })
    await Promise.race([gathered, deadline])
    const coloured = { write: context.stdout.write, isTerminal: input.switches.has('color') }
    context.stdout.write(`${lineOf(facts, styleOf({ env: {} }, coloured))}\n`)
    return 0
  },
}

function waitOf({ flags: { wait } }: CommandInput): number {
  if (wait === undefined) return DEADLINE_MS
  if (/^\d{1,6}$/.test(wait)) return Number(wait)
  throw new UsageError(`Flag "--wait" needs milliseconds such as 500, not "${wait}"`)
}

/** Tells what is known as it becomes known; never rejects. */
async function gather(
  context: CommandContext,
  input: CommandInput,
  wait: number,
  tell: (facts: StatusFacts) => void,
): Promise<void> {
  try {
    const [text, place] = [readAll(context), placeOf(context, input)]
    const given = factsOfClaudeCode(parseJson(await text))
    tell(given)
    const { url, key } = await place
    const ask = async (path: string) => {
      const { status, json } = await askProxy(url, path, key, wait)
      return status === 200 ? json : undefined
    }
    const session = given.session === undefined ? undefined : encodeURIComponent(given.session)
    const [figures, status] = await Promise.all([
      session === undefined ? undefined : ask(`/logs/analytics?by=model&session=${session}`),
      ask('/logs/status'),
    ])
    tell(withProxyFacts(given, figures, status))
  } catch {
    // Settings that cannot be read, or port 0: the line says what Claude Code itself told.
  }
}

async function readAll({ stdin }: CommandContext): Promise<string> {
  const lines: string[] = []
  for (let line = await stdin?.readLine(); line !== undefined; line = await stdin?.readLine()) {
    lines.push(line)
  }
  return lines.join('\n')
}

/** Claude Code's own way to the proxy where it leads to this machine; else that of the settings. */
async function placeOf({ env, cwd, home }: CommandContext, input: CommandInput) {
  const { flags } = settingsInput(input)
  const base = env.ANTHROPIC_BASE_URL ?? ''
  const own = URL.canParse(base) ? new URL(base) : undefined
  const local = own !== undefined && LOOPBACK.test(own.hostname)
  const { url = local && Object.keys(flags).length === 0 ? own.origin : undefined } = input.flags
  const token = env.ANTHROPIC_AUTH_TOKEN
  // To read the settings takes longer than to ask.
  if (url === own?.origin && url !== undefined && token !== undefined) return { url, key: token }
  const { settings } = await loadSettings({ env, cwd, home, flags })
  const key = keyOf(settings)
  if (url !== undefined) return { url: url.replace(/\/+$/, ''), key }
  return { url: urlOf(settings, 'name the address with --url'), key }
}

function lineOf(facts: StatusFacts, style: Style): string {
  const { model, cached, context, limits } = facts
  const parts = [
    model === undefined ? undefined : style.bold(fittedLine(model, MODEL_COLUMNS)),
    costOf(facts),
    cached === undefined ? undefined : `cache ${humanShare(cached)}`,
    context === undefined ? undefined : warm(`context ${humanShare(context)}`, context, style),
    ...limits.map((window) => windowOf(window, style)),
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? 'ccproxy' : parts.join(' · ')
}

function costOf({ cost, listCost }: StatusFacts): string | undefined {
  const parts = [
    ...(cost !== undefined && (cost > 0 || listCost === undefined) ? [humanMoney(cost)] : []),
    ...(listCost !== undefined && listCost > 0 ? [`${humanMoney(listCost)} list`] : []),
  ]
  return parts.length === 0 ? undefined : parts.join(' + ')
}

function windowOf({ name, used, resets }: PlanWindow, style: Style): string {
  const left = resets === undefined ? 0 : resets - Date.now()
  const until = left > 0 ? ` (${humanDuration(left)} left)` : ''
  return `${warm(`${name} ${humanShare(used)}`, used, style)}${until}`
}

function warm(text: string, used: number, { red, yellow }: Style): string {
  if (used >= FULL) return red(text)
  return used >= HALF ? yellow(text) : text
}
