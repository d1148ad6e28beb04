import type { ProxyError } from '../../kit/error.ts'
import type { TraceForm } from './traces.ts'
import type { Watchdog } from './watchdog.ts'

/** What the `[sdk]` table says, as plain values; times in ms. */
export interface ClaudeSettings {
  readonly cwd: string
  readonly addDirs: readonly string[]
  readonly tools: 'all' | readonly string[]
  readonly mixTools: boolean
  readonly allowedTools: readonly string[]
  readonly disallowedTools: readonly string[]
  readonly permissionMode: 'default' | 'acceptEdits' | 'plan' | 'dontAsk' | 'bypassPermissions'
  readonly mcpServers: Readonly<Record<string, never>>
  readonly settingSources: readonly ('user' | 'project' | 'local')[]
  readonly traces: 'forward' | 'ignore' | 'formatted'
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

/** Who may answer a tool's question. */
export type Permission =
  | { readonly behavior: 'allow'; readonly updatedInput?: Record<string, unknown> }
  | { readonly behavior: 'deny'; readonly message: string }

/** What running a Claude Code needs beside its launch. */
export interface ClaudeWorld {
  readonly settings: ClaudeSettings
  readonly watchdog: Watchdog
  /** The executable's path; throws `unavailable` with what to do where there is none. */
  claude(): Promise<string>
  /** The environment that Claude Code runs in. */
  env(): Readonly<Record<string, string>>
  isolate(spec: SpawnSpec): SpawnSpec
  permit(tool: string, input: Record<string, unknown>, signal: AbortSignal): Promise<Permission>
  /** What a client is told of something that the Agent SDK threw. */
  failure(thrown: unknown, stderr: string): ProxyError
}

/** The form of traces for a request's protocol: clients of others than Messages read text only. */
export function traceForm(traces: ClaudeSettings['traces'], translated: boolean): TraceForm {
  switch (traces) {
    case 'ignore':
      return 'none'
    case 'formatted':
      return 'text'
    case 'forward':
      return translated ? 'text' : 'blocks'
  }
}
