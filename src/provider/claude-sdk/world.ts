import type { Options } from '@anthropic-ai/claude-agent-sdk'
import type { ProxyError } from '../../kit/error.ts'
import type { IsolatedSpec, SpawnSpec } from './isolation-options.ts'
import type { PermissionOutcome } from './permission-entry.ts'
import type { Watchdog } from './watchdog.ts'

/** What the `[sdk]` table says, as plain values; times in ms. */
export interface ClaudeSettings {
  readonly cwd: string
  readonly addDirs: readonly string[]
  readonly mixTools: boolean
  readonly allowedTools: readonly string[]
  readonly disallowedTools: readonly string[]
  readonly permissionMode: 'default' | 'acceptEdits' | 'plan' | 'dontAsk' | 'bypassPermissions'
  readonly mcpServers: Readonly<Record<string, Record<string, unknown>>>
  readonly settingSources: readonly ('user' | 'project' | 'local')[]
  readonly maxTurns: number | undefined
  readonly maxSessions: number
  readonly idleMs: number
  readonly lifetimeMs: number
  readonly prewarm: number
  readonly startTimeoutMs: number
}

type CanUseTool = NonNullable<Options['canUseTool']>

/** What running a Claude Code needs beside its launch. */
export interface ClaudeWorld {
  readonly settings: ClaudeSettings
  readonly watchdog: Watchdog
  /** The executable's path; throws `unavailable` with what to do where there is none. */
  claude(): Promise<string>
  /** The environment that Claude Code runs in. */
  env(executable: string): Readonly<Record<string, string>>
  /** Settings that are to win over those of Claude Code's own files. */
  overlay(): Promise<{ readonly env: Record<string, string> } | undefined>
  /** What is really started where Claude Code runs isolated. */
  isolate(spec: SpawnSpec): IsolatedSpec
  permit(
    tool: string,
    input: Record<string, unknown>,
    asked: Parameters<CanUseTool>[2],
    session: string | undefined,
  ): Promise<PermissionOutcome>
  /** What a client is told of something that the Agent SDK threw. */
  failure(thrown: unknown, path: string, stderr: string): ProxyError
}
