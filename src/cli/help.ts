import type { Command, CommandContext, Flag } from './command.ts'
import { COMMON_FLAGS } from './parse.ts'
import { columns, styleOf } from './style.ts'

/** The help of the whole program. */
export function programHelp(context: CommandContext, commands: readonly Command[]): string {
  const { bold } = styleOf(context, context.stdout)
  const rows = [
    ...commands.map((command) => [command.name, command.summary]),
    ['help', 'Show the help of a command: ccproxy help config show'],
  ]
  return [
    `${bold('ccproxy')} stands between AI clients and Claude`,
    '',
    `${bold('Usage:')} ccproxy [COMMAND] [FLAGS]`,
    '',
    bold('Commands'),
    columns(rows),
    '',
    bold('Flags'),
    columns([
      ['-h, --help', 'Show help, also after a command'],
      ['-V, --version', 'Show version and commit'],
      ['--show-completion SHELL', 'Print the completion script of a shell'],
    ]),
    '',
    'Without a command ccproxy serves; the flags of serve then need no command either.',
    '',
    bold('Examples'),
    '  ccproxy --port 9000',
    '  ccproxy help serve',
    '',
  ].join('\n')
}

/** The help of one command; `path` is its full name. */
export function commandHelp(
  context: CommandContext,
  command: Command,
  path: readonly string[],
): string {
  const { bold } = styleOf(context, context.stdout)
  const name = ['ccproxy', ...path].join(' ')
  const lines = [
    `${bold(name)}: ${command.summary}`,
    '',
    `${bold('Usage:')} ${usage(command, name)}`,
  ]
  if (command.commands !== undefined) {
    const rows = command.commands.map((child) => [child.name, child.summary])
    lines.push('', bold('Commands'), columns(rows))
  }
  if (command.positionals !== undefined && command.positionals.length > 0) {
    const rows = command.positionals.map((one) => [one.name, one.description])
    lines.push('', bold('Arguments'), columns(rows))
  }
  lines.push('', bold('Flags'), columns([...(command.flags ?? []), ...COMMON_FLAGS].map(flagRow)))
  lines.push('', bold('Examples'), ...command.examples.map((example) => `  ${example}`), '')
  return lines.join('\n')
}

function usage(command: Command, name: string): string {
  if (command.usage !== undefined) return command.usage
  if (command.commands !== undefined) return `${name} COMMAND`
  const places = (command.positionals ?? []).map((one) => {
    const label = one.variadic === true ? `${one.name}...` : one.name
    return one.optional === true ? `[${label}]` : label
  })
  const flags = command.flags === undefined || command.flags.length === 0 ? [] : ['[FLAGS]']
  return [name, ...flags, ...places].join(' ')
}

function flagRow(flag: Flag): string[] {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `
  const value = flag.value === undefined ? '' : ` ${flag.value}`
  return [`${short}--${flag.name}${value}`, flag.description]
}
