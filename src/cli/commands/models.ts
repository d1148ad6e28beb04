import { isRecord } from '../../kit/json.ts'
import { plainLine } from '../../kit/plain-text.ts'
import { askProxy, errorIn } from '../client/ask-proxy.ts'
import { keyOf, urlOf } from '../client/proxy-address.ts'
import { type Command, type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { JSON_FLAG, SETTING_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { withSpinner } from '../spinner.ts'
import { startServerFor } from '../start-server.ts'
import { columns, remark, styleOf } from '../style.ts'

/** One model that a client may ask for. */
interface Model {
  /** What a client writes. */
  readonly name: string
  readonly provider: string
  /** Its name there. */
  readonly id: string
  /** ISO date; null where nobody says. */
  readonly created: string | null
}

interface Listed {
  readonly models: readonly Model[]
  readonly problems: readonly string[]
}

const TIMEOUT_MS = 20_000
const PROBE_MS = 2000
/** An upstream names its models as it likes. */
const NAME_LENGTH = 200

/** `ccproxy models`: what clients may ask for, by provider. */
export const models: Command = {
  name: 'models',
  summary: 'List the models of every provider, as clients name them',
  examples: ['ccproxy models', 'ccproxy models --provider gateway', 'ccproxy models --json'],
  flags: [
    JSON_FLAG,
    { name: 'provider', value: 'NAME', description: 'Only those of this provider' },
    ...SETTING_FLAGS.filter(({ name }) => name !== 'provider'),
  ],
  async run(context, input) {
    const { stderr, stdout } = context
    const looking = list(context, input)
    const { models: found, problems } = stderr.isTerminal
      ? await withSpinner(stderr, () => 'Asking the providers', looking)
      : await looking
    const { bold } = styleOf(context, stdout)
    const json = input.switches.has('json')
    if (json) stdout.write(`${JSON.stringify(found, undefined, 2)}\n`)
    else if (found.length > 0) {
      const rows = found.map(({ name, provider, created }) => [
        plainLine(name, NAME_LENGTH),
        provider,
        created ?? '',
      ])
      const [title = '', ...lines] = columns([['MODEL', 'PROVIDER', 'CREATED'], ...rows], '').split(
        '\n',
      )
      stdout.write(`${[bold(title), ...lines].join('\n')}\n`)
    }
    for (const problem of problems) remark(context, 'Warning', problem)
    return found.length === 0 && problems.length > 0 ? 1 : 0
  },
}

/** Asks the ccproxy that runs; without one the providers are asked through one of our own. */
async function list(context: CommandContext, input: CommandInput): Promise<Listed> {
  const { provider: wanted, ...flags } = input.flags
  const loaded = await loadFor(context, { ...input, flags })
  const { settings } = loaded
  const names = Object.keys(settings.providers)
  if (wanted !== undefined && !names.includes(wanted) && wanted !== 'claude-sdk') {
    throw new UsageError(`There is no provider "${wanted}": there are ${names.join(', ')}`)
  }
  const key = keyOf(settings)
  const ask = (url: string) =>
    listAt(url, key, wanted === undefined ? names : [wanted], settings.routing.default)
  const url = settings.server.port === 0 ? undefined : urlOf(settings, '')
  const running =
    url === undefined ? undefined : await askProxy(url, '/health/live', undefined, PROBE_MS)
  if (url && running?.contentType.startsWith('application/health+json')) return ask(url)
  const server = { ...settings.server, host: '127.0.0.1', port: 0, log_level: 'silent' as const }
  const started = await startServerFor(context, { ...settings, server }, { terminal: false })
  try {
    return await ask(started.url)
  } finally {
    started.stop()
  }
}

async function listAt(
  url: string,
  key: string | undefined,
  names: readonly string[],
  main: string,
): Promise<Listed> {
  const lists = await Promise.all(names.map((name) => listOne(url, key, name, name === main)))
  return {
    models: lists.flatMap((one) => one.models),
    problems: lists.flatMap((one) => one.problems),
  }
}

async function listOne(
  url: string,
  key: string | undefined,
  provider: string,
  main: boolean,
): Promise<Listed> {
  const reply = await askProxy(url, `/to/${provider}/openai/v1/models`, key, TIMEOUT_MS)
  if (reply.status !== 200) {
    const why = errorIn(reply) ?? reply.failure ?? `it answers with ${reply.status}`
    return { models: [], problems: [`Provider "${provider}" lists no models: ${why}`] }
  }
  const data = Array.isArray(reply.json.data) ? reply.json.data : []
  const found = data.flatMap((entry): Model[] => {
    if (!isRecord(entry) || typeof entry.id !== 'string') return []
    const { id, created } = entry
    const date = typeof created === 'number' && created > 0 ? dateOf(created) : null
    return [{ name: main ? id : `anthropic/${provider}/${id}`, provider, id, created: date }]
  })
  return { models: found, problems: [] }
}

function dateOf(seconds: number): string | null {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, 10)
}
