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
  return {
    name: options.name,
    kind: 'openai',
    wire: options.wire ?? 'chat',
    defaultMaxTokens: options.defaultMaxTokens,
    async prepare(call) {
      return prepare(call, baseUrl, options)
    },
    send: sendByFetch,
    profile(model) {
      const chosen = chooseProfile({
        baseUrl,
        model,
        overrides: options.profileOverrides ?? {},
        ...(options.profile === undefined ? {} : { name: options.profile }),
      })
      return { ...chosen, ...learnt.get(model) }
    },
    learn: (model, quirk) => void learnt.set(model, { ...learnt.get(model), ...quirk }),
    async status() {
      const credential = options.credentials.apiKey === undefined ? "the caller's own" : 'api-key'
      return { provider: options.name, kind: 'openai', base_url: baseUrl, credential }
    },
  }
}

function prepare(call: UpstreamCall, baseUrl: string, options: ProviderOptions): PreparedCall {
  const headers = copyRequestHeaders(call.clientHeaders, (name) => allows(name, call.translated))
  if (!headers.has('user-agent')) headers.set('user-agent', `ccproxy/${options.version}`)
  for (const [name, value] of Object.entries(options.headers)) headers.set(name, value)
  if (call.translated) headers.set('content-type', 'application/json')
  const key = keyFor(call, options)
  if (key !== undefined) headers.set(...credentialHeader(baseUrl, key))
  return {
    url: endpointUrl(baseUrl, call.path),
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

/** Azure names its key header otherwise; everyone else takes a bearer. */
function credentialHeader(baseUrl: string, key: string): [name: string, value: string] {
  const azure = URL.canParse(baseUrl) && /\.azure\.com$/.test(new URL(baseUrl).hostname)
  return azure ? ['api-key', key] : ['authorization', `Bearer ${key}`]
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
