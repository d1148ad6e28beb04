import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ProviderStatus } from '../provider.ts'
import { type Asked, answerByClaude } from './answer.ts'
import { claudeEnv, settingsOver } from './claude-env.ts'
import type { ClaudeSdkOptions } from './claude-sdk-options.ts'
import { configDirOf, readClaudeSettings } from './claude-settings.ts'
import { ClaudeVersions } from './claude-version.ts'
import { ClaudeFinder } from './find-claude.ts'
import type { PlanOptions } from './plan.ts'
import { ClaudePool } from './pool.ts'
import { runnerOf } from './run-claude.ts'
import { failureOfSilence, failureOfThrown, notInstalled } from './sdk-failure.ts'
import { SdkStatus } from './sdk-status.ts'
import { Watchdog } from './watchdog.ts'
import type { ClaudeSettings, ClaudeWorld, SpawnSpec } from './world.ts'

/** Everything behind `/sdk` that is made once, when it is first asked. */
export class ClaudeRuntime {
  readonly planOptions: PlanOptions
  readonly #finder: ClaudeFinder
  readonly #pool: ClaudePool
  readonly #status: SdkStatus
  readonly #options: ClaudeSdkOptions

  constructor(name: string, options: ClaudeSdkOptions) {
    const { settings, env, home, self } = options
    const platform = process.platform
    this.#options = options
    this.planOptions = { tools: toolsOf(settings.tools), mixTools: settings.mix_tools }
    this.#finder = new ClaudeFinder({ cliPath: settings.cli_path, env, home, platform, self })
    const cwd = workFolder(options)
    this.#pool = new ClaudePool(this.#world(cwd))
    this.#status = new SdkStatus({
      name,
      finder: this.#finder,
      versions: new ClaudeVersions(),
      runnerFor: ({ path }) => runnerOf({ path, env: this.#env(path), cwd }),
      login: { env: this.#env(), home, platform, cwd, sources: settings.setting_sources },
      isolation: settings.isolation,
      sessions: () => this.#pool.counts,
    })
  }

  /** Answers one request. */
  async answer(asked: Omit<Asked, 'path'>): Promise<Response> {
    return answerByClaude(this.#pool, { ...asked, path: await this.#claude() })
  }

  status(): Promise<ProviderStatus> {
    return this.#status.status()
  }

  /** Ends every Claude Code. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  async #claude(): Promise<string> {
    const found = await this.#finder.find()
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

  #world(cwd: string): ClaudeWorld {
    const { desk } = this.#options
    return {
      settings: settingsOf(this.#options, cwd),
      watchdog: new Watchdog(),
      claude: () => this.#claude(),
      env: (executable) => this.#env(executable),
      overlay: () => this.#overlay(cwd),
      isolate: (spec: SpawnSpec) => spec,
      permit: (tool, input, asked) =>
        desk.ask({
          tool,
          input,
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
        const context = { path, started: false, stderr }
        return thrown === undefined ? failureOfSilence(context) : failureOfThrown(thrown, context)
      },
    }
  }
}

function toolsOf(tools: ClaudeSdkOptions['settings']['tools']): PlanOptions['tools'] {
  if (tools === 'default') return 'all'
  return tools === 'none' ? [] : tools
}

/** Claude Code works where the settings say, else in an empty folder of ccproxy's own. */
function workFolder({ settings, home, dataDir }: ClaudeSdkOptions): string {
  if (settings.cwd !== undefined) return settings.cwd.replace(/^~(?=$|[/\\])/, home)
  const folder = join(dataDir, 'workspace')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
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
