import { dirname } from 'node:path'
import { dataFolder, userConfigPath } from '../config/paths.ts'
import type { Settings } from '../config/schema.ts'
import type { ClaudeSdkOptions } from '../provider/claude-sdk/claude-sdk-options.ts'
import { PermissionDesk } from '../provider/claude-sdk/permission-desk.ts'
import type { ProviderEntry } from '../provider/index.ts'
import type { Logger } from '../record/log.ts'
import { logPermissions } from './log-permissions.ts'
import { CLAUDE_SDK } from './prefixes.ts'

/** What SDK mode takes of the process that it runs in. */
interface SdkHost {
  readonly settings: Settings
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** The upstream behind /sdk, whatever the settings name. */
export function sdkEntries(settings: Settings, version: string): ProviderEntry[] {
  if (CLAUDE_SDK in settings.providers) return []
  const own = { credential: 'auto', headers: {}, models: {} } as const
  return [{ name: CLAUDE_SDK, kind: CLAUDE_SDK, version, ...own }]
}

/** The desk that Claude Code's tools ask, with its log. */
export function permissionDeskOf({ sdk }: Settings, logger: Logger): PermissionDesk {
  const timeoutMs = sdk.permission_timeout_seconds * 1000
  const desk = new PermissionDesk({ rules: sdk.permission_rules, timeoutMs })
  logPermissions(desk, logger)
  return desk
}

/** How the user's own Claude Code is run. */
export function claudeOf(
  { settings, env, home, version }: SdkHost,
  desk: PermissionDesk,
  port: () => number,
): ClaudeSdkOptions {
  const { auth_token: token, tokens } = settings.security
  const keys = [token, ...tokens.map((own) => own.token)]
  const upstream = Object.values(settings.providers).map(({ api_key: key }) => key)
  return {
    settings: settings.sdk,
    env,
    home,
    self: process.execPath,
    version,
    port,
    clientKeys: keys.filter((key) => key !== undefined),
    upstreamKeys: upstream.filter((key) => key !== undefined),
    dataDir: dataFolder(env, home),
    configDir: dirname(userConfigPath(env, home)),
    desk,
  }
}
