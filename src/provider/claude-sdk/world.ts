import type { Options } from '@anthropic-ai/claude-agent-sdk'
import type { ProxyError } from '../../kit/error.ts'
import type { SdkTable } from './claude-sdk-options.ts'
import type { IsolatedSpec, SpawnSpec } from './isolation-options.ts'
import type { PermissionOutcome } from './permission-entry.ts'
import type { Watchdog } from './watchdog.ts'

type CanUseTool = NonNullable<Options['canUseTool']>

/** What running a Claude Code needs beside its launch. */
export interface ClaudeWorld {
  readonly settings: SdkTable
  /** The folder that Claude Code works in: that of the settings, or one of ccproxy's own. */
  readonly cwd: string
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
