import { dirname, join } from 'node:path'
import type {
  Command,
  ServiceFile,
  ServiceOptions,
  ServicePlan,
  ServiceState,
  Step,
} from './service-plan.ts'
import { systemUnit, userUnit } from './systemd-unit.ts'

/** What systemd is told. */
export interface SystemdOptions extends ServiceOptions {
  /** The folder of the user's units: `~/.config/systemd/user`. */
  readonly unitFolder: string
  /** Its number: what a unit may say depends on it. */
  readonly version: number
  /** Whether a user's own service may be put into a file system of its own. */
  readonly namespaces: boolean
  readonly user: string
}

const NAME = 'ccproxy.service'
const ETC = '/etc/ccproxy'
/** The user that the system's service runs as. */
export const SYSTEM_USER = 'ccproxy'

const SYSUSERS = `# The user of the ccproxy service; a static one, so that "sudo -u ccproxy" can sign in for it.
u ${SYSTEM_USER} - "ccproxy" /var/lib/ccproxy /usr/sbin/nologin
`

const EMPTY_CONFIG = `# Settings of the ccproxy service: "ccproxy config init --config FILE" writes all of them.
# It is readable by root and the user "${SYSTEM_USER}" only: keys may stand here.
`

/** The service as a unit of the user's own systemd. */
export function systemdUserPlan(options: SystemdOptions): ServicePlan {
  const environmentFile = join(options.configFolder, 'environment')
  const { configFile } = options
  const flags = configFile === undefined ? [] : ['--config', configFile]
  const unit = userUnit({ ...options, flags, environmentFile })
  return {
    ...common(['systemctl', '--user'], []),
    files: [{ path: join(options.unitFolder, NAME), text: unit, mode: 0o644 }],
    logs: (lines, follow) => logsOf(['--user-unit', NAME], lines, follow),
    notes: [
      `Keys: nothing of this shell is copied into the unit. Put them into ${configFile ?? join(options.configFolder, 'config.toml')}, or as NAME=value lines into ${environmentFile} (chmod 600)`,
      ...(options.namespaces
        ? []
        : [
            'This system gives a user no namespaces, so the unit lacks ProtectSystem and PrivateTmp; what remains holds',
          ]),
    ],
  }
}

/** The service as a unit of the system, with a user of its own. */
export function systemdSystemPlan(options: SystemdOptions): ServicePlan {
  const environmentFile = join(ETC, 'environment')
  const configFile = options.configFile ?? join(ETC, 'config.toml')
  const unit = systemUnit({ ...options, flags: ['--config', configFile], environmentFile })
  const config: ServiceFile = { path: configFile, text: EMPTY_CONFIG, mode: 0o640, own: true }
  const sysusers = '/etc/sysusers.d/ccproxy.conf'
  const before: Step[] = [
    { command: ['systemd-sysusers', sysusers] },
    { command: ['chgrp', SYSTEM_USER, dirname(configFile), configFile] },
    { command: ['chmod', '750', dirname(configFile)] },
  ]
  return {
    ...common(['systemctl'], options.configFile === undefined ? before : before.slice(0, 1)),
    files: [
      { path: sysusers, text: SYSUSERS, mode: 0o644 },
      ...(options.configFile === undefined ? [config] : []),
      { path: `/etc/systemd/system/${NAME}`, text: unit, mode: 0o644 },
    ],
    logs: (lines, follow) => logsOf(['--unit', NAME], lines, follow),
    notes: [
      `Settings: ${configFile}. Keys: there, or as NAME=value lines in ${environmentFile} (root, chmod 600); nothing of this shell is copied into the unit`,
      `Its plan login, or the Claude Code of SDK mode, is that of the user "${SYSTEM_USER}": sudo -u ${SYSTEM_USER} HOME=/var/lib/ccproxy ${options.binary} auth login`,
    ],
  }
}

function common(systemctl: Command, before: readonly Step[]) {
  const run = (...args: string[]): Step => ({ command: [...systemctl, ...args] })
  const properties = 'LoadState,ActiveState,SubState,Result,MainPID,NRestarts'
  const show: Command = [...systemctl, 'show', NAME, `--property=${properties}`]
  return {
    name: NAME,
    manager: 'systemd' as const,
    steps: {
      install: [...before, run('daemon-reload'), run('enable', NAME)],
      uninstall: [{ ...run('disable', '--now', NAME), mayFail: true }],
      start: [run('start', NAME)],
      stop: [run('stop', NAME)],
      restart: [run('restart', NAME)],
    },
    afterRemoval: [run('daemon-reload'), { ...run('reset-failed', NAME), mayFail: true }],
    state: { command: show, read: readState },
  }
}

function readState({ stdout }: { readonly stdout: string }): ServiceState {
  const pairs = [...stdout.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])
  const { LoadState, ActiveState, SubState, Result, MainPID, NRestarts } = Object.fromEntries(pairs)
  const pid = Number(MainPID)
  const why = Result === undefined || Result === 'success' ? '' : `, ${Result}`
  return {
    installed: LoadState === 'loaded',
    running: ActiveState === 'active',
    state: ActiveState === undefined ? 'unknown' : `${ActiveState} (${SubState ?? '?'}${why})`,
    ...(pid > 0 ? { pid } : {}),
    ...(Number(NRestarts) > 0 ? { restarts: Number(NRestarts) } : {}),
  }
}

function logsOf(which: readonly string[], lines: number, follow: boolean): Command {
  const tail = ['--lines', String(lines), '--no-pager', '--output', 'cat']
  return ['journalctl', ...which, ...tail, ...(follow ? ['--follow'] : [])]
}
