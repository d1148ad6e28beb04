import { ADDRESS_FLAGS, settingsInput } from '../client/address-flags.ts'
import { placeOf } from '../client/proxy-address.ts'
import { type Command, type CommandContext, UsageError } from '../command.ts'
import { DeskLink, type DeskLinkOptions } from '../permissions/desk-link.ts'
import { JsonDesk } from '../permissions/json-desk.ts'
import { TerminalDesk } from '../permissions/terminal-desk.ts'
import { JSON_FLAG } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { styleOf } from '../style.ts'

/** `ccproxy permissions`: answers the tool requests of SDK mode in the terminal. */
export const permissions: Command = {
  name: 'permissions',
  summary: 'Answer the tool requests of SDK mode',
  examples: [
    'ccproxy permissions',
    'ccproxy permissions --url http://127.0.0.1:9000',
    'ccproxy permissions --json',
  ],
  flags: [...ADDRESS_FLAGS, JSON_FLAG],
  async run(context, input) {
    const json = input.switches.has('json')
    if (!json) checkTerminal(context)
    const { settings } = await loadFor(context, settingsInput(input))
    const abort = new AbortController()
    const stopListening = context.onSignal(() => abort.abort())
    const options = { ...placeOf(settings, input), signal: abort.signal }
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
