import { plainText } from '../../kit/plain-text.ts'
import type { Command, CommandContext } from '../command.ts'
import type { Level } from '../doctor/check.ts'
import { CHECKS } from '../doctor/checks/index.ts'
import { doctorWorld } from '../doctor/doctor-world.ts'
import { type Report, runChecks, worst } from '../doctor/run-checks.ts'
import { JSON_FLAG, SETTING_FLAGS } from '../setting-flags.ts'
import { withSpinner } from '../spinner.ts'
import { styleOf } from '../style.ts'

/** `ccproxy doctor`: what keeps clients from being served, and how to mend it. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'Look for what keeps ccproxy from working, with the fix for each',
  examples: ['ccproxy doctor', 'ccproxy doctor --json', 'ccproxy doctor --config team.toml'],
  flags: [JSON_FLAG, ...SETTING_FLAGS],
  async run(context, input) {
    const looking = (async () => runChecks(CHECKS, await doctorWorld(context, input)))()
    const { stderr } = context
    const reports = stderr.isTerminal
      ? await withSpinner(stderr, () => 'Looking around', looking)
      : await looking
    const json = input.switches.has('json')
    context.stdout.write(json ? asJson(context, reports) : asList(context, reports))
    return worst(reports) === 'fail' ? 1 : 0
  },
}

function asJson({ version }: CommandContext, reports: readonly Report[]): string {
  const result = { ok: worst(reports) !== 'fail', version, checks: reports }
  return `${JSON.stringify(result, undefined, 2)}\n`
}

function asList(context: CommandContext, reports: readonly Report[]): string {
  const { bold, dim, green, yellow, red } = styleOf(context, context.stdout)
  const signs: Record<Level, string> = { ok: green('✓'), warn: yellow('!'), fail: red('✗') }
  const lines = CHECKS.flatMap(({ title }) => {
    const own = reports.filter(({ group }) => group === title)
    if (own.length === 0) return []
    const rows = own.flatMap(({ level, text, fix }) => [
      `  ${signs[level]} ${plainText(text).replaceAll('\n', '\n    ')}`,
      ...(fix === undefined ? [] : [`    ${dim(`→ ${plainText(fix)}`)}`]),
    ])
    return [bold(title), ...rows]
  })
  return `${[...lines, '', summary(reports)].join('\n')}\n`
}

function summary(reports: readonly Report[]): string {
  const count = (wanted: Level) => reports.filter(({ level }) => level === wanted).length
  const [failed, warned] = [count('fail'), count('warn')]
  if (failed + warned === 0) return 'All is well'
  const words = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  return `${words(failed, 'problem')}, ${words(warned, 'warning')}`
}
