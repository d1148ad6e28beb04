import { ConfigError } from '../config/diagnose.ts'
import { didYouMean } from '../config/suggest.ts'
import { messageOf, ProxyError } from '../kit/error.ts'
import { plainText } from '../kit/plain-text.ts'
import { type Command, type CommandContext, type CommandEntry, UsageError } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { ASK } from './completion/ask.ts'
import { commandHelp, programHelp } from './help.ts'
import { COMMON_FLAGS, firstPositional, parseInput, splitAtProgram } from './parse.ts'
import { styleOf } from './style.ts'

/** The older form of `completion`, as some clients' users know it. */
const SHOW_COMPLETION = '--show-completion'

/** Runs a command line; gives the exit code: 0 ok, 1 failed, 2 wrong usage. */
export async function run(args: readonly string[], context: CommandContext): Promise<number> {
  try {
    return await dispatch(args, context)
  } catch (error) {
    return report(error, args, context)
  }
}

async function dispatch(args: readonly string[], context: CommandContext): Promise<number> {
  const [first, ...rest] = args
  if (first === 'help') return showHelp(rest, context)
  if (first === '--version' || first === '-V') return showVersion(context)
  if (first === ASK) return (await import('./completion/answer.ts')).answerShell(rest, context)
  if (first?.split('=')[0] === SHOW_COMPLETION) return showCompletion(first, rest, context)
  const { index, leading } = await findCommand(args)
  if (index === -1) {
    if (leading.includes('--version') || leading.includes('-V')) return showVersion(context)
    if (leading.includes('--help') || leading.includes('-h')) return showHelp([], context)
  }
  const entry = await entryOf(index === -1 ? 'serve' : (args[index] ?? ''))
  if (entry.foreign !== undefined) return runForeign(entry, leading, args.slice(index + 1), context)
  const given = index === -1 ? args : [...leading, ...args.slice(index + 1)]
  const help = given.includes('--help') || given.includes('-h')
  if (entry.serves === true && !help) context.prepareToServe?.()
  return runCommand(await entry.load(), [entry.name], given, context)
}

/** Finds the command's name; the flags before it are its own too. `-1` means that there is none. */
async function findCommand(
  args: readonly string[],
): Promise<{ index: number; leading: readonly string[] }> {
  const isCommand = (name: string | undefined) => COMMANDS.some((entry) => entry.name === name)
  if (args.length === 0) return { index: -1, leading: [] }
  if (isCommand(args[0])) return { index: 0, leading: [] }
  const { MODE_FLAG, SETTING_FLAGS } = await import('./setting-flags.ts')
  const flags = [...SETTING_FLAGS, MODE_FLAG, ...COMMON_FLAGS]
  const index = firstPositional(args, flags)
  const leading = index === -1 ? args : args.slice(0, index)
  // Of `--prot 9000` the flag is at fault, not the unknown command "9000".
  if (index !== -1 && !isCommand(args[index])) parseInput(leading, flags)
  return { index, leading }
}

async function entryOf(name: string): Promise<CommandEntry> {
  const entry = COMMANDS.find((one) => one.name === name)
  if (entry !== undefined) return entry
  for (const group of await Promise.all(COMMANDS.map((one) => one.load()))) {
    if (!group.commands?.some((child) => child.name === name)) continue
    throw new UsageError(`Unknown command "${name}" (did you mean "${group.name} ${name}"?)`)
  }
  const names = [...COMMANDS.map((one) => one.name), 'help']
  throw new UsageError(`Unknown command "${name}"${didYouMean(name, names)}`)
}

async function runCommand(
  command: Command,
  path: readonly string[],
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  if (command.commands !== undefined) {
    const flags = command.commands.flatMap((child) => child.flags ?? [])
    const index = firstPositional(args, [...flags, ...COMMON_FLAGS])
    const name = args[index]
    if (name !== undefined) {
      const child = childOf(command, name, path)
      const rest = [...args.slice(0, index), ...args.slice(index + 1)]
      return runCommand(child, [...path, name], rest, context)
    }
  }
  const input = parseInput(args, [...(command.flags ?? []), ...COMMON_FLAGS])
  if (input.switches.has('help')) {
    context.stdout.write(commandHelp(context, command, path))
    return 0
  }
  checkPositionals(command, input.positionals)
  return command.run(context, input)
}

