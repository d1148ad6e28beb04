import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from '../../src/kit/json.ts'
import { cleanEnv, eachLine, type Outcome, outcomeOf, ROOT, tempDir } from './child.ts'
import { UPSTREAM_KEY } from './fake-anthropic.ts'
import { isJson, type Json } from './fake-reply.ts'
import { until, within } from './wait.ts'

/** How a ccproxy is started. */
export interface CcproxyOptions {
  /** The Anthropic upstream. */
  readonly upstream?: string
  readonly env?: Readonly<Record<string, string>>
  /** The text of `ccproxy.toml` in its working directory. */
  readonly toml?: string
  readonly flags?: readonly string[]
  /** A port that is free; needed where the log level hides the line that tells which one was taken. */
  readonly port?: number
  /** Whether to give it the upstream's key (default true). */
  readonly key?: boolean
}

/** A ccproxy that runs as a process of its own. */
export interface Ccproxy {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Its structured log, parsed. */
  readonly logs: readonly Json[]
  /** All that it wrote to stderr. */
  stderr(): string
  /** Waits for a log line. */
  log(what: string, matches: (line: Json) => boolean): Promise<Json>
  signal(name: NodeJS.Signals): void
  readonly exited: Promise<number>
  /** Resident memory in MB, of the whole process. */
  rss(): number
  /** Ends it at once and removes its directories. */
  stop(): Promise<void>
}

/** The command line of ccproxy from source, or of the binary that CCPROXY_BINARY names. */
export function ccproxyCommand(args: readonly string[]): string[] {
  const binary = process.env.CCPROXY_BINARY
  if (binary !== undefined && binary !== '') return [binary, ...args]
  return [process.execPath, join(ROOT, 'src', 'main.ts'), ...args]
}

function environment(home: string, options: CcproxyOptions): Record<string, string> {
  return cleanEnv(home, {
    SERVER__LOG_FORMAT: 'json',
    ...(options.upstream === undefined ? {} : { ANTHROPIC_UPSTREAM_URL: options.upstream }),
    ...(options.key === false ? {} : { ANTHROPIC_API_KEY: UPSTREAM_KEY }),
    ...options.env,
  })
}

/** Starts ccproxy from source, or the binary that CCPROXY_BINARY names, and waits until it serves. */
export async function startCcproxy(options: CcproxyOptions = {}): Promise<Ccproxy> {
  const home = tempDir()
  if (options.toml !== undefined) writeFileSync(join(home.path, 'ccproxy.toml'), options.toml)
  const child = Bun.spawn(
    ccproxyCommand(['serve', '--port', String(options.port ?? 0), ...(options.flags ?? [])]),
    {
      cwd: home.path,
      env: environment(home.path, options),
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    },
  )
  const logs: Json[] = []
  const lines: string[] = []
  void eachLine(child.stderr, (line) => {
    lines.push(line)
    const parsed = parseLine(line)
    if (parsed !== undefined) logs.push(parsed)
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await child.exited
    home.remove()
  }
  const said = () => `${lines.join('\n')}\n(exit code ${child.exitCode})`
  const url = await listening(logs, () => child.exitCode !== null, options.port).catch(
    async (error) => {
      await stop()
      throw new Error(`ccproxy did not start: ${String(error)}\n${said()}`)
    },
  )
  return {
    ...{ url, port: Number(new URL(url).port), pid: child.pid, logs, exited: child.exited, stop },
    stderr: () => lines.join('\n'),
    log: (what, matches) => waitForLog(logs, what, matches),
    signal: (name) => child.kill(name),
    rss: () => residentMegabytes(child.pid),
  }
}

/** A port that nobody listens on just now, below those that the system itself gives out to whoever asks for any. */
export async function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 22_000)
  try {
    await Bun.serve({ hostname: '127.0.0.1', port, fetch: () => new Response() }).stop(true)
    return port
  } catch {
    // Somebody has it: another one.
    return freePort()
  }
}

async function listening(
  logs: readonly Json[],
  ended: () => boolean,
  port: number | undefined,
): Promise<string> {
  if (port !== undefined) {
    const url = `http://127.0.0.1:${port}`
    const healthy = () =>
      fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    await until(`GET ${url}/health`, async () => ended() || (await healthy()), 15000)
    return url
  }
  const find = () => logs.find((line) => line.msg === 'listening')
  await until('the "listening" log line', () => find() !== undefined || ended(), 15000)
  const url = String(find()?.url)
  const health = await within(5000, 'GET /health', fetch(`${url}/health`))
  if (health.status !== 200) throw new Error(`/health answered ${health.status}`)
  return url
}

async function waitForLog(
  logs: readonly Json[],
  what: string,
  matches: (line: Json) => boolean,
): Promise<Json> {
  await until(`log line: ${what}`, () => logs.some(matches))
  return logs.find(matches) ?? {}
}

function parseLine(line: string): Json | undefined {
  if (!line.startsWith('{')) return undefined
  // The last line of a process that was killed may be half.
  const value: unknown = parseJson(line)
  return isJson(value) ? value : undefined
}

function residentMegabytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? Number.NaN) / 1024
}

/** Runs ccproxy to its end: for starts that must be refused and commands that print. */
export async function runCcproxy(
  args: readonly string[],
  options: CcproxyOptions = {},
): Promise<Outcome> {
  const home = tempDir()
  if (options.toml !== undefined) writeFileSync(join(home.path, 'ccproxy.toml'), options.toml)
  const child = Bun.spawn(ccproxyCommand(args), {
    cwd: home.path,
    env: environment(home.path, options),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const outcome = await outcomeOf(child, 15_000)
  home.remove()
  return outcome
}
