import type { CommandContext } from '../command.ts'
import type { Route } from './route.ts'
import { commonVariables, isAnthropicKey, NO_KEY, type Variables } from './variables.ts'

/** The base URL for OpenAI clients, which add their endpoint behind `/v1`. */
export function openaiUrl(route: Route): string {
  return `${route.url}/openai/v1`
}

/**
 * The variables that point any client at ccproxy, in both families' names. A key that the user has set is kept only
 * where the upstream is to get it; a variable of theirs that would lead past ccproxy is taken away.
 */
export function generalVariables(env: CommandContext['env'], route: Route): Variables {
  const url = openaiUrl(route)
  const key = openaiKey(env, route)
  return {
    ...commonVariables(env, route.url),
    ANTHROPIC_BASE_URL: route.url,
    ANTHROPIC_API_BASE: route.url,
    ...anthropicKeys(env, route),
    OPENAI_BASE_URL: url,
    OPENAI_API_BASE: url,
    AIDER_OPENAI_API_BASE: url,
    ...(key === undefined ? {} : { OPENAI_API_KEY: key }),
    // Where it is set, aider takes it for OPENAI_API_KEY.
    ...(env.AIDER_OPENAI_API_KEY === undefined ? {} : { AIDER_OPENAI_API_KEY: key }),
    ...(env.OPENAI_ORGANIZATION === undefined ? {} : { OPENAI_ORGANIZATION: undefined }),
    ...(env.OPENAI_ORG_ID === undefined ? {} : { OPENAI_ORG_ID: undefined }),
    ...(env.OPENAI_PROJECT_ID === undefined ? {} : { OPENAI_PROJECT_ID: undefined }),
  }
}

/** The key for OpenAI clients; undefined where the user's own goes on to the upstream. */
function openaiKey(env: CommandContext['env'], { key, credential }: Route): string | undefined {
  if (key !== undefined) return key
  return credential === 'caller' && env.OPENAI_API_KEY ? undefined : NO_KEY
}

function anthropicKeys(env: CommandContext['env'], route: Route): Variables {
  const { key, kind, credential } = route
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_AUTH_TOKEN: token } = env
  if (kind === 'anthropic' && credential !== 'own') {
    // A client key beside the user's own key: the one lets in, the other goes up.
    if (key === undefined) return {}
    if (isAnthropicKey(apiKey)) return { ANTHROPIC_AUTH_TOKEN: key }
    return {
      ANTHROPIC_API_KEY: key,
      ...(isAnthropicKey(token) ? {} : { ANTHROPIC_AUTH_TOKEN: key }),
    }
  }
  if (key === undefined && kind === 'anthropic' && isAnthropicKey(apiKey ?? token)) return {}
  const given = [apiKey, token].find((value) => value && !isAnthropicKey(value))
  const sent = key ?? (credential === 'caller' ? given : undefined) ?? NO_KEY
  return { ANTHROPIC_API_KEY: sent, ANTHROPIC_AUTH_TOKEN: sent }
}
