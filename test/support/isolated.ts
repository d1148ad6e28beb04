import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { isolate } from '../../src/provider/claude-sdk/isolation.ts'
import type {
  IsolationOptions,
  SpawnSpec,
} from '../../src/provider/claude-sdk/isolation-options.ts'
import { type Outcome, outcomeOf } from './child.ts'
import { claudePath } from './claude.ts'

/** What ccproxy and others keep from whoever is inside. */
export const SECRET = 'secret-of-the-outside-0001'

/** A login as Claude Code keeps it, good for long. */
export const LOGIN_TOKEN = 'sk-ant-oat01-login-of-the-test-0001'

/** A user's home with a working folder, secrets, and nothing real. */
export class Home {
  // Not in /tmp, which is private inside: that alone would hide everything.
  readonly path = mkdtempSync(join(homedir(), '.ccproxy-test-home-'))
  readonly work = this.folder('work')
  readonly more = this.folder('more')
  readonly config = this.folder('.config/ccproxy')

  constructor() {
    this.write('.config/ccproxy/config.toml', SECRET)
    this.write('.ssh/id_ed25519', SECRET)
    this.write('.netrc', SECRET)
    this.write('.claude.json', '{"numStartups":1}\n')
    this.write('readable.txt', 'plain')
  }

  /** Signs Claude Code in. */
  signIn(): void {
    const claudeAiOauth = {
      accessToken: LOGIN_TOKEN,
      refreshToken: 'sk-ant-ort01-login-of-the-test-0001',
      expiresAt: Date.now() + 86_400_000,
      scopes: ['user:inference', 'user:profile'],
      subscriptionType: 'max',
    }
    this.write('.claude/.credentials.json', JSON.stringify({ claudeAiOauth }))
  }

  folder(path: string): string {
    mkdirSync(join(this.path, path), { recursive: true })
    return join(this.path, path)
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true })
    writeFileSync(join(this.path, path), text)
  }

  read(path: string): string {
    return readFileSync(join(this.path, path), 'utf8')
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  /** How a Claude Code of this user is started, with an API key unless it is signed in. */
  spec(args: readonly string[], env: Readonly<Record<string, string>>): SpawnSpec {
    return {
      command: claudePath(),
      args,
      cwd: this.work,
      env: {
        PATH: process.env.PATH ?? '/usr/bin:/bin',
        HOME: this.path,
        TMPDIR: this.path,
        DISABLE_TELEMETRY: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        ...env,
      },
    }
  }
}

/** The settings as they are by default, for one kind of isolation. */
export function isolationOptions(
  kind: IsolationOptions['kind'],
  home: Pick<Home, 'more' | 'config'>,
  docker: Partial<IsolationOptions['docker']> = {},
): IsolationOptions {
  return {
    kind,
    docker: {
      image: undefined,
      command: 'docker',
      cliPath: 'claude',
      mounts: [],
      user: undefined,
      network: 'bridge',
      args: [],
      ...docker,
    },
    bubblewrap: { command: 'bwrap', network: true, args: [] },
    addDirs: [home.more],
    hidden: [home.config],
  }
}

/** Runs a process isolated until it ends. */
export async function runIsolated(spec: SpawnSpec, options: IsolationOptions): Promise<Outcome> {
  const { command, args, cwd, env } = isolate(spec, options)
  const child = Bun.spawn([command, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  return outcomeOf(child, 60_000)
}

/** Runs a shell script isolated, in the working folder. */
export function shellIsolated(
  home: Home,
  script: string,
  options: IsolationOptions,
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const docker = { ...options.docker, cliPath: '/bin/bash' }
  const spec = { ...home.spec(['-c', script], env), command: '/bin/bash' }
  return runIsolated(spec, { ...options, docker })
}

/** The processes of this machine, in containers too, that have a value in their environment. */
export function processesWith(value: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).includes(value))
    .map(Number)
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return '' // It has ended, or is another user's.
  }
}
