import type { ServiceOptions } from './service-plan.ts'

/** What a unit is written from. */
export interface UnitOptions extends ServiceOptions {
  readonly version: number
  readonly flags: readonly string[]
  readonly environmentFile: string
}

/** Seconds in which it must show a sign of life; it gives two. */
const WATCHDOG_SECONDS = 30
/** The first systemd that waits longer after each failure. */
const BACKOFF_SINCE = 254

/** The unit of one user's service. */
export function userUnit(options: UnitOptions & { readonly namespaces: boolean }): string {
  const apart =
    "# Claude Code (SDK mode) works with its user's own files, so the home stays open; the rest is read-only."
  return `${head()}
[Service]
${running(options)}
WorkingDirectory=%h
${variableLines(options)}# Keys as NAME=value lines; the file need not be there.
EnvironmentFile=-${options.environmentFile.replaceAll('%', '%%')}

${options.namespaces ? `${apart}\n${userNamespaces(options).join('\n')}\n` : ''}${hardened(options)}

[Install]
WantedBy=default.target
`
}

/** The lines of a user's unit that need namespaces, which not every system gives to a user. */
export function userNamespaces({
  home,
  isolation,
}: Pick<UnitOptions, 'home' | 'isolation'>): string[] {
  return [
    'PrivateUsers=true',
    'PrivateTmp=true',
    'ProtectSystem=strict',
    `ReadWritePaths=${word(home)}`,
    ...kernel({ isolation }),
  ]
}

/** The unit of the system's service; it runs as a user of its own. */
export function systemUnit(options: UnitOptions & { readonly user: string }): string {
  const { user } = options
  return `${head('After=network.target\n')}
[Service]
${running(options)}
User=${user}
Group=${user}
StateDirectory=ccproxy
StateDirectoryMode=0700
WorkingDirectory=%S/ccproxy
Environment=HOME=%S/ccproxy
# Keys as NAME=value lines, readable by root alone; the file need not be there.
EnvironmentFile=-${options.environmentFile.replaceAll('%', '%%')}

ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
PrivateDevices=true
${[...kernel(options), 'CapabilityBoundingSet='].join('\n')}
AmbientCapabilities=
RemoveIPC=true
${hardened(options)}

[Install]
WantedBy=multi-user.target
`
}

function head(more = ''): string {
  return `[Unit]
Description=ccproxy, between AI clients and Claude
${more}# It is tried again as long as it takes, more and more slowly.
StartLimitIntervalSec=0
`
}

function running({ binary, flags, version }: UnitOptions): string {
  const backoff =
    version >= BACKOFF_SINCE
      ? 'RestartSec=1\nRestartSteps=7\nRestartMaxDelaySec=60'
      : `# systemd ${BACKOFF_SINCE} and later would wait longer after each failure.\nRestartSec=10`
  return `Type=notify
NotifyAccess=main
ExecStart=${[binary, 'serve', ...flags].map(quoted).join(' ')}
Restart=on-failure
# A wrong command line gets no better by trying.
RestartPreventExitStatus=2
${backoff}
WatchdogSec=${WATCHDOG_SECONDS}
TimeoutStartSec=60
# Running streams may end first; ccproxy asks for as long as server.drain_seconds says.
TimeoutStopSec=45
KillMode=mixed
UMask=0077
LimitNOFILE=65536
LimitCORE=0`
}

/** Beside a /proc that is partly hidden the kernel lets nobody mount another, as bubblewrap must. */
function kernel({ isolation }: Pick<UnitOptions, 'isolation'>): string[] {
  if (isolation === 'bubblewrap') return []
  return [
    'ProtectControlGroups=true',
    'ProtectKernelLogs=true',
    'ProtectKernelModules=true',
    'ProtectKernelTunables=true',
    'ProtectClock=true',
    'ProtectHostname=true',
    'ProtectProc=invisible',
  ]
}

function hardened({ isolation }: UnitOptions): string {
  const kept =
    isolation === 'bubblewrap'
      ? `# sdk.isolation = "bubblewrap" makes namespaces of its own.
SystemCallFilter=@system-service @mount`
      : `RestrictNamespaces=true
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources`
  return `NoNewPrivileges=true
LockPersonality=true
RestrictRealtime=true
RestrictSUIDSGID=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
${kept}
SystemCallErrorNumber=EPERM
# No MemoryDenyWriteExecute: JavaScript is compiled while it runs.`
}

function variableLines({ variables }: UnitOptions): string {
  const lines = Object.entries(variables).map(
    ([name, value]) => `Environment=${word(`${name}=${value}`)}\n`,
  )
  return lines.join('')
}

/** A word of a command line, where `$` would begin a variable. */
function quoted(text: string): string {
  return word(text.replaceAll('$', '$$$$'))
}

/** A word as unit files quote it: `%` begins a specifier there. */
function word(text: string): string {
  const plain = text.replaceAll('%', '%%')
  if (/^[\w@%+=:,./$-]+$/.test(plain)) return plain
  return `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
