import { closeSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder } from '../../config/paths.ts'
import { messageOf, ProxyError } from '../../kit/error.ts'
import type { CommandContext, CommandInput } from '../command.ts'
import { SETTING_FLAGS } from '../setting-flags.ts'
import { withSpinner } from '../spinner.ts'
import { askProxy } from './ask-proxy.ts'
import { isRunning } from './process-life.ts'
import { Sessions } from './sessions.ts'

/** What a proxy in the background is found or started by. */
export interface BackgroundOptions {
  readonly context: CommandContext
  /** Its flags are the proxy's too. */
  readonly input: CommandInput
  readonly url: string
}

const PROBE_MS = 3000
const START_MS = 20_000
const POLL_MS = 40
/** Told with an error: enough for the one line that says why. */
const LOG_TAIL = 2000
/** A key on a command line is seen by everybody on the machine. */
const AS_VARIABLE: Readonly<Record<string, string>> = {
  'auth-token': 'CCPROXY__SECURITY__AUTH_TOKEN',
}

/**
 * Counts this process as a session of the proxy at `url`, and starts that proxy where none answers. It ends by itself
 * after its last session; one that somebody else started is left alone.
 */
export async function joinProxy(options: BackgroundOptions): Promise<void> {
  const sessions = new Sessions(folderOf(options))
  const problem = tryRegister(sessions)
  if (problem !== undefined) {
    // Nothing can be kept here, but a proxy that runs needs nothing kept.
    if (await isProxy(options.url)) return
    throw new ProxyError('internal', `Cannot start ccproxy in the background: ${problem}`)
  }
  await sessions.locked(async () => {
    if (await isProxy(options.url)) return
    const starting = start(options, sessions)
    const { stderr } = options.context
    await (stderr.isTerminal ? withSpinner(stderr, () => 'Starting ccproxy', starting) : starting)
  })
}

/** Whether a ccproxy answers there; throws where somebody else does. */
export async function isProxy(url: string): Promise<boolean> {
  const reply = await askProxy(url, '/health/live', undefined, PROBE_MS)
  if (reply.status === undefined && reply.failure === undefined) return false
  const healthy = reply.contentType.startsWith('application/health+json')
  if (reply.status === 200 && healthy) return true
  const { portOwner } = await import('../../http/port-owner.ts')
  const owner = await portOwner(Number(new URL(url).port))
  const who = owner === undefined ? 'something that is no ccproxy' : owner
  const why = reply.failure === undefined ? '' : ` (${reply.failure})`
  throw new ProxyError(
    'unavailable',
    `${url} is in use by ${who}${why}: stop it, or choose another port with --port before the command`,
  )
}

function folderOf({ context, url }: BackgroundOptions): string {
  const address = new URL(url).host.replace(/[^A-Za-z0-9.-]/g, '_')
  return join(dataFolder(context.env, context.home), 'background', address, 'sessions')
}

function tryRegister(sessions: Sessions): string | undefined {
  try {
    sessions.register()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

async function start(options: BackgroundOptions, sessions: Sessions): Promise<void> {
  const log = logFile(sessions)
  const pid = await spawnDetached(options, sessions, log)
  const deadline = performance.now() + START_MS
  while (performance.now() < deadline) {
    if (await isProxy(options.url)) return
    if (!isRunning(pid)) break
    await Bun.sleep(POLL_MS)
  }
  if (isRunning(pid)) process.kill(pid, 'SIGTERM')
  throw new ProxyError('unavailable', `ccproxy does not start: ${lastWords(log)}`)
}

/** A fresh log beside the sessions; the one before is kept. */
function logFile({ folder }: Sessions): string {
  const path = join(folder, '..', 'proxy.log')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    renameSync(path, `${path}.1`)
  } catch {
    // The first start has none before it.
  }
  closeSync(openSync(path, 'w', 0o600))
  return path
}

/**
 * Starts `ccproxy serve` beyond this terminal and this process: in a session of its own, and, where there is a shell to
 * do it, as nobody's child, so that the client which this process becomes is not left with a stranger to bury.
 */
async function spawnDetached(
  { context, input }: BackgroundOptions,
  sessions: Sessions,
  log: string,
): Promise<number> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const [own = process.execPath, ...before] = context.ownCommand ?? []
  const args = [...before, 'serve', ...flagsFor(input), '--for-sessions', sessions.folder]
  const env = { ...context.env, ...variablesFor(input) }
  const common = { cwd: context.cwd, env, detached: true, windowsHide: true }
  if (process.platform === 'win32') {
    const file = openSync(log, 'a')
    const child = spawn(own, args, { ...common, stdio: ['ignore', file, file] })
    child.unref()
    closeSync(file)
    return child.pid ?? 0
  }
  const script = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
  const shell = spawn('/bin/sh', ['-c', script, 'sh', log, own, ...args], {
    ...common,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return new Promise((resolve, reject) => {
    shell.on('error', reject)
    shell.stdout.once('data', (data: Buffer) => resolve(Number(data.toString('latin1'))))
  })
}

function flagsFor({ flags }: CommandInput): string[] {
  return SETTING_FLAGS.flatMap(({ name }) => {
    const value = flags[name]
    return value === undefined || Object.hasOwn(AS_VARIABLE, name) ? [] : [`--${name}=${value}`]
  })
}

function variablesFor({ flags }: CommandInput): Record<string, string> {
  const entries = Object.entries(AS_VARIABLE).flatMap(([flag, variable]) => {
    const value = flags[flag]
    return value === undefined ? [] : [[variable, value] as const]
  })
  return Object.fromEntries(entries)
}

/** The last that a proxy wrote before it ended. */
function lastWords(log: string): string {
  const text = readFileSync(log, 'utf8').slice(-LOG_TAIL).trim()
  const line = text
    .split('\n')
    .at(-1)
    ?.replace(/^Error: /, '')
  return line ? `${line} (see "${log}")` : `it said nothing (see "${log}")`
}
