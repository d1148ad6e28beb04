import { ConfigError } from '../../config/diagnose.ts'
import { setInToml } from '../../config/edit.ts'
import { loadSettings } from '../../config/load.ts'
import { candidates, readFromDisk, shownPath, userConfigPath } from '../../config/paths.ts'
import { messageOf, ProxyError } from '../../kit/error.ts'
import { type Command, type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { freshToken } from '../fresh-token.ts'
import { urlOf } from '../proxy-address.ts'
import { styleOf } from '../style.ts'
import { writePrivateFile } from '../write-file.ts'

const USUAL = 'http://127.0.0.1:8000'

/** `ccproxy generate-token`: a client key, and how clients send it. */
export const generateToken: Command = {
  name: 'generate-token',
  summary: 'Make a client key',
  examples: [
    'ccproxy generate-token',
    'ccproxy generate-token --save',
    'ccproxy generate-token >> .env',
  ],
  flags: [
    { name: 'save', description: 'Write it to the config file (security.auth_token)' },
    { name: 'config', short: 'c', value: 'FILE', description: 'Config file to save to' },
  ],
  async run(context, input) {
    const token = freshToken()
    if (input.flags.config !== undefined && !input.switches.has('save')) {
      throw new UsageError('Flag "--config" needs "--save" beside it')
    }
    const saved = input.switches.has('save') ? save(context, input, token) : undefined
    context.stdout.write(`AUTH_TOKEN=${token}\n`)
    context.stderr.write(
      advice(context, token, { saved, url: await address(context, input, token) }),
    )
    return 0
  },
}

function save(context: CommandContext, input: CommandInput, token: string): string {
  const { env, cwd, home } = context
  const found = candidates({ env, cwd, home, config: input.flags.config, readFile: readFromDisk })
  const named = found.find((one) => one.origin !== 'search')
  const existing = found.find((one) => readFromDisk(one.path) !== undefined)
  const path = named?.path ?? existing?.path ?? userConfigPath(env, home)
  const text = readFromDisk(path) ?? ''
  const shown = shownPath(path, cwd, home)
  try {
    writePrivateFile(path, setInToml(text, ['security', 'auth_token'], token))
  } catch (error) {
    const [reason] = messageOf(error).split('\n')
    const message = `Cannot save the token in "${shown}": ${reason} (see "ccproxy config validate")`
    throw new ProxyError('internal', message, { cause: error })
  }
  return shown
}

/** Where these settings have ccproxy listen, with the new key; the usual address where they cannot be read. */
async function address(
  { env, cwd, home }: CommandContext,
  { flags }: CommandInput,
  token: string,
): Promise<string> {
  const path = ['security', 'auth_token']
  // An open bind is refused without a key: one of these settings is about to be right.
  const overrides = [{ path, value: token, source: 'command generate-token' }]
  try {
    const { settings } = await loadSettings({ env, cwd, home, flags, overrides })
    return urlOf(settings, '')
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UsageError) return USUAL
    throw error
  }
}

/** What the key is good for, and where. */
interface Advice {
  readonly saved: string | undefined
  readonly url: string
}

function advice(context: CommandContext, token: string, { saved, url }: Advice): string {
  const { dim } = styleOf(context, context.stderr)
  const where =
    saved === undefined
      ? 'Put this line into the environment of ccproxy or its .env, or let --save write it'
      : `Saved as security.auth_token in ${saved} (mode 0600)`
  return `${[
    '',
    dim(`# ${where}`),
    dim('# Anthropic clients (x-api-key or Bearer):'),
    `export ANTHROPIC_BASE_URL=${url} ANTHROPIC_AUTH_TOKEN=${token}`,
    dim('# OpenAI clients (Bearer):'),
    `export OPENAI_BASE_URL=${url}/openai/v1 OPENAI_API_KEY=${token}`,
  ].join('\n')}\n`
}
