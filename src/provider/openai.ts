import { ProxyError } from '../kit/error.ts'
import { copyRequestHeaders } from '../kit/headers.ts'
import type { Profile } from '../protocol/profile.ts'
import { chooseProfile } from './profile.ts'
import type { PreparedCall, Provider, ProviderOptions, UpstreamCall } from './provider.ts'
import { sendByFetch } from './shared.ts'

const DEFAULT_BASE_URL = 'https://api.openai.com/v1'

/** What every request may carry, whoever made it. */
const COMMON: ReadonlySet<string> = new Set([
  'content-type',
  'accept',
  'user-agent',
  'idempotency-key',
  'traceparent',
  'tracestate',
])

/** What OpenAI's own clients send and its servers read. */
const OWN: ReadonlySet<string> = new Set([
  'openai-organization',
  'openai-project',
  'openai-beta',
  'originator',
  'session-id',
  'thread-id',
  'x-client-request-id',
])

/** Whatever speaks OpenAI's Chat Completions or Responses. */
export function createOpenAiProvider(options: ProviderOptions): Provider {
  const baseUrl = options.baseUrl ?? DEFAULT_BASE_URL
  const learnt = new Map<string, Partial<Profile>>()
  const profiles = new Map<string, Profile>()
  const site: Site = { baseUrl, azure: isAzure(baseUrl), urls: new Map() }
  return {
    name: options.name,
    kind: 'openai',
    wire: options.wire ?? 'chat',
    defaultMaxTokens: options.defaultMaxTokens,
    prepare: (call) => prepare(call, site, options),
    send: sendByFetch,
    profile(model) {
      const known = profiles.get(model)
      if (known !== undefined) return known
      const chosen = chooseProfile({
        baseUrl,
        model,
        overrides: options.profileOverrides ?? {},
        ...(options.profile === undefined ? {} : { name: options.profile }),
      })
      const profile = { ...chosen, ...learnt.get(model) }
      keep(profiles, model, profile)
      return profile
    },
    learn(model, quirk) {
      if (learnt.size >= KEPT) learnt.clear()
      learnt.set(model, { ...learnt.get(model), ...quirk })
      profiles.delete(model)
    },
    async status() {
      const credential = options.credentials.apiKey === undefined ? "the caller's own" : 'API key'
      return { provider: options.name, kind: 'openai', base_url: baseUrl, credential }
    },
  }
}

/** Where an upstream is, with what is worked out from its address. */
interface Site {
  readonly baseUrl: string
  /** Azure names its key header otherwise. */
  readonly azure: boolean
  /** The endpoints asked for so far, by path. */
  readonly urls: Map<string, string>
}

/** Clients name models and paths as they like: what is kept for each may not grow with them. */
const KEPT = 256

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (map.size >= KEPT) map.clear()
  map.set(key, value)
}

function urlOf({ baseUrl, urls }: Site, path: string): string {
  const known = urls.get(path)
  if (known !== undefined) return known
  const url = endpointUrl(baseUrl, path)
  keep(urls, path, url)
  return url
}

function prepare(call: UpstreamCall, site: Site, options: ProviderOptions): PreparedCall {
  const headers = copyRequestHeaders(call.clientHeaders, (name) => allows(name, call.translated))
  if (!headers.has('user-agent')) headers.set('user-agent', `ccproxy/${options.version}`)
  for (const name in options.headers) headers.set(name, options.headers[name] ?? '')
  if (call.translated) headers.set('content-type', 'application/json')
  const key = keyFor(call, options)
  if (key !== undefined) {
    if (site.azure) headers.set('api-key', key)
    else headers.set('authorization', `Bearer ${key}`)
  }
  return {
    url: urlOf(site, call.path),
    method: call.method,
    headers,
    body: call.body,
  }
}

function allows(name: string, translated: boolean): boolean {
  if (COMMON.has(name)) return true
  return (
    !translated && (OWN.has(name) || name.startsWith('x-stainless-') || name.startsWith('x-codex-'))
  )
}

/** Its own key, else the caller's (seed 004); a plan login's token never goes to a foreign upstream. */
function keyFor(call: UpstreamCall, options: ProviderOptions): string | undefined {
  const { credential, credentials } = options
  const { apiKey } = credentials
  if (apiKey !== undefined && (credential === 'auto' || credential === 'api-key')) {
    return apiKey.reveal()
  }
  const caller = credential === 'api-key' ? undefined : call.callerKey?.reveal()
  if (caller?.startsWith('sk-ant-oat')) {
    const text = `A plan login's token is not sent to upstream "${options.name}": set providers.${options.name}.api_key`
    throw new ProxyError('authentication', text)
  }
  return caller
}

function isAzure(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && /\.azure\.com$/.test(new URL(baseUrl).hostname)
}

/**
 * The URL of an endpoint: `base` is the API's base (`https://host/v1`), a bare host, or the whole URL of one of its
 * endpoints; a query of its own (Azure's `api-version`) stays.
 */
export function endpointUrl(base: string, path: string): string {
  const url = new URL(base)
  const root = url.pathname.replace(/\/+$/, '').replace(/\/(chat\/completions|responses)$/, '')
  const [endpoint = '', query = ''] = path.split('?')
  url.pathname = (root === '' ? '/v1' : root) + endpoint.replace(/^\/v1/, '')
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.append(name, value)
  return url.href
}
