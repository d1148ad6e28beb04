import { type ChosenCredential, chooseCredential, describeCredential } from '../auth/credential.ts'
import { isClaudeCode, mergeBetas, PLAN_LOGIN_BETAS, withIdentity } from '../auth/identity.ts'
import { copyRequestHeaders } from '../kit/headers.ts'
import type { Mode } from './mode.ts'
import type { CallBody, PreparedCall, Provider, ProviderOptions, UpstreamCall } from './provider.ts'
import { sendByFetch, urlsUnder } from './shared.ts'

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
  const { name, credential, credentials } = options
  const baseUrl = options.baseUrl ?? DEFAULT_BASE_URL
  const urlOf = urlsUnder(baseUrl)
  return {
    name,
    kind: 'anthropic',
    wire: 'messages',
    prepare(call) {
      const fromClaudeCode = once(() => isClaudeCode(call.clientHeaders, bytesOf(call)))
      const plan = { call, url: urlOf(call.path), options, fromClaudeCode }
      const chosen = chooseCredential(credential, credentials, {
        keysOnly: call.mode !== 'full',
        client: call.clientCredential,
        fromClaudeCode,
      })
      return chosen instanceof Promise
        ? chosen.then((late) => prepared(plan, late))
        : prepared(plan, chosen)
    },
    send: sendByFetch,
    async status() {
      const words = await describeCredential(credential, credentials, Date.now())
      return { provider: name, kind: 'anthropic', base_url: baseUrl, credential: words }
    },
  }
}

/** All of a call but its credential. */
interface Plan {
  readonly call: UpstreamCall
  readonly url: string
  readonly options: ProviderOptions
  readonly fromClaudeCode: () => boolean
}

function prepared(plan: Plan, chosen: ChosenCredential): PreparedCall {
  const { call, url, options } = plan
  const headers = requestHeaders(call, options)
  if (chosen.planLogin) {
    headers.set('anthropic-beta', mergeBetas(headers.get('anthropic-beta'), PLAN_LOGIN_BETAS))
  }
  chosen.apply(headers)
  return {
    url,
    method: call.method,
    headers,
    body: chosen.planLogin ? identified(plan) : call.body,
    planLogin: chosen.planLogin || isOfPlan(call, chosen),
    retry: (status) => retried(plan, chosen, status),
  }
}

/** Whether a client's own plan login goes up. */
function isOfPlan(call: UpstreamCall, chosen: ChosenCredential): boolean {
  return chosen.source === 'client' && call.clientCredential?.kind === 'oat'
}

/** The same call with another credential; a body that streamed up is gone and cannot be sent again. */
async function retried(
  plan: Plan,
  refused: ChosenCredential,
  status: number,
): Promise<PreparedCall | undefined> {
  if (status !== 401 || plan.call.body instanceof ReadableStream) return undefined
  const next = await refused.retry()
  return next === undefined ? undefined : prepared(plan, next)
}

/** Bodies that have a system prompt: what is counted is what would be sent. */
const MESSAGES_PATH = /^\/v1\/messages(\/count_tokens)?(\?|$)/

/** The body as a plan login needs it; Claude Code's own is left alone. */
function identified({ call, options, fromClaudeCode }: Plan): CallBody {
  const body = bytesOf(call)
  if (body === undefined || !MESSAGES_PATH.test(call.path) || fromClaudeCode()) return call.body
  return withIdentity(body, options.identity)
}

function bytesOf({ body }: UpstreamCall): Uint8Array | undefined {
  return body instanceof Uint8Array ? body : undefined
}

/** Looks into a body at most once. */
function once(ask: () => boolean): () => boolean {
  let answer: boolean | undefined
  return () => {
    answer ??= ask()
    return answer
  }
}

/** The headers of a request to whatever speaks Anthropic's API, all but the credential. */
export function requestHeaders(call: UpstreamCall, options: ProviderOptions): Headers {
  const allow = call.translated ? ALLOW.minimal : ALLOW[call.mode]
  const headers = copyRequestHeaders(call.clientHeaders, allow)
  if (call.betas.length > 0) {
    headers.set('anthropic-beta', mergeBetas(headers.get('anthropic-beta'), call.betas))
  }
  if (call.translated) headers.set('content-type', 'application/json')
  if (!headers.has('anthropic-version')) headers.set('anthropic-version', DEFAULT_VERSION)
  if (!headers.has('user-agent')) headers.set('user-agent', `ccproxy/${options.version}`)
  for (const name in options.headers) headers.set(name, options.headers[name] ?? '')
  return headers
}
