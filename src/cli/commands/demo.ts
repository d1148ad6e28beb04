import type { RunningServer } from '../../http/server.ts'
import type { Command, CommandContext } from '../command.ts'
import { SETTING_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { startServerFor } from '../start-server.ts'
import { styleOf } from '../style.ts'
import { serveWith } from './serve.ts'

const MODEL = 'claude-sonnet-5'
const QUESTION = 'Who are you, and how did my words reach you?'
/** The demo provider stands in for Anthropic's: every prefix then leads to it. */
const OVERRIDES = [
  { path: ['providers', 'anthropic', 'kind'], value: 'demo', source: 'command demo' },
  { path: ['routing', 'default'], value: 'anthropic', source: 'command demo' },
  // What is made up stands in nobody's ledger.
  { path: ['record', 'database'], value: ':memory:', source: 'command demo' },
]
const QUIET = [
  { path: ['server', 'log_level'], value: 'warn', source: 'command demo' },
  { path: ['server', 'port'], value: 0, source: 'command demo' },
  { path: ['server', 'host'], value: '127.0.0.1', source: 'command demo' },
]

/** `ccproxy demo`: one streamed request through a real server, or a server that stays. */
export const demo: Command = {
  name: 'demo',
  summary: 'Try ccproxy without an account: an embedded upstream answers',
  examples: ['ccproxy demo', 'ccproxy demo --serve', 'ccproxy demo --serve --port 9000'],
  flags: [{ name: 'serve', description: 'Stay up and serve the demo upstream' }, ...SETTING_FLAGS],
  async run(context, input) {
    const stays = input.switches.has('serve')
    const overrides = stays ? OVERRIDES : [...OVERRIDES, ...QUIET]
    const { settings } = await loadFor(context, input, overrides)
    if (stays) return serveWith(context, settings)
    const server = await startServerFor(context, settings)
    try {
      await ask(context, server, settings.security.auth_token?.reveal() ?? 'sk-ant-api03-demo')
    } finally {
      server.stop()
    }
    return 0
  },
}

/** Asks as any client would, with Anthropic's own SDK. */
async function ask(context: CommandContext, server: RunningServer, apiKey: string): Promise<void> {
  const { default: Anthropic } = await import('@anthropic-ai/sdk')
  const style = styleOf(context, context.stdout)
  const { stdout } = context
  stdout.write(`${style.dim(`@anthropic-ai/sdk → ${server.url}/v1/messages → demo upstream`)}\n`)
  stdout.write(`${style.bold('You:')} ${QUESTION}\n${style.bold('Claude (demo):')} `)
  const client = new Anthropic({ baseURL: server.url, apiKey })
  const stream = client.messages.stream({
    model: MODEL,
    max_tokens: 1024,
    messages: [{ role: 'user', content: QUESTION }],
  })
  stream.on('text', (text) => stdout.write(text))
  const { usage } = await stream.finalMessage()
  const counts = `${usage.input_tokens} tokens in, ${usage.output_tokens} out`
  stdout.write(`\n${style.dim(counts)}\n\n${next(style.bold('Try next:'))}`)
}

function next(title: string): string {
  return `${title}
  ccproxy demo --serve                 keep it running on 127.0.0.1:8000
  export ANTHROPIC_BASE_URL=http://127.0.0.1:8000 ANTHROPIC_API_KEY=sk-ant-api03-demo
  claude -p 'run \`echo hello\`'         Claude Code through it
  ccproxy config init                  then set a real key and run: ccproxy
  http://127.0.0.1:8000/swagger        every URL
`
}
