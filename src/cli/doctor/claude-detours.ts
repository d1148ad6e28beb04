import { ConfigError } from '../../config/diagnose.ts'
import { DETOURS } from '../client/variables.ts'
import { type Finding, fail, fine, warn } from './check.ts'
import { leadsTo } from './claude-base-url.ts'
import { type ClaudeScope, effective } from './claude-scopes.ts'
import type { DoctorWorld } from './doctor-world.ts'

/** Where a cloud's own base URL may lead here all the same. */
const BASE_URLS: Readonly<Record<string, string>> = {
  CLAUDE_CODE_USE_BEDROCK: 'ANTHROPIC_BEDROCK_BASE_URL',
  CLAUDE_CODE_USE_VERTEX: 'ANTHROPIC_VERTEX_BASE_URL',
  CLAUDE_CODE_USE_FOUNDRY: 'ANTHROPIC_FOUNDRY_BASE_URL',
}

/** Variables that take Claude Code to a cloud of its own, past ccproxy. */
export async function detours(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError) return []
  const { url } = world.settings
  const scopes = await world.scopes()
  const found = scopes.flatMap((scope) =>
    DETOURS.flatMap((name) => {
      if (!isOn(scope.env[name])) return []
      const base = effective(scopes, BASE_URLS[name] ?? '')
      if (base !== undefined && url !== undefined && leadsTo(base, url)) return []
      return detour(scope, name)
    }),
  )
  return found.length > 0 ? found : fine('Nothing takes it to a cloud of its own')
}

function detour({ name: scope, where }: ClaudeScope, name: string): Finding[] {
  const text = `${name} in ${where} takes Claude Code past ccproxy`
  if (scope !== 'shell') return fail(text, `remove ${name} from ${where} ("env")`)
  return warn(`${text} ("ccproxy code" unsets it)`, `unset ${name}`)
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no', 'off'].includes(value.toLowerCase())
}

/** A helper's key is sent in place of the client key, and goes up in place of ccproxy's credential. */
export async function keyHelper(world: DoctorWorld): Promise<Finding[]> {
  const scopes = await world.scopes()
  return scopes.flatMap(({ keyHelper: set, where }) => {
    if (!set) return []
    const text = `apiKeyHelper in ${where} gives Claude Code a key of its own, which beats the one of ccproxy`
    return warn(
      text,
      `remove apiKeyHelper from ${where}; ccproxy can run it: providers.anthropic.api_key_helper`,
    )
  })
}
