import type { ClientCredential } from '../auth/credential.ts'
import { isClaudeCode, mergeBetas } from '../auth/identity.ts'
import { ProxyError } from '../kit/error.ts'
import { copyRequestHeaders } from '../kit/headers.ts'
import type { Mode } from './mode.ts'
import type { PreparedCall, Provider, ProviderOptions, UpstreamCall } from './provider.ts'
import { joinUrl, sendByFetch } from './shared.ts'

const DEFAULT_BASE_URL = 'https://api.anthropic.com'
const DEFAULT_VERSION = '2023-06-01'

/** Headers that carry a client's credential or say where it sits; none of them goes up as it came. */
const PRIVATE: ReadonlySet<string> = new Set([
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-auth-token',
  'x-amz-security-token',
  'cookie',
  'cookie2',
  'forwarded',
  'via',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'cf-connecting-ip',
  'true-client-ip',
])

/** What an Anthropic request needs, for the minimal mode. */
const NEEDED: ReadonlySet<string> = new Set([
  'content-type',
  'accept',
  'user-agent',
  'anthropic-version',
  'anthropic-beta',
  'anthropic-workspace-id',
  'anthropic-user-profile-id',
])

/** Names beside the families of `isOwnHeader` that the full mode carries. */
const CARRIED: ReadonlySet<string> = new Set([
  'content-type',
  'accept',
  'accept-language',
  'user-agent',
  'idempotency-key',
  'session-id',
  'thread-id',
  'originator',
  'traceparent',
  'tracestate',
  'baggage',
])

const ALLOW: Readonly<Record<Mode, (name: string) => boolean>> = {
  full: (name) => !PRIVATE.has(name) && (CARRIED.has(name) || isOwnHeader(name)),
  minimal: (name) => NEEDED.has(name),
  passthrough: (name) => !PRIVATE.has(name),
  sdk: () => false,
}

/** The families of Anthropic, its SDKs and Claude Code, and whatever a client made up for itself. */
function isOwnHeader(name: string): boolean {
  return name.startsWith('anthropic-') || (name.startsWith('x-') && !name.startsWith('x-ccproxy-'))
}

/** The Anthropic API, or whatever speaks it at another base URL. */
export function createAnthropicProvider(options: ProviderOptions): Provider {
  const baseUrl = options.baseUrl ?? DEFAULT_BASE_URL
  return {
    name: options.name,
    kind: 'anthropic',
    wire: 'messages',
    async prepare(call) {
      return prepare(call, baseUrl, options)
    },
    send: sendByFetch,
    async status() {
      const credential = options.apiKey === undefined ? 'client' : 'api-key'
      return { provider: options.name, kind: 'anthropic', base_url: baseUrl, credential }
    },
  }
}

function prepare(call: UpstreamCall, baseUrl: string, options: ProviderOptions): PreparedCall {
  const headers = requestHeaders(call, options)
  const credential = chooseCredential(call, options)
  for (const [name, value] of Object.entries(credential)) headers.set(name, value)
  return { url: joinUrl(baseUrl, call.path), method: call.method, headers, body: call.body }
}

/** The headers of a request to whatever speaks Anthropic's API, all but the credential. */
export function requestHeaders(call: UpstreamCall, options: ProviderOptions): Headers {
  const allow = call.translated ? ALLOW.minimal : ALLOW[call.mode]
  const headers = copyRequestHeaders(call.clientHeaders, allow)
  if (call.betas.length > 0) {
    headers.set('anthropic-beta', mergeBetas(headers.get('anthropic-beta'), call.betas))
  }
  if (!headers.has('anthropic-version')) headers.set('anthropic-version', DEFAULT_VERSION)
  if (!headers.has('user-agent')) headers.set('user-agent', `ccproxy/${options.version}`)
  for (const [name, value] of Object.entries(options.headers)) headers.set(name, value)
  return headers
}

/** The credential as headers; the client's own comes first (interface.md 3). */
function chooseCredential(
  call: UpstreamCall,
  options: ProviderOptions,
): Readonly<Record<string, string>> {
  const own = call.clientCredential
  const { credential, apiKey } = options
  if (own !== undefined && (credential === 'auto' || credential === 'client')) {
    refusePlanLogin(own, call)
    return own.headers
  }
  if (apiKey !== undefined && (credential === 'auto' || credential === 'api-key')) {
    return { 'x-api-key': apiKey.reveal() }
  }
  throw new ProxyError('authentication', missingCredential(options.name))
}

/** Anthropic refuses a plan login outside full mode; saying so here spares the account a strange request. */
function refusePlanLogin(own: ClientCredential, call: UpstreamCall): void {
  if (own.kind !== 'oat' || call.mode === 'full') return
  const body = call.body instanceof Uint8Array ? call.body : undefined
  if (isClaudeCode(call.clientHeaders, body)) return
  throw new ProxyError(
    'invalid_request',
    'system: This credential is only authorized for use with Claude Code and cannot be used for other API requests.',
  )
}

function missingCredential(name: string): string {
  const key = name === 'anthropic' ? 'ANTHROPIC_API_KEY' : `providers.${name}.api_key`
  return `No Anthropic credential for provider "${name}": set ${key}, or send your own sk-ant-… key as x-api-key or Bearer`
}
