import type { Secret } from '../../kit/secret.ts'
import type { PermissionDesk } from './permission-desk.ts'

/** The `[sdk]` table as the settings have it. */
export interface SdkTable {
  readonly cli_path?: string | undefined
  readonly cwd?: string | undefined
  readonly add_dirs: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly tools: 'default' | 'none' | readonly string[]
  readonly mix_tools: boolean
  readonly allowed_tools: readonly string[]
  readonly disallowed_tools: readonly string[]
  readonly permission_mode: 'default' | 'acceptEdits' | 'plan' | 'dontAsk' | 'bypassPermissions'
  readonly mcp_servers: Readonly<Record<string, Record<string, unknown>>>
  readonly setting_sources: readonly ('user' | 'project' | 'local')[]
  readonly message_mode: 'forward' | 'ignore' | 'formatted'
  readonly max_turns?: number | undefined
  readonly max_sessions: number
  readonly session_idle_seconds: number
  readonly session_lifetime_seconds: number
  readonly prewarm: number
  readonly start_timeout_seconds: number
  readonly isolation: 'none' | 'docker' | 'bubblewrap'
}

/** What the user's own Claude Code is run with. */
export interface ClaudeSdkOptions {
  readonly settings: SdkTable
  /** The environment and home of ccproxy, which are Claude Code's as well. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** ccproxy's own executable. */
  readonly self: string
  readonly version: string
  /** The port that ccproxy listens on. */
  readonly port: () => number
  readonly clientKeys: readonly Secret[]
  readonly upstreamKeys: readonly Secret[]
  /** A folder of ccproxy's own for what it keeps. */
  readonly dataDir: string
  readonly desk: PermissionDesk
}
