import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fakeSystemd } from '../cli/service/fake-systemd.ts'
import { ccproxyCommand, freePort, startCcproxy } from './ccproxy.ts'
import { cleanEnv, type Outcome, outcomeOf, tempDir } from './child.ts'
import { claudePath } from './claude.ts'
import { codexPath } from './codex.ts'
import { until } from './wait.ts'

const COMMAND_MS = 30_000

/** A reader of README.md who types what it says, beside a ccproxy with the demo upstream. */
export interface ReadmeHome {
  readonly path: string
  /** A text of README.md with the address of this ccproxy in place of the usual one. */
  here(text: string): string
  /** Runs a script of a shell to its end. */
  run(script: string, env?: Readonly<Record<string, string>>): Promise<Outcome>
  /** Runs a script that serves, until it answers at a port of its own, and ends it. */
  serve(script: string): Promise<string>
  /** Writes a file below the home. */
  write(path: string, text: string): void
  stop(): Promise<void>
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** `/sdk` there runs the real Claude Code, whose own upstream is the demo again. */
function settings(port: number): string {
  return `
[providers.anthropic]
kind = "demo"
[record]
database = ":memory:"
[sdk]
cli_path = ${JSON.stringify(claudePath())}
prewarm = 0
[sdk.env]
ANTHROPIC_BASE_URL = "http://127.0.0.1:${port}"
ANTHROPIC_API_KEY = "sk-ant-api03-readme"
DISABLE_TELEMETRY = "1"
CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1"
DISABLE_AUTOUPDATER = "1"
`
}

/** Programs that README.md calls by name. */
function programs(folder: string): void {
  mkdirSync(folder)
  const words = ccproxyCommand([]).map(quoted).join(' ')
  writeFileSync(join(folder, 'ccproxy'), `#!/bin/sh\nexec ${words} "$@"\n`)
  chmodSync(join(folder, 'ccproxy'), 0o755)
  symlinkSync(claudePath(), join(folder, 'claude'))
  symlinkSync(codexPath(), join(folder, 'codex'))
}

/** Starts it all. */
export async function startReadmeHome(): Promise<ReadmeHome> {
  const home = tempDir()
  const work = join(home.path, 'work')
  const bin = join(home.path, 'bin')
  mkdirSync(work)
  programs(bin)
  const systemd = fakeSystemd(home.path)
  const port = await freePort()
  // A service reads its settings from a file: nothing of this shell's environment is its own.
  const config = join(home.path, '.config', 'ccproxy')
  mkdirSync(config, { recursive: true })
  writeFileSync(join(config, 'config.toml'), `[server]\nport = ${port}\n`)
  const proxy = await startCcproxy({ port, key: false, toml: settings(port) })
  const here = (text: string) => text.replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
  const base = cleanEnv(home.path, {
    PATH: `${bin}:${systemd.path}:${process.env.PATH ?? '/usr/bin:/bin'}`,
    PORT: String(port),
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  })
  const spawn = (script: string, env: Readonly<Record<string, string>>) =>
    Bun.spawn(['/bin/sh', '-c', here(script)], {
      cwd: work,
      env: { ...base, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
  return {
    path: home.path,
    here,
    run: (script, env = {}) => ended(spawn(script, env)),
    serve: async (script) => {
      const own = await freePort()
      return untilItServes(spawn(script, { PORT: String(own), LOG_FORMAT: 'plain' }), own)
    },
    write: (path, text) => {
      mkdirSync(join(home.path, path, '..'), { recursive: true })
      writeFileSync(join(home.path, path), text)
    },
    stop: async () => {
      await proxy.stop()
      if (existsSync(home.path)) home.remove()
    },
  }
}

type Child = Bun.Subprocess<'ignore', 'pipe', 'pipe'>

/** With what the shell has started. */
function ended(child: Child): Promise<Outcome> {
  return outcomeOf(child, COMMAND_MS, () => process.kill(-child.pid, 'SIGKILL'))
}

async function untilItServes(child: Child, port: number): Promise<string> {
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/health/live`).then(
      ({ ok }) => ok,
      () => child.exitCode !== null,
    )
  const end = ended(child)
  try {
    await until(`an answer at port ${port}`, answers, COMMAND_MS)
    const live = await fetch(`http://127.0.0.1:${port}/status`)
    return await live.text()
  } catch (error) {
    throw new Error(`It does not serve: ${child.exitCode === null ? '' : (await end).stderr}`, {
      cause: error,
    })
  } finally {
    // The shell and what it started.
    if (child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    await end
  }
}
