import { candidates, readFromDisk } from '../../config/paths.ts'
import { jsonSchema, shownValues } from '../../config/render.ts'
import { plainText } from '../../kit/plain-text.ts'
import type { Command } from '../command.ts'
import { commandHelp } from '../help.ts'
import { CONFIG_FLAGS, JSON_FLAG, SETTING_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'
import { columns, styleOf } from '../style.ts'
import { configInit } from './config-init.ts'

const show: Command = {
  name: 'show',
  summary: 'Print every value with the source it came from',
  examples: ['ccproxy config show', 'ccproxy config show --json', 'PORT=9000 ccproxy config show'],
  flags: [...SETTING_FLAGS, JSON_FLAG],
  async run(context, input) {
    const loaded = await loadFor(context, input)
    const values = shownValues(loaded)
    if (input.switches.has('json')) {
      context.stdout.write(`${JSON.stringify({ file: loaded.file ?? null, values }, null, 2)}\n`)
      return 0
    }
    const { dim } = styleOf(context, context.stdout)
    const file = loaded.file === undefined ? 'none' : loaded.file
    const rows = values.map((one) =>
      [one.key, JSON.stringify(one.value), one.source].map(plainText),
    )
    context.stdout.write(`${dim(`Config file: ${file}`)}\n${columns(rows, '')}\n`)
    return 0
  },
}

const validate: Command = {
  name: 'validate',
  summary: 'Check flags, environment, .env and config file',
  examples: ['ccproxy config validate', 'ccproxy config validate -c team.toml'],
  flags: SETTING_FLAGS,
  async run(context, input) {
    const { file } = await loadFor(context, input)
    const what = file === undefined ? 'no config file is used' : file
    context.stdout.write(`The settings are valid: ${what}\n`)
    return 0
  },
}

const schema: Command = {
  name: 'schema',
  summary: 'Print the JSON Schema of the config file',
  examples: ['ccproxy config schema > ccproxy.schema.json'],
  async run(context) {
    context.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
    return 0
  },
}

const path: Command = {
  name: 'path',
  summary: 'Print the config file in use; --all prints where it is looked for',
  examples: ['ccproxy config path', 'ccproxy config path --all', 'ccproxy config path --json'],
  flags: [
    ...CONFIG_FLAGS,
    { name: 'all', description: 'Print every place in the order of the search' },
    JSON_FLAG,
  ],
  async run(context, input) {
    const { env, cwd, home } = context
    const places = candidates({
      env,
      cwd,
      home,
      config: input.flags.config,
      readFile: readFromDisk,
    })
    const paths = places.map((place) => place.path)
    const used = paths.find((one) => readFromDisk(one) !== undefined)
    if (input.switches.has('json')) {
      context.stdout.write(`${JSON.stringify({ used: used ?? null, places: paths })}\n`)
      return 0
    }
    if (input.switches.has('all')) {
      const rows = paths.map((one) => [one === used ? '*' : ' ', one])
      context.stdout.write(`${columns(rows, '')}\n`)
      return 0
    }
    if (used !== undefined) context.stdout.write(`${used}\n`)
    else context.stderr.write('No config file: run "ccproxy config init" to make one\n')
    return used === undefined ? 1 : 0
  },
}

/** `ccproxy config …`. */
export const config: Command = {
  name: 'config',
  summary: 'Show, check and write settings',
  examples: ['ccproxy config show', 'ccproxy config init'],
  commands: [show, validate, schema, configInit, path],
  async run(context) {
    context.stderr.write(commandHelp(context, config, ['config']))
    return 2
  },
}
