import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ccproxyCommand, freePort } from './ccproxy.ts'
import { cleanEnv, type Outcome, tempDir } from './child.ts'
import { claudePath } from './claude.ts'
import { runInTerminal, type TerminalRun } from './terminal.ts'
import { until } from './wait.ts'

/** A user's home whose settings send everything to the demo provider, on a port of its own. */
export interface CodeHome {
  readonly path: string
  readonly port: number
  readonly url: string
  /** Writes a file below it, executable where its text begins as a script's does. */
  write(path: string, text: string): string
  /** Runs ccproxy to its end. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CodeOutcome>
  /** Starts ccproxy and leaves it. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): CodeProcess
  /** Starts it, or another program, in a terminal. */
  sit(args: readonly string[], program?: readonly string[]): TerminalRun
  /** Whether something answers at its port. */
  answers(): Promise<boolean>
  /** The processes of the proxies that were started in the background here. */
  proxies(): number[]
  /** Ends all that runs and removes it. */
  remove(): Promise<void>
}

/** How a command ended, and by which signal. */
export interface CodeOutcome extends Outcome {
  /** Its name, or "null". */
  readonly signal: string
}

/** A ccproxy that was left running. */
export interface CodeProcess {
  readonly pid: number
  /** All that it wrote to stdout so far. */
  stdout(): string
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<CodeOutcome>
}

const QUIET = {
  DISABLE_TELEMETRY: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
}

/** Makes a home with the real Claude Code in its PATH, or a script in its place. */
export async function codeHome(claude?: string): Promise<CodeHome> {
  const { path, remove } = tempDir()
  const port = await freePort()
  const write = (name: string, text: string) => {
    const file = join(path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    if (text.startsWith('#!')) chmodSync(file, 0o755)
    return file
  }
  write('ccproxy.toml', demoToml(port))
  mkdirSync(join(path, 'bin'))
  if (claude === undefined) symlinkSync(claudePath(), join(path, 'bin', 'claude'))
  else write('bin/claude', claude)
  const started = new Set<number>()
  const environment = (env: Readonly<Record<string, string>>) =>
    cleanEnv(path, { ...QUIET, PATH: `${join(path, 'bin')}:${process.env.PATH}`, ...env })
  const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const child = launch(args, path, environment(env))
    started.add(child.pid)
    void child.ended.then(() => started.delete(child.pid))
    return child
  }
  const sat: TerminalRun[] = []
  return {
    ...{ path, port, write, start, url: `http://127.0.0.1:${port}` },
    run: (args, env) => start(args, env).ended,
    sit(args, program) {
      const run = runInTerminal(args, environment({ TERM: 'xterm-256color' }), {
        home: path,
        ...(program === undefined ? {} : { program }),
      })
      sat.push(run)
      return run
    },
    answers: () => answers(port),
    proxies: () => proxiesIn(path),
    async remove() {
      for (const run of sat) await run.stop()
      for (const pid of [...started, ...proxiesIn(path)]) process.kill(pid, 'SIGKILL')
      await until('the end of all that ran', () => proxiesIn(path).length === 0)
      remove()
    },
  }
}

function demoToml(port: number): string {
  return `[server]
port = ${port}
[routing]
default = "demo"
[providers.demo]
kind = "demo"
`
}

function launch(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): CodeProcess {
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const child = Bun.spawn(ccproxyCommand(args), { cwd, env, stdio: [...stdio] })
  let stdout = ''
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const bytes of child.stdout) stdout += decoder.decode(bytes, { stream: true })
  })()
  const ended = (async () => {
    const stderr = await new Response(child.stderr).text()
    await reading
    const code = await child.exited
    return { code, stdout, stderr, signal: String(child.signalCode) }
  })()
  return { pid: child.pid, stdout: () => stdout, kill: (signal) => child.kill(signal), ended }
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/live`)).ok
  } catch {
    return false
  }
}

/** Read from the command lines of all processes, for nobody is their parent. */
function proxiesIn(home: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const words = commandLine(pid)
      const folder = words[words.indexOf('--for-sessions') + 1]
      return words.includes('--for-sessions') && words[0] !== '/bin/sh' && folder?.startsWith(home)
    })
    .map(Number)
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It has just ended.
    return []
  }
}
