import { claudeLogin } from '../../provider/claude-sdk/claude-login.ts'
import {
  type ClaudeSettings,
  configDirOf,
  readClaudeSettings,
} from '../../provider/claude-sdk/claude-settings.ts'
import type { CommandContext } from '../command.ts'
import { DETOURS, isAnthropicKey } from './variables.ts'

const SOURCES = ['user', 'project', 'local'] as const

/** Whether Claude Code has a login or key of its own that Anthropic would take. */
export async function claudeSignedIn({ env, home, cwd }: CommandContext): Promise<boolean> {
  const cleaned: Record<string, string | undefined> = { ...env }
  for (const name of DETOURS) delete cleaned[name]
  // What was made up for a proxy is no login.
  for (const name of ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN']) {
    if (!isAnthropicKey(cleaned[name])) delete cleaned[name]
  }
  const { platform } = process
  const places = { env: cleaned, home, cwd, platform, sources: SOURCES }
  const { state } = await claudeLogin(places, undefined)
  return state === 'signed_in' || state === 'unknown'
}

/** What in Claude Code's settings files leads it past ccproxy, in words; they win over variables. */
export async function claudeDetours(context: CommandContext, url: string): Promise<string[]> {
  const { env, home, cwd } = context
  const configDir = configDirOf(home, env.CLAUDE_CONFIG_DIR)
  const settings = await readClaudeSettings({ configDir, cwd, sources: SOURCES })
  return [...addressIn(settings, url), ...DETOURS.filter((name) => settings.env[name])]
}

function addressIn({ env }: ClaudeSettings, url: string): string[] {
  const { ANTHROPIC_BASE_URL: set } = env
  if (set === undefined || set === '' || set.replace(/\/+$/, '') === url) return []
  return [`ANTHROPIC_BASE_URL ("${URL.canParse(set) ? new URL(set).origin : 'no URL'}")`]
}
