import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { userConfigPath } from '../../config/paths.ts'
import type { Settings } from '../../config/schema.ts'
import { ProxyError } from '../../kit/error.ts'
import { type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { launchdPlan } from './launchd.ts'
import { runProgram } from './run-program.ts'
import type { ServicePlan } from './service-plan.ts'
import { SYSTEM_USER, systemdSystemPlan, systemdUserPlan } from './systemd.ts'
import { userNamespaces } from './systemd-unit.ts'

/** Which service is meant, and how it is to be written. */
export interface PlanOptions {
  readonly binary: string
  readonly isolation: Settings['sdk']['isolation']
  /** Only shown or looked at: neither rights nor an answering manager are needed. */
  readonly dryRun: boolean
}

/** The oldest systemd whose words the units use. */
const OLDEST_SYSTEMD = 247

/** The service of this machine as data; throws where it has no service manager that answers. */
export async function planFor(
  context: CommandContext,
  input: CommandInput,
  { binary, isolation, dryRun }: PlanOptions,
): Promise<ServicePlan> {
  const { env, home, cwd } = context
  const system = input.switches.has('system')
  const config = input.flags.config
  const options = {
    ...{ binary, home, isolation },
    configFolder: dirname(userConfigPath(env, home)),
    variables: system ? {} : foldersIn(env),
    configFile: config === undefined ? undefined : resolve(cwd, config),
  }
  if (process.platform === 'darwin') {
    if (system) throw new UsageError('Flag "--system" is for Linux: leave it out')
    return launchdPlan({ ...options, uid: userInfo().uid })
  }
  if (process.platform !== 'linux') {
    throw new ProxyError(
      'not_available',
      'There is no service for this system: start "ccproxy serve" with the Task Scheduler',
    )
  }
  const version = await systemdVersion(context)
  const common = { ...options, version, user: SYSTEM_USER, unitFolder: userUnitFolder(env, home) }
  if (system) {
    if (!dryRun) checkRoot()
    return systemdSystemPlan({ ...common, namespaces: true })
  }
  const answers = await userManagerAnswers(context)
  if (!answers && !dryRun) throw noUserManager()
  // A plain name is only looked up with, never written.
  const written = answers && isAbsolute(binary)
  const namespaces = !written || (await hasNamespaces(context, isolation))
  return systemdUserPlan({ ...common, namespaces })
}

function foldersIn(env: CommandContext['env']): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of ['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'CLAUDE_CONFIG_DIR']) {
    const folder = env[name]
    if (folder !== undefined && isAbsolute(folder)) found[name] = folder
  }
  return found
}

function userUnitFolder(env: CommandContext['env'], home: string): string {
  const base = env.XDG_CONFIG_HOME
  const folder = base !== undefined && isAbsolute(base) ? base : join(home, '.config')
  return join(folder, 'systemd', 'user')
}

async function systemdVersion(context: CommandContext): Promise<number> {
  const { exitCode, stdout } = await runProgram(context, ['systemctl', '--version'])
  const version = Number(/^systemd (\d+)/.exec(stdout)?.[1])
  if (exitCode === 0 && version >= OLDEST_SYSTEMD) return version
  const found = exitCode === 0 && version > 0 ? `systemd ${version} is too old` : 'there is none'
  throw new ProxyError(
    'not_available',
    `ccproxy is a service of systemd ${OLDEST_SYSTEMD} or later, and ${found}: have your own supervisor start "ccproxy serve"`,
  )
}

function checkRoot(): void {
  if (process.getuid?.() === 0) return
  throw new UsageError('Flag "--system" needs root: run the command with sudo, or leave it out')
}

async function userManagerAnswers(context: CommandContext): Promise<boolean> {
  const asked = await runProgram(context, ['systemctl', '--user', 'show', '--property=Version'])
  return asked.exitCode === 0
}

function noUserManager(): ProxyError {
  const why = existsSync('/run/systemd/system')
    ? 'log in as this user (not with su or sudo), or run "loginctl enable-linger"; or install with --system'
    : 'systemd did not start this machine; have your own supervisor start "ccproxy serve"'
  return new ProxyError('unavailable', `Your systemd does not answer: ${why}`)
}

/** Asks by doing: whether a user may have namespaces is for kernel, distribution and AppArmor to say. */
async function hasNamespaces(
  context: CommandContext,
  isolation: PlanOptions['isolation'],
): Promise<boolean> {
  const wanted = userNamespaces({ home: context.home, isolation })
  const properties = wanted.flatMap((one) => ['--property', one])
  const { exitCode } = await runProgram(context, [
    ...(['systemd-run', '--user', '--quiet', '--wait', '--collect'] as const),
    ...properties,
    'true',
  ])
  return exitCode === 0
}
