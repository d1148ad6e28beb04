import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { setInToml } from '../../config/edit.ts'
import { readFromDisk, shownPath, userConfigPath } from '../../config/paths.ts'
import { initToml } from '../../config/render.ts'
import { didYouMean } from '../../config/suggest.ts'
import { messageOf, ProxyError } from '../../kit/error.ts'
import { type Command, type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { freshToken } from '../fresh-token.ts'
import {
  type Answers,
  editsFor,
  keyProblem,
  nextSteps,
  portProblem,
  urlProblem,
  WAYS,
  type Way,
} from '../init/answers.ts'
import { askAnswers } from '../init/ask.ts'
import { styleOf } from '../style.ts'
import { writePrivateFile } from '../write-file.ts'

/** The flags that belong to a way; each without it would be lost. */
const DETAILS = ['api-key', 'base-url', 'model'] as const

/** `ccproxy config init`: asks in a terminal, else does what the flags say. */
export const configInit: Command = {
  name: 'init',
  summary: 'Write a commented config file: asks in a terminal, or takes the answers as flags',
  examples: [
    'ccproxy config init',
    'ccproxy config init --way api-key',
    "ccproxy config init --way gateway --base-url https://gateway.example/v1 --api-key '$GATEWAY_KEY'",
    'ccproxy config init --way sdk --port 9000 --client-key',
    'ccproxy config init --way later --config ./ccproxy.toml',
  ],
  flags: [
    { name: 'config', short: 'c', value: 'FILE', description: 'Where to write it' },
    { name: 'force', description: 'Replace a file that exists, in place of adding to it' },
    {
      name: 'way',
      value: Object.keys(WAYS).join('|'),
      description: 'Through what requests go; with it nothing is asked',
    },
    {
      name: 'api-key',
      value: 'TEXT',
      description: "Key of the upstream; '$NAME' is read from the environment at each start",
    },
    { name: 'base-url', value: 'URL', description: 'Address of a gateway' },
    { name: 'model', value: 'NAME', description: "A gateway's model for names it does not know" },
    { name: 'port', short: 'p', value: 'NUMBER', description: 'Port to bind' },
    { name: 'client-key', description: 'Make a key that clients must send' },
  ],
  async run(context, input) {
    const { cwd, env, home, stdout } = context
    const chosen = input.flags.config ?? env.CCPROXY_CONFIG
    const path = chosen ? resolve(cwd, chosen) : userConfigPath(env, home)
    const shown = shownPath(path, cwd, home)
    const given = answersIn(input)
    const asks = given === undefined && stdout.isTerminal && context.stdin?.isTerminal === true
    const answers = given ?? (asks ? await askAnswers(freshToken) : ({ way: 'later' } as const))
    if (answers === undefined) return 1
    const exists = existsSync(path) && !input.switches.has('force')
    if (exists && answers.way === 'later' && editsFor(answers).length === 0) {
      throw new UsageError(`"${shown}" exists already: use --force to replace it`)
    }
    const before = exists ? (readFromDisk(path) ?? '') : initToml()
    writePrivateFile(path, edited(before, answers, shown))
    stdout.write(`${exists ? 'Changed' : 'Wrote'} ${shown}\n`)
    if (given !== undefined || asks) stdout.write(next(context, answers))
    return 0
  },
}

function answersIn(input: CommandInput): Answers | undefined {
  const { flags, switches } = input
  const { way, port } = flags
  if (way !== undefined && !isWay(way)) {
    const names = Object.keys(WAYS)
    const hint = didYouMean(way, names) || `: it is one of ${names.join(', ')}`
    throw new UsageError(`Unknown way "${way}"${hint}`)
  }
  const detail = DETAILS.find((name) => flags[name] !== undefined)
  const needsWay = detail ?? (port === undefined ? undefined : 'port')
  if (way === undefined) {
    const alone = needsWay ?? (switches.has('client-key') ? 'client-key' : undefined)
    if (alone === undefined) return undefined
    throw new UsageError(`Flag "--${alone}" needs "--way" beside it`)
  }
  checkDetails(way, flags)
  const { 'api-key': apiKey, 'base-url': baseUrl, model } = flags
  return {
    way,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(model === undefined ? {} : { model }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(switches.has('client-key') ? { clientKey: freshToken() } : {}),
  }
}

function isWay(text: string): text is Way {
  return Object.hasOwn(WAYS, text)
}

function checkDetails(way: Way, flags: CommandInput['flags']): void {
  const { 'base-url': baseUrl, 'api-key': apiKey, port } = flags
  if (way === 'gateway' && baseUrl === undefined) {
    throw new UsageError('Way "gateway" needs "--base-url" beside it')
  }
  const taken: readonly string[] =
    way === 'gateway' ? DETAILS : way === 'api-key' ? ['api-key'] : []
  const lost = DETAILS.find((name) => flags[name] !== undefined && !taken.includes(name))
  if (lost !== undefined) throw new UsageError(`Flag "--${lost}" says nothing with way "${way}"`)
  const problems = [
    ['base-url', baseUrl === undefined ? undefined : urlProblem(baseUrl)],
    ['api-key', apiKey === undefined ? undefined : keyProblem(apiKey)],
    ['port', port === undefined ? undefined : portProblem(port)],
  ] as const
  for (const [name, problem] of problems) {
    if (problem !== undefined) throw new UsageError(`Flag "--${name}" cannot be used: ${problem}`)
  }
}

/** Sets the last first: each new key of a table goes to its top. */
function edited(text: string, answers: Answers, shown: string): string {
  try {
    return editsFor(answers).reduceRight(
      (sum, { path, value }) => setInToml(sum, path, value),
      text,
    )
  } catch (error) {
    const [reason] = messageOf(error).split('\n')
    const message = `Cannot change "${shown}": ${reason} (see "ccproxy config validate", or use --force)`
    throw new ProxyError('internal', message, { cause: error })
  }
}

function next(context: CommandContext, answers: Answers): string {
  const { bold } = styleOf(context, context.stdout)
  return `${bold('Next:')}\n${nextSteps(answers)
    .map((line) => `  ${line}\n`)
    .join('')}`
}
