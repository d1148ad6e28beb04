import type { Loaded } from '../../config/load.ts'
import { plainText } from '../../kit/plain-text.ts'
import { createLogger } from '../../record/log.ts'
import type { CommandContext } from '../command.ts'
import { styleOf } from '../style.ts'
import { CHECKS } from './checks/index.ts'
import { servingWorld } from './doctor-world.ts'
import { type Report, runChecks } from './run-checks.ts'

/** The cheap checks for a server that has just started: one line for each thing that is not well. */
export async function briefDoctor(
  context: CommandContext,
  loaded: Loaded,
  url: string,
): Promise<void> {
  const groups = CHECKS.map(({ title, checks }) => ({
    title,
    checks: checks.filter(({ cheap }) => cheap),
  }))
  const reports = await runChecks(groups, servingWorld(context, loaded, url))
  const bad = reports.filter(({ level }) => level !== 'ok')
  if (context.stderr.isTerminal) tell(context, bad)
  else log(context, loaded, bad)
}

function tell(context: CommandContext, reports: readonly Report[]): void {
  const { red, yellow, dim } = styleOf(context, context.stderr)
  for (const { level, text, fix = '' } of reports) {
    const sign = level === 'fail' ? red('✗') : yellow('!')
    context.stderr.write(`${sign} ${plainText(text)} ${dim(`→ ${plainText(fix)}`)}\n`)
  }
}

/** Where nobody sits in front of it they are lines of the log. */
function log(context: CommandContext, { settings }: Loaded, reports: readonly Report[]): void {
  const { log_level: least, log_format: format } = settings.server
  const form = format === 'pretty' || format === 'plain' ? format : 'json'
  const logger = createLogger(least, form, (line) => context.stderr.write(line))
  for (const { level, text, check, fix } of reports) {
    logger.log(level === 'fail' ? 'error' : 'warn', text, { check, fix })
  }
}
