import { ConfigError } from '../../config/diagnose.ts'
import { pointsAt } from '../../provider/claude-sdk/claude-env.ts'
import { type Finding, fail, fine, warn } from './check.ts'
import type { ClaudeScope } from './claude-scopes.ts'
import type { DoctorWorld } from './doctor-world.ts'

/** The variable that leads Claude Code to ccproxy. */
export const BASE_URL = 'ANTHROPIC_BASE_URL'

/** Whether Claude Code, as its scopes have it, goes to ccproxy; a file's word beats what "ccproxy code" says. */
export async function baseUrl(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError || world.settings.url === undefined) return []
  const { url } = world.settings
  const set = (await world.scopes()).filter(({ env }) => env[BASE_URL] !== undefined)
  if (set.length === 0) {
    return fine('Nothing leads a bare "claude" here; "ccproxy code" starts it so')
  }
  return set.flatMap((scope) => judge(scope, scope.env[BASE_URL] ?? '', url))
}

function judge(scope: ClaudeScope, value: string, url: string): Finding[] {
  const { name, where } = scope
  const problem = problemOf(value, url)
  if (problem === undefined) return fine(`${BASE_URL} in ${where} leads here`)
  const text = `${BASE_URL} in ${where} ${problem}`
  if (name === 'shell') return warn(text, `export ${BASE_URL}=${url}, or unset it`)
  return fail(text, `set it to ${url} in ${where} ("env"), or remove it there`)
}

function problemOf(value: string, url: string): string | undefined {
  if (!URL.canParse(value)) return 'is no URL'
  const { origin, protocol, pathname, port, hostname } = new URL(value)
  if (leadsTo(value, url)) {
    if (protocol !== 'http:') return 'begins with https:, and ccproxy speaks http:'
    return /\/openai(\/|$)/.test(pathname) ? 'is the address for OpenAI clients' : undefined
  }
  const loopback = hostname === 'localhost' || /^127\.|^\[::1\]$/.test(hostname)
  if (!loopback) return `leads to ${origin}, past ccproxy`
  return `leads to port ${port || '80'} of this machine, and ccproxy listens at ${url}`
}

/** Whether an address is ccproxy's, by whatever name of this machine. */
export function leadsTo(value: string, url: string): boolean {
  if (!URL.canParse(value)) return false
  const own = new URL(url)
  return pointsAt(value, Number(own.port || 80)) || new URL(value).host === own.host
}
