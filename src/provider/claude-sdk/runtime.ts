import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import type { Secret } from '../../kit/secret.ts'
import type { ProviderStatus } from '../provider.ts'
import { type Asked, answerByClaude } from './answer.ts'
import { claudeEnv, settingsOver } from './claude-env.ts'
import type { ClaudeSdkOptions } from './claude-sdk-options.ts'
import { configDirOf, readClaudeSettings } from './claude-settings.ts'
import { ClaudeVersions } from './claude-version.ts'
import { ClaudeFinder, type FoundClaude } from './find-claude.ts'
import { isolate } from './isolation.ts'
import { checkIsolation, explainIsolationFailure } from './isolation-check.ts'
import type { IsolationOptions } from './isolation-options.ts'
import { isolationOf } from './isolation-settings.ts'
import { knownSecrets } from './known-secrets.ts'
import { ClaudePool } from './pool.ts'
import { commandOf, type RunClaude, runnerOf } from './run-claude.ts'
import { failureOfSilence, failureOfThrown, notInstalled } from './sdk-failure.ts'
import { SdkStatus } from './sdk-status.ts'
import { Watchdog } from './watchdog.ts'
import type { ClaudeSettings, ClaudeWorld } from './world.ts'

/** Everything behind `/sdk` that is made once, when it is first asked. */
export class ClaudeRuntime {
  readonly #finder: ClaudeFinder
  readonly #pool: ClaudePool
  readonly #status: SdkStatus
  readonly #options: ClaudeSdkOptions
  readonly #isolation: IsolationOptions

  constructor(name: string, options: ClaudeSdkOptions) {
    const { settings, env, home, self } = options
    const platform = process.platform
    this.#options = options
    this.#isolation = isolationOf(options)
    this.#finder = new ClaudeFinder({ cliPath: settings.cli_path, env, home, platform, self })
    const cwd = workFolder(options)
    this.#pool = new ClaudePool(this.#world(cwd))
    this.#status = new SdkStatus({
      name,
      finder: { find: () => this.#find() },
      versions: new ClaudeVersions(),
      runnerFor: ({ path }) => this.#runner(path, cwd),
      check: () => checkIsolation(this.#isolation, this.#env()),
      login: { env: this.#env(), home, platform, cwd, sources: settings.setting_sources },
      isolation: settings.isolation,
      sessions: () => this.#pool.counts,
    })
  }

  /** Answers one request. */
  async answer(asked: Omit<Asked, 'path' | 'secrets'>): Promise<Response> {
    // Somebody may have removed it since: to the system that looks as if the executable were gone.
    workFolder(this.#options)
    const path = await this.#claude()
    return answerByClaude(this.#pool, { ...asked, path, secrets: this.#secrets() })
  }

  status(): Promise<ProviderStatus> {
    return this.#status.status()
  }

  /** Ends every Claude Code. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  /** An image has its own Claude Code. */
  async #find(): Promise<FoundClaude | undefined> {
    const { kind, docker } = this.#isolation
    if (kind !== 'docker') return this.#finder.find()
    return { path: docker.cliPath, realPath: docker.cliPath, source: 'sdk.cli_path' }
  }

  /** Short runs are isolated as long ones are. */
  #runner(path: string, cwd: string): RunClaude {
    return (args, timeoutMs) => {
      const [command, ...before] = commandOf(path)
      const spec = { command, args: [...before, ...args], cwd, env: this.#env(path) }
      const isolated = isolate(spec, this.#isolation)
      const run = runnerOf({ path: isolated.command, env: isolated.env, cwd })
      return run(isolated.args, timeoutMs)
    }
  }

  async #claude(): Promise<string> {
    const found = await this.#find()
    if (found === undefined) throw notInstalled()
    return found.path
  }

  /** What takes a way back to ccproxy out of Claude Code's own settings, which win over its environment. */
  async #overlay(cwd: string): Promise<ReturnType<typeof settingsOver>> {
    const { env, home, settings, port } = this.#options
    const configDir = configDirOf(home, settings.env.CLAUDE_CONFIG_DIR ?? env.CLAUDE_CONFIG_DIR)
    const own = await readClaudeSettings({ configDir, cwd, sources: settings.setting_sources })
    return settingsOver(own, { port: port(), extra: settings.env })
  }

  #env(executable?: string): Record<string, string> {
    const { env, settings, port, clientKeys, upstreamKeys, version } = this.#options
    return claudeEnv({
      inherited: env,
      platform: process.platform,
      extra: settings.env,
      port: port(),
      clientKeys,
      upstreamKeys,
      version,
      executable,
    })
  }

