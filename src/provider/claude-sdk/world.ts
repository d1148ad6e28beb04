import type { Options } from '@anthropic-ai/claude-agent-sdk'
import type { ProxyError } from '../../kit/error.ts'
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

/** How a process is to be started. */
export interface SpawnSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
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
  isolate(spec: SpawnSpec): SpawnSpec
  permit(
    tool: string,
    input: Record<string, unknown>,
    asked: Parameters<CanUseTool>[2],
  ): Promise<PermissionOutcome>
  /** What a client is told of something that the Agent SDK threw. */
  failure(thrown: unknown, path: string, stderr: string): ProxyError
}
