import { keyOf, urlOf } from '../client/proxy-address.ts'
import { type Command, type CommandContext, type Flag, UsageError } from '../command.ts'
import { DeskLink, type DeskLinkOptions } from '../permissions/desk-link.ts'
import { JsonDesk } from '../permissions/json-desk.ts'
import { TerminalDesk } from '../permissions/terminal-desk.ts'
import { JSON_FLAG, SETTING_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { styleOf } from '../style.ts'

const ADDRESS_FLAGS = new Set(['config', 'host', 'port', 'auth-token'])
const URL_FLAG: Flag = {
  name: 'url',
  value: 'URL',
  description: 'Address of the running ccproxy; without it that of the settings',
}

/** `ccproxy permissions`: answers the tool requests of SDK mode in the terminal. */
export const permissions: Command = {
  name: 'permissions',
  summary: 'Answer the tool requests of SDK mode',
  examples: [
    'ccproxy permissions',
    'ccproxy permissions --url http://127.0.0.1:9000',
    'ccproxy permissions --json',
  ],
  flags: [...SETTING_FLAGS.filter(({ name }) => ADDRESS_FLAGS.has(name)), URL_FLAG, JSON_FLAG],
  async run(context, input) {
    const json = input.switches.has('json')
    if (!json) checkTerminal(context)
    const { settings } = await loadFor(context, input)
    const url =
      input.flags.url === undefined
        ? urlOf(settings, 'name the address with --url')
        : checkedUrl(input.flags.url)
    const abort = new AbortController()
    const stopListening = context.onSignal(() => abort.abort())
    const options = { url, key: keyOf(settings), signal: abort.signal }
    try {
      if (json) await serveJson(context, options)
      else await serveTerminal(context, options, () => abort.abort())
    } finally {
      stopListening()
    }
    return 0
  },
}

async function serveJson(context: CommandContext, options: DeskLinkOptions): Promise<void> {
  const link = new DeskLink(options)
  const desk = new JsonDesk(context.stdout)
  const running = link.run(desk)
  if (context.stdin !== undefined) void desk.answer(context.stdin, link)
  await running
}

async function serveTerminal(
  context: CommandContext,
  options: DeskLinkOptions,
  leave: () => void,
): Promise<void> {
  const link = new DeskLink(options)
  const desk = new TerminalDesk({
    output: context.stdout,
    style: styleOf(context, context.stdout),
    url: options.url,
    answer: (id, allowed) => link.answer(id, { allowed }),
    leave,
  })
  const stopKeys = context.stdin?.onKey?.((key) => desk.key(key))
  try {
    await link.run(desk)
  } finally {
    stopKeys?.()
    desk.close()
  }
}

function checkTerminal({ stdin, stdout }: CommandContext): void {
  if (stdin?.isTerminal === true && stdin.onKey !== undefined && stdout.isTerminal) return
  throw new UsageError(
    'Requests are answered with single keys, for which there is no terminal: add "--json" for one JSON line each',
  )
}

function checkedUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href.replace(/\/+$/, '')
  throw new UsageError(
    `Flag "--url" needs an http URL such as http://127.0.0.1:8000, not "${given}"`,
  )
}
