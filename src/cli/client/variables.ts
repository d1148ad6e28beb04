import type { CommandContext } from '../command.ts'

/** Changes to an environment: a value to set, or undefined for a variable that must not be there. */
export type Variables = Readonly<Record<string, string | undefined>>

type Environment = CommandContext['env']

/** Stands where a client insists on a key and nobody asks for one; never taken for one of Anthropic's. */
export const NO_KEY = 'unused'

/** Variables that take a client past its base URL, to a cloud of its own. */
export const DETOURS = [
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
  'CLAUDE_CODE_USE_MANTLE',
  'CLAUDE_CODE_USE_ANTHROPIC_AWS',
  'CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD',
  'CLAUDE_CODE_USE_GATEWAY',
] as const

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'] as const

/** An environment with changes made to it. */
export function withVariables(env: Environment, variables: Variables): Record<string, string> {
  const changed: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...env, ...variables })) {
    if (value !== undefined) changed[name] = value
  }
  return changed
}

/** Whether a value is a credential of Anthropic's, and not one that was made up for a proxy. */
export function isAnthropicKey(value: string | undefined): value is string {
  return value?.startsWith('sk-ant-') === true
}

/** What every client needs, whatever it is: no detour, and no HTTP proxy between it and this machine. */
export function commonVariables(env: Environment, url: string): Variables {
  const variables: Record<string, string | undefined> = {}
  for (const name of DETOURS) if (env[name] !== undefined) variables[name] = undefined
  const proxied = PROXIES.some((name) => env[name] || env[name.toLowerCase()])
  if (!proxied) return variables
  const { hostname } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  for (const name of ['NO_PROXY', 'no_proxy']) {
    const before = (env[name] ?? env.NO_PROXY ?? env.no_proxy ?? '').split(',')
    const hosts = before.map((one) => one.trim()).filter((one) => one !== '')
    if (hosts.includes('*') || hosts.includes(host)) continue
    variables[name] = [...hosts, host].join(',')
  }
  return variables
}