/** Runs a command whose line holds another program's arguments, which stay as they are. */
async function runForeign(
  entry: CommandEntry,
  leading: readonly string[],
  rest: readonly string[],
  context: CommandContext,
): Promise<number> {
  const command = await entry.load()
  const flags = [...(command.flags ?? []), ...COMMON_FLAGS]
  const split =
    entry.foreign === 'after-name' ? { own: [], foreign: rest } : splitAtProgram(rest, flags)
  const input = parseInput([...leading, ...split.own], flags)
  if (input.switches.has('help')) {
    context.stdout.write(commandHelp(context, command, [entry.name]))
    return 0
  }
  checkPositionals(command, split.foreign)
  return command.run(context, { ...input, positionals: split.foreign })
}

function childOf(command: Command, name: string, path: readonly string[]): Command {
  const children = command.commands ?? []
  const child = children.find((one) => one.name === name)
  if (child !== undefined) return child
  const names = children.map((one) => one.name)
  const full = [...path, name].join(' ')
  throw new UsageError(`Unknown command "${full}"${didYouMean(name, names)}`)
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const places = command.positionals ?? []
  const extra = given[places.length]
  if (extra !== undefined && places.at(-1)?.variadic !== true) {
    throw new UsageError(`Unexpected argument "${extra}"`)
  }
  const missing = places.slice(given.length).find((place) => place.optional !== true)
  if (missing === undefined) return
  const values = missing.values === undefined ? '' : `: it is one of ${missing.values.join(', ')}`
  throw new UsageError(`Argument ${missing.name} is missing${values}`)
}

async function showCompletion(flag: string, rest: readonly string[], context: CommandContext) {
  const { printCompletion } = await import('./commands/completion.ts')
  const shell = flag.slice(SHOW_COMPLETION.length + 1) || rest[0]
  if (shell === undefined) throw new UsageError(`Flag "${SHOW_COMPLETION}" needs a value: SHELL`)
  return printCompletion(context, shell)
}

function showVersion(context: CommandContext): number {
  context.stdout.write(`ccproxy ${context.version} (${context.commit})\n`)
  return 0
}

async function showHelp(names: readonly string[], context: CommandContext): Promise<number> {
  const [first, ...rest] = names.filter((name) => !name.startsWith('-'))
  if (first === undefined || first === 'help') {
    const commands = await Promise.all(COMMANDS.map((entry) => entry.load()))
    context.stdout.write(programHelp(context, commands))
    return 0
  }
  let command = await (await entryOf(first)).load()
  const path = [first]
  for (const name of rest) {
    command = childOf(command, name, path)
    path.push(name)
  }
  context.stdout.write(commandHelp(context, command, path))
  return 0
}

function report(error: unknown, args: readonly string[], context: CommandContext): number {
  const { red, dim } = styleOf(context, context.stderr)
  // It may quote a file or an upstream of somebody else.
  const say = (text: string) => context.stderr.write(`${red('Error:')} ${plainText(text)}\n`)
  if (error instanceof UsageError) {
    say(error.message)
    context.stderr.write('Run "ccproxy help" to see what there is\n')
    return 2
  }
  if (error instanceof ConfigError) {
    say(error.message)
    return error.diagnostics.every((one) => one.source.kind === 'flag') ? 2 : 1
  }
  if (error instanceof ProxyError) say(error.message)
  else say(`Unexpected failure: ${messageOf(error)}`)
  const stack = error instanceof Error ? error.stack : undefined
  if (stack !== undefined && wantsStack(args, context.env)) context.stderr.write(`${dim(stack)}\n`)
  return 1
}

/** Whether the user asked for detail; read before and without the settings, which may be what fails. */
export function wantsStack(args: readonly string[], env: CommandContext['env']): boolean {
  const after = args[args.indexOf('--log-level') + 1]
  const inline = args.find((one) => one.startsWith('--log-level='))?.slice('--log-level='.length)
  const flag = inline ?? (args.includes('--log-level') ? after : undefined)
  const level = flag ?? env.CCPROXY__SERVER__LOG_LEVEL ?? env.SERVER__LOG_LEVEL ?? env.LOG_LEVEL
  return level !== undefined && /^(debug|trace)$/i.test(level)
}
