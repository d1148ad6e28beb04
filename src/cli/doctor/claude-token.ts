import { checkClientKey, clientKeys } from '../../auth/client-key.ts'
import { ConfigError } from '../../config/diagnose.ts'
import { type Finding, fail, fine, warn } from './check.ts'
import { BASE_URL, leadsTo } from './claude-base-url.ts'
import { type ClaudeScope, effective } from './claude-scopes.ts'
import type { DoctorWorld, Usable } from './doctor-world.ts'

const CARRIERS = ['ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_API_KEY', 'ANTHROPIC_CUSTOM_HEADERS'] as const
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'] as const

/** Whether the key that Claude Code sends is the one that ccproxy asks for. */
export async function token(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError) return []
  const { settings } = world.settings
  const { auth_token: own, tokens } = settings.security
  const keys = clientKeys(own === undefined ? [] : [own], tokens)
  const scopes = await world.scopes()
  if (keys.length === 0 || !leadsHere(scopes, world.settings)) return []
  const check = checkClientKey(headersOf(scopes), keys, world.now())
  if (check.ok) return fine('Claude Code sends the client key')
  const carriers = CARRIERS.flatMap((name) => {
    const scope = scopes.findLast(({ env }) => env[name] !== undefined)
    return scope === undefined ? [] : [`${name} in ${scope.where}`]
  })
  const place = scopes.findLast(({ env }) => env[BASE_URL] !== undefined)?.where
  const fix = `set ANTHROPIC_AUTH_TOKEN in ${place} to the client key (security.auth_token)`
  if (check.reason === 'expired') {
    return fail(`The client key that Claude Code sends has expired (${carriers})`, fix)
  }
  // Its helper may print the client key; nobody runs it here to see.
  if (check.reason === 'missing' && scopes.some(({ keyHelper }) => keyHelper)) return []
  if (check.reason === 'missing') {
    return fail('ccproxy asks for a client key, and Claude Code sends none', fix)
  }
  return fail(`Claude Code sends another key than ccproxy asks for: ${carriers.join(', ')}`, fix)
}

function leadsHere(scopes: readonly ClaudeScope[], { url }: Usable): boolean {
  const value = effective(scopes, BASE_URL)
  return value !== undefined && url !== undefined && leadsTo(value, url)
}

function headersOf(scopes: readonly ClaudeScope[]): Headers {
  const headers = new Headers()
  const bearer = effective(scopes, 'ANTHROPIC_AUTH_TOKEN')
  const apiKey = effective(scopes, 'ANTHROPIC_API_KEY')
  const lines = (effective(scopes, 'ANTHROPIC_CUSTOM_HEADERS') ?? '').split('\n')
  const custom = lines.map((line): [string, string] => {
    const at = line.indexOf(':')
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
  })
  const given: [string, string | undefined][] = [
    ['authorization', bearer && `Bearer ${bearer}`],
    ['x-api-key', apiKey],
    ...custom,
  ]
  for (const [name, value] of given) {
    // What no header may hold lets nobody in.
    if (value && /^[\w-]+$/.test(name) && /^[\x20-\x7e]+$/.test(value)) headers.set(name, value)
  }
  return headers
}

/** An HTTP proxy that clients would look for this machine through. */
export async function loopbackProxies(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError || world.settings.url === undefined) return []
  const scopes = await world.scopes()
  const host = hostOf(effective(scopes, BASE_URL), world.settings)
  const names = PROXIES.flatMap((name) => [name, name.toLowerCase()])
  const scope = scopes.findLast(({ env }) => names.some((name) => env[name] !== undefined))
  if (scope === undefined) return []
  const excepted = ['NO_PROXY', 'no_proxy'].map((name) => effective(scopes, name))
  if (excepted.some((list) => covers(list, host))) return fine(`NO_PROXY has ${host}`)
  const name = names.find((one) => scope.env[one] !== undefined)
  const text = `${name} in ${scope.where} also takes what is meant for ${host}: clients do not find ccproxy`
  const list = [...new Set([...(excepted.find(Boolean)?.split(',') ?? []), host])].join(',')
  if (scope.name === 'shell') return warn(text, `export NO_PROXY=${list}`)
  return fail(text, `set NO_PROXY in ${scope.where} ("env") to ${list}`)
}

function hostOf(base: string | undefined, { url = '' }: Usable): string {
  const address = base !== undefined && leadsTo(base, url) ? base : url
  return new URL(address).hostname.replace(/^\[(.*)\]$/, '$1')
}

function covers(list: string | undefined, host: string): boolean {
  const hosts = (list ?? '').split(',').map((one) => one.trim().replace(/:\d+$/, ''))
  return hosts.includes('*') || hosts.includes(host)
}
