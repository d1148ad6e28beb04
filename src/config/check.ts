import { PROFILE_NAMES } from '../provider/profile.ts'
import type { Diagnostic, Source } from './diagnose.ts'
import { isLoopback } from './loopback.ts'
import type { ProviderSettings, Settings, TokenSettings } from './schema.ts'
import { didYouMean } from './suggest.ts'
import type { Path } from './tree.ts'

/** Where each leaf's value came from. */
export type SourceOf = (path: Path) => Source

/** What contradicts itself in settings whose every leaf is right by itself. */
export function contradictions(settings: Settings, sourceOf: SourceOf): Diagnostic[] {
  const found: Diagnostic[] = []
  const report = (path: Path, message: string) =>
    found.push({ path, source: sourceOf(path), message })
  checkBind(settings, report)
  checkTokens(settings.security.tokens, report)
  checkRouting(settings, report)
  checkOAuth(settings, report)
  for (const [name, provider] of Object.entries(settings.providers)) {
    checkProvider(name, provider, report)
    if (provider.credential === 'oauth' && !isLoopback(settings.server.host)) {
      report(
        ['providers', name, 'credential'],
        `providers.${name}.credential is "oauth", but a plan login is never served beyond loopback: set server.host to 127.0.0.1 or use an API key`,
      )
    }
  }
  return found
}

type Report = (path: Path, message: string) => void

function checkBind(settings: Settings, report: Report): void {
  const { server, security } = settings
  if (!isHost(server.host)) {
    report(
      ['server', 'host'],
      `server.host "${server.host}" is neither an address nor a name: write it without scheme, port and brackets (the port is server.port)`,
    )
    return
  }
  if (isLoopback(server.host)) return
  if (security.auth_token !== undefined || security.tokens.length > 0) return
  report(
    ['server', 'host'],
    `server.host "${server.host}" is open to other machines, but there is no client key: run "ccproxy generate-token --save", set AUTH_TOKEN, or bind 127.0.0.1`,
  )
}

/** A name, an IPv4 address, or an IPv6 address as it is bound, with its zone. */
function isHost(host: string): boolean {
  return /^[\w.-]+$/.test(host) || URL.canParse(`http://[${host.replace(/%[\w.-]+$/, '')}]`)
}

function checkTokens(tokens: readonly TokenSettings[], report: Report): void {
  const path = ['security', 'tokens']
  const names = new Set<string>()
  for (const token of tokens) {
    const at = `security.tokens "${token.name}"`
    if (names.has(token.name)) report(path, `${at} is there twice: give each its own name`)
    names.add(token.name)
    if ((token.token === undefined) === (token.sha256 === undefined)) {
      report(path, `${at} needs either token or sha256`)
    }
    if (token.expires !== undefined && Number.isNaN(Date.parse(token.expires))) {
      report(path, `${at}: expires must be an ISO 8601 date or time, not "${token.expires}"`)
    }
  }
}

function checkRouting(settings: Settings, report: Report): void {
  const names = Object.keys(settings.providers)
  const { default: route, models } = settings.routing
  if (!names.includes(route)) {
    report(
      ['routing', 'default'],
      `routing.default names no provider: "${route}"${didYouMean(route, names)}, the providers are ${list(names)}`,
    )
  }
  for (const [model, target] of Object.entries(models)) {
    if (names.some((name) => target.startsWith(`${name}/`) && target.length > name.length + 1)) {
      continue
    }
    report(
      ['routing', 'models', model],
      `routing.models "${model}" must be provider/model, not "${target}": the providers are ${list(names)}`,
    )
  }
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

function checkProvider(name: string, provider: ProviderSettings, report: Report): void {
  const path = (key: string) => ['providers', name, key]
  const at = (key: string) => `providers.${name}.${key}`
  const { base_url, kind, credential } = provider
  if (base_url === undefined && kind === 'openai') {
    report(path('base_url'), `${at('base_url')} is missing: kind "openai" needs one`)
  }
  if (base_url !== undefined && !isHttpUrl(base_url)) {
    report(path('base_url'), `${at('base_url')} must be an http or https URL, not "${base_url}"`)
  }
  const { profile } = provider
  if (profile !== undefined && !PROFILE_NAMES.includes(profile)) {
    const hint = `${didYouMean(profile, PROFILE_NAMES)}, the profiles are ${list(PROFILE_NAMES)}`
    report(path('profile'), `${at('profile')} names no built-in profile: "${profile}"${hint}`)
  }
  if (credential === 'api-key' && provider.api_key === undefined) {
    report(path('credential'), `${at('credential')} is "api-key", but ${at('api_key')} is missing`)
  }
  if (credential === 'key-helper' && provider.api_key_helper === undefined) {
    const missing = `${at('api_key_helper')} is missing`
    report(path('credential'), `${at('credential')} is "key-helper", but ${missing}`)
  }
  if (provider.force_model === true && provider.default_model === undefined) {
    const missing = `${at('default_model')} is missing`
    report(path('force_model'), `${at('force_model')} is true, but ${missing}`)
  }
}

/** Tokens go to these addresses: in the clear to this machine only. */
function checkOAuth({ auth }: Settings, report: Report): void {
  for (const key of ['authorize_url', 'token_url', 'profile_url', 'redirect_uri'] as const) {
    const url = auth.oauth[key]
    if (url === undefined || isSafeUrl(url)) continue
    report(
      ['auth', 'oauth', key],
      `auth.oauth.${key} must be an https URL, or http to this machine, not "${url}"`,
    )
  }
}

function isSafeUrl(text: string): boolean {
  if (!isHttpUrl(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || isLoopback(hostname)
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
