import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord, parseJson } from '../../kit/json.ts'

/** Which of Claude Code's own settings files count. */
export type SettingSource = 'user' | 'project' | 'local'

/** Where Claude Code's own settings are. */
export interface SettingsPlaces {
  /** Its folder: `CLAUDE_CONFIG_DIR` or `~/.claude`. */
  readonly configDir: string
  /** The folder that it works in. */
  readonly cwd?: string | undefined
  readonly sources: readonly SettingSource[]
}

/** What of Claude Code's own settings decides whom it calls, and as whom. */
export interface ClaudeSettings {
  /** Variables that win over those of the process. */
  readonly env: Readonly<Record<string, string>>
  readonly hasKeyHelper: boolean
}

/** Claude Code's folder under a home. */
export function configDirOf(home: string, configDir: string | undefined): string {
  return configDir || join(home, '.claude')
}

/** Reads Claude Code's settings files, the later winning as it does there; what cannot be read says nothing. */
export async function readClaudeSettings(places: SettingsPlaces): Promise<ClaudeSettings> {
  const env: Record<string, string> = {}
  let hasKeyHelper = false
  for (const path of filesOf(places)) {
    const settings = await readSettings(path)
    if (isRecord(settings.env)) {
      for (const [name, value] of Object.entries(settings.env)) {
        if (typeof value === 'string') env[name] = value
      }
    }
    hasKeyHelper ||= typeof settings.apiKeyHelper === 'string' && settings.apiKeyHelper !== ''
  }
  return { env, hasKeyHelper }
}

function filesOf({ configDir, cwd, sources }: SettingsPlaces): string[] {
  const inProject = (name: string) => (cwd === undefined ? [] : [join(cwd, '.claude', name)])
  return [
    ...(sources.includes('user') ? [join(configDir, 'settings.json')] : []),
    ...(sources.includes('project') ? inProject('settings.json') : []),
    ...(sources.includes('local') ? inProject('settings.local.json') : []),
  ]
}

async function readSettings(path: string): Promise<Record<string, unknown>> {
  try {
    const value = parseJson(await readFile(path, 'utf8'))
    return isRecord(value) ? value : {}
  } catch {
    // Mostly not there; Claude Code itself complains of one that it cannot read.
    return {}
  }
}
