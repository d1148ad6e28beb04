import { parseArgs } from 'node:util'
import { didYouMean } from '../config/suggest.ts'
import { type CommandInput, type Flag, UsageError } from './command.ts'

/** Flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'help', short: 'h', description: 'Show this help' },
]

/** One piece of a command line; `index` is its place in the arguments. */
type Token = NonNullable<ReturnType<typeof tokenize>>[number]

function tokenize(args: readonly string[], flags: readonly Flag[]) {
  const options = Object.fromEntries(
    flags.map((flag) => [
      flag.name,
      {
        type: flag.value === undefined ? ('boolean' as const) : ('string' as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
      },
    ]),
  )
  // Not strict: the messages here say what was meant; strict ones do not.
  return parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens
}

/** The place of the first argument that is neither a flag nor a flag's value. */
export function firstPositional(args: readonly string[], flags: readonly Flag[]): number {
  for (const token of tokenize(args, flags)) {
    if (token.kind === 'option-terminator') return -1
    if (token.kind === 'positional') return token.index
  }
  return -1
}

/** Splits arguments where another program's begin: at the first that is no flag, or behind `--`. */
export function splitAtProgram(
  args: readonly string[],
  flags: readonly Flag[],
): { readonly own: readonly string[]; readonly foreign: readonly string[] } {
  for (const { kind, index } of tokenize(args, flags)) {
    if (kind === 'option-terminator') {
      return { own: args.slice(0, index), foreign: args.slice(index + 1) }
    }
    if (kind === 'positional') return { own: args.slice(0, index), foreign: args.slice(index) }
  }
  return { own: args, foreign: [] }
}

/** Reads arguments against a command's flags; anything unknown is a UsageError. */
export function parseInput(args: readonly string[], flags: readonly Flag[]): CommandInput {
  const values: Record<string, string> = {}
  const switches = new Set<string>()
  const positionals: string[] = []
  for (const token of tokenize(args, flags)) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind === 'option') readOption(token, flags, values, switches)
  }
  return { flags: values, switches, positionals }
}

function readOption(
  token: Extract<Token, { kind: 'option' }>,
  flags: readonly Flag[],
  values: Record<string, string>,
  switches: Set<string>,
): void {
  const flag = flags.find((one) => one.name === token.name)
  if (flag === undefined) {
    const names = flags.map((one) => `--${one.name}`)
    throw new UsageError(`Unknown flag "${token.rawName}"${didYouMean(token.rawName, names)}`)
  }
  if (flag.value === undefined) {
    if (token.value !== undefined) throw new UsageError(`Flag "--${flag.name}" takes no value`)
    switches.add(flag.name)
    return
  }
  values[flag.name] = givenValue(token, flag)
}

function givenValue(token: Extract<Token, { kind: 'option' }>, flag: Flag): string {
  const wanted = `Flag "--${flag.name}" needs a value: ${flag.value}`
  if (token.value === undefined) throw new UsageError(wanted)
  // `--host --port 1` forgot a value; a value that does start with a dash is told apart by "=".
  if (!token.inlineValue && /^--?[a-z]/i.test(token.value)) {
    throw new UsageError(`${wanted} (write "--${flag.name}=VALUE" for one that starts with "-")`)
  }
  return token.value
}