  #secrets(): readonly Secret[] {
    const { clientKeys, upstreamKeys } = this.#options
    return knownSecrets(this.#env(), [...clientKeys, ...upstreamKeys])
  }

  #world(cwd: string): ClaudeWorld {
    const { desk } = this.#options
    return {
      settings: settingsOf(this.#options, cwd),
      watchdog: new Watchdog(),
      claude: () => this.#claude(),
      env: (executable) => this.#env(executable),
      overlay: () => this.#overlay(cwd),
      isolate: (spec) => isolate(spec, this.#isolation),
      permit: (tool, input, asked, session) =>
        desk.ask({
          tool,
          input,
          session,
          signal: asked.signal,
          toolUseId: asked.toolUseID,
          title: asked.title,
          description: asked.description,
          decisionReason: asked.decisionReason,
          blockedPath: asked.blockedPath,
          defaultToNo: asked.defaultToNo,
          onceOnly: asked.suppressAlwaysAllowRule,
        }),
      failure: (thrown, path, stderr) => {
        const isolated = explainIsolationFailure(this.#isolation, { stderr, ...endOf(thrown) })
        if (isolated !== undefined) return isolated
        const context = { path, started: false, stderr, secrets: this.#secrets() }
        return thrown === undefined ? failureOfSilence(context) : failureOfThrown(thrown, context)
      },
    }
  }
}

/** How a process that the Agent SDK gave up had ended. */
function endOf(thrown: unknown): { spawnError?: string; exitCode?: number } {
  if (!isRecord(thrown)) return {}
  const { code, exitCode } = thrown
  return {
    ...(typeof code === 'string' ? { spawnError: code } : {}),
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
  }
}

/** Claude Code works where the settings say, else in an empty folder of ccproxy's own. */
function workFolder({ settings, home, dataDir }: ClaudeSdkOptions): string {
  const { cwd } = settings
  if (cwd !== undefined) {
    const folder = cwd.replace(/^~(?=$|[/\\])/, home)
    if (existsSync(folder)) return resolve(folder)
    throw unusable(
      `Cannot work in sdk.cwd "${cwd}": there is no such folder; make it, or correct the setting`,
    )
  }
  const folder = join(dataDir, 'workspace')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw unusable(
      `Cannot make the folder "${folder}" for Claude Code: set sdk.cwd to another`,
      cause,
    )
  }
  return folder
}

function unusable(text: string, cause?: unknown): ProxyError {
  return new ProxyError('unavailable', text, { headers: { 'x-should-retry': 'false' }, cause })
}

function settingsOf({ settings }: ClaudeSdkOptions, cwd: string): ClaudeSettings {
  return {
    cwd,
    addDirs: settings.add_dirs,
    mixTools: settings.mix_tools,
    allowedTools: settings.allowed_tools,
    disallowedTools: settings.disallowed_tools,
    permissionMode: settings.permission_mode,
    mcpServers: settings.mcp_servers,
    settingSources: settings.setting_sources,
    maxTurns: settings.max_turns,
    maxSessions: settings.max_sessions,
    idleMs: settings.session_idle_seconds * 1000,
    lifetimeMs: settings.session_lifetime_seconds * 1000,
    prewarm: settings.prewarm,
    startTimeoutMs: settings.start_timeout_seconds * 1000,
  }
}
