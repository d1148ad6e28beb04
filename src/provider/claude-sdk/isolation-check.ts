import { ProxyError } from '../../kit/error.ts'
import { namespaceArgs } from './isolation-bubblewrap.ts'
import { noImage } from './isolation-docker.ts'
import type { IsolationOptions } from './isolation-options.ts'
import { type RunTool, runTool, type ToolResult } from './isolation-run.ts'

/** How long docker or bwrap may take to answer. */
const ANSWER_TIMEOUT_MS = 5000

/** docker's own exit codes: a container that it could not make, or not start, or whose command is missing. */
const DOCKER_CODES = new Set([125, 126, 127])

/** How an isolated process ended, for `explainIsolationFailure`. */
export interface IsolationOutcome {
  /** Why nothing was spawned at all: `ENOENT`. */
  readonly spawnError?: string | undefined
  readonly exitCode?: number | null | undefined
  readonly stderr: string
}

/**
 * Says what keeps Claude Code from running isolated, before it is tried; undefined where nothing does.
 * `env` is the one that Claude Code would be started with. Answers within a few seconds.
 */
export async function checkIsolation(
  options: IsolationOptions,
  env: Readonly<Record<string, string>>,
  run: RunTool = runTool,
): Promise<ProxyError | undefined> {
  switch (options.kind) {
    case 'none':
      return undefined
    case 'docker':
      return checkDocker(options, env, run)
    case 'bubblewrap':
      return checkBubblewrap(options, env, run)
  }
}

/**
 * The error for an isolated process that ended or never started because of its isolation; undefined where
 * that is not the cause, but Claude Code itself.
 */
export function explainIsolationFailure(
  options: IsolationOptions,
  outcome: IsolationOutcome,
): ProxyError | undefined {
  const { kind } = options
  const { spawnError, exitCode, stderr } = outcome
  if (kind === 'none') return undefined
  if (spawnError !== undefined) return notStarted(options, spawnError)
  if (kind === 'bubblewrap') {
    return /^bwrap: /m.test(stderr) ? bubblewrapError(stderr) : undefined
  }
  const own = typeof exitCode === 'number' && DOCKER_CODES.has(exitCode)
  return own || isDaemonSilent(stderr) ? dockerError(options, stderr) : undefined
}

async function checkDocker(
  options: IsolationOptions,
  env: Readonly<Record<string, string>>,
  run: RunTool,
): Promise<ProxyError | undefined> {
  const { command, image } = options.docker
  if (image === undefined) return noImage()
  // Asks the daemon and looks for the image at once.
  const found = await run([command, 'image', 'inspect', image], env, ANSWER_TIMEOUT_MS)
  return failureOf(options, found, (stderr) => dockerError(options, stderr))
}

async function checkBubblewrap(
  options: IsolationOptions,
  env: Readonly<Record<string, string>>,
  run: RunTool,
): Promise<ProxyError | undefined> {
  const { command, network } = options.bubblewrap
  const args = [...namespaceArgs(network), '--', 'true']
  return failureOf(options, await run([command, ...args], env, ANSWER_TIMEOUT_MS), bubblewrapError)
}

function failureOf(
  options: IsolationOptions,
  result: ToolResult,
  explain: (stderr: string) => ProxyError,
): ProxyError | undefined {
  switch (result.kind) {
    case 'not-started':
      return notStarted(options, result.code)
    case 'timeout':
      return unavailable(
        options.kind,
        `"${commandOf(options)}" did not answer in ${ANSWER_TIMEOUT_MS / 1000} s; run it yourself to see why`,
      )
    case 'done':
      return result.exitCode === 0 ? undefined : explain(result.stderr)
  }
}

function commandOf({ kind, docker, bubblewrap }: IsolationOptions): string {
  return kind === 'docker' ? docker.command : bubblewrap.command
}

function notStarted(options: IsolationOptions, code: string): ProxyError {
  const command = commandOf(options)
  const missing = code === 'ENOENT'
  const why = missing ? 'is not installed or not in PATH' : `does not start (${code})`
  const install = options.kind === 'docker' ? 'docker.io' : 'bubblewrap'
  const setting = options.kind === 'docker' ? 'sdk.docker.command' : 'sdk.bubblewrap.command'
  return unavailable(
    options.kind,
    `"${command}" ${why}; install it (on Debian: apt-get install ${install}), or set ${setting}`,
  )
}

function isDaemonSilent(stderr: string): boolean {
  return /cannot connect to the docker daemon|is the docker daemon running|error during connect|failed to connect to the docker API/i.test(
    stderr,
  )
}

function dockerError({ kind, docker }: IsolationOptions, stderr: string): ProxyError {
  const image = docker.image ?? ''
  if (isDaemonSilent(stderr)) {
    return unavailable(
      kind,
      'its daemon does not answer; start it (systemctl start docker), or set DOCKER_HOST',
    )
  }
  if (/permission denied while trying to connect/i.test(stderr)) {
    return unavailable(
      kind,
      'its daemon does not let this user in; add the user to the group "docker" and log in again',
    )
  }
  if (/no such image|unable to find image|image not known/i.test(stderr)) {
    return unavailable(
      kind,
      `image "${image}" is not there; build it (scripts/docker/claude-code/Dockerfile), pull it, or set sdk.docker.image`,
    )
  }
  if (
    /executable file not found|no such file or directory: unknown|^\[FATAL tini.* exec /im.test(
      stderr,
    )
  ) {
    return unavailable(
      kind,
      `image "${image}" has no "${docker.cliPath}"; set sdk.docker.cli_path to where Claude Code is in it`,
    )
  }
  return unavailable(kind, `${firstLine(stderr)}; see the [sdk.docker] settings`)
}

function bubblewrapError(stderr: string): ProxyError {
  if (/namespace|uid map|RTM_NEWADDR/i.test(stderr)) {
    return unavailable(
      'bubblewrap',
      `this system lets no ordinary user make namespaces (${firstLine(stderr)}); allow bwrap to (an AppArmor profile with "userns", or sysctl kernel.unprivileged_userns_clone=1), or use docker`,
    )
  }
  return unavailable('bubblewrap', `${firstLine(stderr)}; see the [sdk.bubblewrap] settings`)
}

function firstLine(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const line = lines.find((each) => /^(bwrap|docker): /.test(each)) ?? lines[0] ?? 'no reason given'
  return line.replace(/^(bwrap|docker): /, '').slice(0, 300)
}

function unavailable(kind: IsolationOptions['kind'], detail: string): ProxyError {
  const headers = { 'x-should-retry': 'false' }
  return new ProxyError('unavailable', `Cannot run Claude Code in ${kind}: ${detail}`, { headers })
}
