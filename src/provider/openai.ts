import { ProxyError } from '../kit/error.ts'
import { copyRequestHeaders } from '../kit/headers.ts'
import type { Profile } from '../protocol/profile.ts'
import type { ProtocolName } from '../protocol/protocol.ts'
import { chooseProfile, type ProfileChoice, speaksBothWires } from './profile.ts'
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
  const quirks = new Quirks(options, baseUrl)
  const site: Site = { baseUrl, azure: isAzure(baseUrl), urls: new Map() }
  const spoken = options.wire ?? wireOfEndpoint(baseUrl)
  // Undefined where it speaks both.
  const wire = spoken ?? (quirks.bothWires ? undefined : 'chat')
  return {
    name: options.name,
    kind: 'openai',
    wire: wire ?? 'chat',
    wireFor(client, model) {
      if (wire !== undefined) return wire
      if (client !== 'messages') return client
      // What a model thinks comes back on Responses only.
      return quirks.of(model).encrypted_reasoning ? 'responses' : 'chat'
    },
    defaultMaxTokens: options.defaultMaxTokens,
    prepare: (call) => prepare(call, site, options),
    send: sendByFetch,
    profile: (model) => quirks.of(model),
    learn: (model, quirk) => quirks.learn(model, quirk),
    async status() {
      const credential = options.credentials.apiKey === undefined ? "the caller's own" : 'API key'
      return { provider: options.name, kind: 'openai', base_url: baseUrl, credential }
    },
  }
}

/** What is known of an upstream's models, and what its errors taught. */
class Quirks {
  readonly bothWires: boolean
  readonly #name: string
  readonly #choice: Omit<ProfileChoice, 'model'>
  readonly #learnt = new Map<string, Partial<Profile>>()
  readonly #profiles = new Map<string, Profile>()

  constructor(options: ProviderOptions, baseUrl: string) {
    const { name, profile, profileOverrides: overrides = {} } = options
    this.#name = name
    this.#choice = { baseUrl, overrides, ...(profile === undefined ? {} : { name: profile }) }
    this.bothWires = speaksBothWires(this.#choice)
  }

  of(model: string): Profile {
    const known = this.#profiles.get(model)
    if (known !== undefined) return known
    const chosen = chooseProfile({ ...this.#choice, model })
    // By its own name: of two upstreams of one vendor neither can read what the other's models thought.
    const profile = { ...chosen, ...this.#learnt.get(model), name: this.#name }
    keep(this.#profiles, model, profile)
    return profile
  }

  learn(model: string, quirk: Partial<Profile>): void {
    if (this.#learnt.size >= KEPT) this.#learnt.clear()
    this.#learnt.set(model, { ...this.#learnt.get(model), ...quirk })
    this.#profiles.delete(model)
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

/** What a base URL that is an endpoint's says of its protocol; Azure's of one deployment has no Responses. */
function wireOfEndpoint(baseUrl: string): ProtocolName | undefined {
  if (/\/responses\/*(\?|$)/.test(baseUrl)) return 'responses'
  return /\/chat\/completions\/*(\?|$)|\/deployments\//.test(baseUrl) ? 'chat' : undefined
}

function isAzure(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && /\.azure\.com$/.test(new URL(baseUrl).hostname)
}

/**
 * The URL of an endpoint: `base` is the API's base (`https://host/v1`), a bare host, or the whole URL of one of its
 * endpoints; a query of its own (Azure's `api-version`) stays.
 */
function endpointUrl(base: string, path: string): string {
  const url = new URL(base)
  const root = url.pathname.replace(/\/+$/, '').replace(/\/(chat\/completions|responses)$/, '')
  const [endpoint = '', query = ''] = path.split('?')
  url.pathname = (root === '' ? '/v1' : root) + endpoint.replace(/^\/v1/, '')
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.append(name, value)
  return url.href
}
