import type { Settings } from '../../config/schema.ts'
import type { RunningServer } from '../../http/server.ts'
import { Sessions } from '../client/sessions.ts'
import type { Command, CommandContext, EndSignal } from '../command.ts'
import { firstRunText, isFirstRun } from '../first-run.ts'
import { createNotifier, withoutNotifier } from '../service/notify.ts'
import { SETTING_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { startServerFor } from '../start-server.ts'
import { columns, styleOf } from '../style.ts'

/** Exit codes of a process that a signal ended before its work was done. */
const FORCED: Readonly<Record<EndSignal, number>> = { SIGINT: 130, SIGTERM: 143 }

/** How long after it listens ccproxy looks whether all is well. */
const DOCTOR_AFTER_MS = 500

/** `ccproxy serve`, which is also what a bare `ccproxy` does. */
export const serve: Command = {
  name: 'serve',
  summary: 'Start the proxy (the default command)',
  examples: ['ccproxy', 'ccproxy serve --port 9000 --log-level debug', 'ccproxy -c team.toml'],
  flags: [
    ...SETTING_FLAGS,
    {
      name: 'for-sessions',
      value: 'FOLDER',
      description: 'End with the last session that the folder lists ("ccproxy code" starts it so)',
    },
  ],
  async run(context, input) {
    const loaded = await loadFor(context, input)
    const folder = input.flags['for-sessions']
    if (folder !== undefined) return serveWith(context, loaded.settings, new Sessions(folder))
    const started = async (url: string) => {
      if (context.stderr.isTerminal && isFirstRun(context, loaded)) {
        context.stderr.write(firstRunText(context, url))
      }
      // Nobody waits for it, and the first requests are not to wait either.
      await Bun.sleep(DOCTOR_AFTER_MS)
      const { briefDoctor } = await import('../doctor/brief.ts')
      await briefDoctor(context, loaded, url)
    }
    return serveWith(context, loaded.settings, undefined, started)
  },
}

/** Serves with given settings until a signal comes or the last of `sessions` ends; gives the exit code. */
export async function serveWith(
  context: CommandContext,
  settings: Settings,
  sessions?: Sessions,
  started?: (url: string) => Promise<void>,
): Promise<number> {
  const signals = listen(context)
  const notifier = await createNotifier(context.env, (problem) =>
    context.stderr.write(`${problem}\n`),
  )
  try {
    const env = withoutNotifier(context.env)
    const server = await startServerFor(context, settings, { env })
    notifier.ready(`Listening on ${server.url}`)
    if (context.stderr.isTerminal) context.stderr.write(hints(context, server.url, settings))
    void started?.(server.url)
    let drained: Promise<void> | undefined
    const drain = () => {
      if (drained === undefined) notifier.stopping(settings.server.drain_seconds * 1000)
      drained ??= server.drain()
    }
    await Promise.race([signals.next(), ...(sessions === undefined ? [] : [sessions.ended(drain)])])
    drain()
    return await finish(server, drained, signals)
  } finally {
    notifier.close()
    signals.stop()
  }
}

/** Waits for running streams; a second signal ends them at once. */
async function finish(
  server: RunningServer,
  drained: Promise<void> | undefined,
  signals: Signals,
): Promise<number> {
  const second = await Promise.race([drained, signals.next()])
  server.stop()
  return second === undefined ? 0 : FORCED[second]
}

interface Signals {
  /** The next signal that nobody has taken yet. */
  next(): Promise<EndSignal>
  stop(): void
}

/** Signals as a queue: one that comes while the server still starts is not lost. */
function listen(context: CommandContext): Signals {
  const arrived: EndSignal[] = []
  let wake: ((signal: EndSignal) => void) | undefined
  const stop = context.onSignal((signal) => {
    if (wake === undefined) arrived.push(signal)
    else wake(signal)
    wake = undefined
  })
  return {
    stop,
    next: () => {
      const signal = arrived.shift()
      if (signal !== undefined) return Promise.resolve(signal)
      return new Promise((resolve) => {
        wake = resolve
      })
    },
  }
}

function hints(context: CommandContext, url: string, settings: Settings): string {
  const style = styleOf(context, context.stderr)
  const { auth_token, tokens } = settings.security
  const locked = auth_token !== undefined || tokens.length > 0
  const rows = [
    ['Claude Code', `export ANTHROPIC_BASE_URL=${url}`],
    ...(locked ? [['', 'export ANTHROPIC_AUTH_TOKEN=<your client key>']] : []),
    ['OpenAI SDKs', `export OPENAI_BASE_URL=${url}/openai/v1`],
    ['', `export OPENAI_API_KEY=${locked ? '<your client key>' : 'unused'}`],
  ]
  const title = `ccproxy ${context.version} listens on ${style.bold(style.cyan(url))}`
  return `${title}\n${columns(rows)}\n${style.dim('Ctrl+C ends it')}\n`
}
