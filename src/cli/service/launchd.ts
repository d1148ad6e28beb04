import { join } from 'node:path'
import type { ServiceOptions, ServicePlan, ServiceState, Step } from './service-plan.ts'

/** What launchd is told. */
export interface LaunchdOptions extends ServiceOptions {
  /** The number of the user whose session it belongs to. */
  readonly uid: number
}

const LABEL = 'io.ccproxy.agent'
/** Seconds that launchd gives it to end: running streams may take server.drain_seconds. */
const EXIT_SECONDS = 45
/** After a failure it waits this long, and no longer each time: launchd knows no other way. */
const THROTTLE_SECONDS = 10
/** The files that launchd allows otherwise are 256. */
const FILES = 8192
/** An old session of it needs a moment to go. */
const BOOTSTRAP_TRIES = 10

/** The service as an agent of the user's own launchd. */
export function launchdPlan(options: LaunchdOptions): ServicePlan {
  const { home, uid, configFolder, configFile } = options
  const path = join(home, 'Library', 'LaunchAgents', `${LABEL}.plist`)
  const log = logFile(options)
  const domain = `gui/${uid}`
  const target = `${domain}/${LABEL}`
  const bootout: Step = { command: ['launchctl', 'bootout', target], mayFail: true }
  const bootstrap: Step = { command: ['launchctl', 'bootstrap', domain, path] }
  return {
    name: LABEL,
    manager: 'launchd',
    files: [{ path, text: propertyList(options), mode: 0o644 }],
    folders: [join(log, '..')],
    steps: {
      install: [{ command: ['launchctl', 'enable', target] }],
      uninstall: [bootout],
      start: [{ ...bootstrap, mayFail: true }, { command: ['launchctl', 'kickstart', target] }],
      stop: [{ command: ['launchctl', 'bootout', target] }],
      restart: [bootout, { ...bootstrap, tries: BOOTSTRAP_TRIES }],
    },
    afterRemoval: [],
    state: { command: ['launchctl', 'print', target], read: readState },
    logs: (lines, follow) => ['tail', '-n', String(lines), ...(follow ? ['-f'] : []), log],
    notes: [
      `Keys: nothing of this shell is copied into the agent. Put them into ${configFile ?? join(configFolder, 'config.toml')} (chmod 600)`,
      'It runs while you are logged in, and starts with your next login',
    ],
  }
}

function logFile({ home }: ServiceOptions): string {
  return join(home, 'Library', 'Logs', 'ccproxy', 'ccproxy.log')
}

function readState(output: { readonly exitCode: number; readonly stdout: string }): ServiceState {
  if (output.exitCode !== 0) return { installed: false, running: false, state: 'not loaded' }
  const state = /^\s*state = (.+)$/m.exec(output.stdout)?.[1] ?? 'unknown'
  const pid = Number(/^\s*pid = (\d+)$/m.exec(output.stdout)?.[1])
  return { installed: true, running: state === 'running', state, ...(pid > 0 ? { pid } : {}) }
}

/** What a property list may hold. */
type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

function propertyList(options: LaunchdOptions): string {
  const { binary, home, configFile, variables } = options
  const flags = configFile === undefined ? [] : ['--config', configFile]
  const log = logFile(options)
  const agent: Value = {
    Label: LABEL,
    ProgramArguments: [binary, 'serve', ...flags],
    WorkingDirectory: home,
    ...(Object.keys(variables).length === 0 ? {} : { EnvironmentVariables: variables }),
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: THROTTLE_SECONDS,
    ExitTimeOut: EXIT_SECONDS,
    // Requests wait for it: launchd must not slow it down as background work.
    ProcessType: 'Interactive',
    Umask: 0o077,
    SoftResourceLimits: { NumberOfFiles: FILES, Core: 0 },
    StandardOutPath: log,
    StandardErrorPath: log,
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${xml(agent, '')}
</plist>
`
}

function xml(value: Value, indent: string): string {
  const inner = `${indent}  `
  if (typeof value === 'string') return `${indent}<string>${escaped(value)}</string>`
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`
  if (typeof value === 'boolean') return `${indent}<${value}/>`
  if (isList(value)) {
    const items = value.map((item) => xml(item, inner))
    return `${indent}<array>\n${items.join('\n')}\n${indent}</array>`
  }
  const items = Object.entries(value).map(
    ([key, item]) => `${inner}<key>${escaped(key)}</key>\n${xml(item, inner)}`,
  )
  return `${indent}<dict>\n${items.join('\n')}\n${indent}</dict>`
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
