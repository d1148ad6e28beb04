import type { CommandContext } from '../command.ts'
import type { Route } from './route.ts'
import { commonVariables, isAnthropicKey, NO_KEY, type Variables } from './variables.ts'

/** Claude Code's own limit for a request, ms (2.1.329). */
const CLAUDE_TIMEOUT_MS = 600_000

/** What Claude Code's variables are made from. */
export interface ClaudeVariablesOptions {
  readonly env: CommandContext['env']
  readonly route: Route
  /** Whether Claude Code has a login or key of its own that Anthropic would take. */
  readonly signedIn: boolean
  /** How long ccproxy itself waits for an upstream, ms. */
  readonly timeoutMs: number
}

/**
 * The variables that point Claude Code at ccproxy (2026-11). Which credential it sends:
 *
 * - Where the upstream is Anthropic and Claude Code has its own login or key, it keeps and sends that: the first in the
 *   order of `credential = "auto"`. ANTHROPIC_AUTH_TOKEN would switch a plan login off, so a client key goes beside it,
 *   in the header that the credential leaves free.
 * - Where ccproxy has a credential, ANTHROPIC_AUTH_TOKEN is the client key, or a placeholder that lets Claude Code start.
 * - Where neither has one, nothing is set: Claude Code then asks its user to sign in.
 * - Any other upstream must never be sent a credential of Anthropic's.
 */
export function claudeVariables(options: ClaudeVariablesOptions): Variables {
  const { env, route } = options
  const base = { ...commonVariables(env, route.url), ANTHROPIC_BASE_URL: route.url }
  if (keepsOwn(options)) return { ...base, ...keptCredential(options) }
  return {
    ...base,
    ...tokenFor(options),
    ...(route.kind === 'anthropic' ? {} : foreignVariables(options)),
    ...unlessSet(env, {
      DISABLE_TELEMETRY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    }),
  }
}

/** Whether Claude Code's own credential, or its own question for one, is left alone. */
export function keepsOwn({ route, signedIn }: ClaudeVariablesOptions): boolean {
  return route.kind === 'anthropic' && (signedIn || route.credential !== 'own')
}

function keptCredential({ env, route }: ClaudeVariablesOptions): Variables {
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_AUTH_TOKEN: token } = env
  return {
    // Made up for a proxy: it would hide the real login.
    ...(apiKey !== undefined && !isAnthropicKey(apiKey) ? { ANTHROPIC_API_KEY: undefined } : {}),
    ...(token !== undefined && !isAnthropicKey(token) ? { ANTHROPIC_AUTH_TOKEN: undefined } : {}),
    ...(route.key === undefined ? {} : { ANTHROPIC_CUSTOM_HEADERS: keyHeader(env, route.key) }),
  }
}

/** The client key as a header of its own; an API key fills `x-api-key`, every login fills `authorization`. */
function keyHeader(env: CommandContext['env'], key: string): string {
  const byApiKey =
    isAnthropicKey(env.ANTHROPIC_API_KEY) && !isAnthropicKey(env.ANTHROPIC_AUTH_TOKEN)
  const header = byApiKey ? `Authorization: Bearer ${key}` : `x-api-key: ${key}`
  const name = header.slice(0, header.indexOf(':')).toLowerCase()
  const others = (env.ANTHROPIC_CUSTOM_HEADERS ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '' && line.split(':')[0]?.trim().toLowerCase() !== name)
  return [...others, header].join('\n')
}

function tokenFor({ env, route }: ClaudeVariablesOptions): Variables {
  const given = [env.ANTHROPIC_AUTH_TOKEN, env.ANTHROPIC_API_KEY].find(
    (value) => value && !isAnthropicKey(value),
  )
  // The gateway's own key, which ccproxy passes on where it has none.
  const passedOn = route.credential === 'caller' ? given : undefined
  return {
    ANTHROPIC_AUTH_TOKEN: route.key ?? passedOn ?? NO_KEY,
    ...(env.ANTHROPIC_API_KEY === undefined ? {} : { ANTHROPIC_API_KEY: undefined }),
    ...(env.CLAUDE_CODE_OAUTH_TOKEN === undefined ? {} : { CLAUDE_CODE_OAUTH_TOKEN: undefined }),
  }
}

/**
 * For an upstream that is not Anthropic's: its models stand in Claude Code's picker, and ccproxy's own limit, which says
 * what was late, comes before Claude Code's. The model that it starts with stays: of a name that it does not know it
 * believes a window of a million tokens (2.1.329), and ccproxy maps the names that it does know.
 */
function foreignVariables({ env, route, timeoutMs }: ClaudeVariablesOptions): Variables {
  const model = route.kind === 'openai' ? route.settings?.default_model : undefined
  const longest = Math.max(CLAUDE_TIMEOUT_MS, timeoutMs + CLAUDE_TIMEOUT_MS)
  return unlessSet(env, {
    API_TIMEOUT_MS: String(longest),
    ...(route.kind === 'openai' ? { CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1' } : {}),
    ...(model === undefined
      ? {}
      : {
          ANTHROPIC_CUSTOM_MODEL_OPTION: `anthropic/${route.provider}/${model}`,
          ANTHROPIC_CUSTOM_MODEL_OPTION_NAME: model,
          ANTHROPIC_CUSTOM_MODEL_OPTION_DESCRIPTION: `Provider ${route.provider} of ccproxy`,
        }),
  })
}

function unlessSet(env: CommandContext['env'], variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => env[name] === undefined))
}
