import { ProxyError } from '../kit/error.ts'
import type { Secret } from '../kit/secret.ts'
import { expiryInWords } from './expiry.ts'
import type { KeyHelper } from './key-helper.ts'
import type { TokenSource, TokenState } from './token-source.ts'

/** A client's own credential and the headers that it came in. */
export interface ClientCredential {
  readonly headers: Readonly<Record<string, string>>
  /** `oat` is a plan login's access token, `key` an API key. */
  readonly kind: 'key' | 'oat'
}

/** What `credential` may say in the settings of a provider. */
export type CredentialSetting = 'auto' | 'client' | 'api-key' | 'key-helper' | 'oauth'

/** Where a provider's credentials come from; what is not configured is absent. */
export interface CredentialSources {
  /** The provider's name, for messages. */
  readonly provider: string
  readonly apiKey?: Secret | undefined
  readonly keyHelper?: KeyHelper | undefined
  /** Our own plan login first, then Claude Code's where the settings allow it. */
  readonly logins?: readonly TokenSource[] | undefined
  /** Whether ccproxy listens on loopback only: a plan login serves nobody else. */
  readonly loopbackOnly: boolean
}

/** What the choice needs to know of one request. */
export interface CredentialCall {
  /** `/min` and `/pt`: no plan login but that of Claude Code itself. */
  readonly keysOnly: boolean
  readonly client: ClientCredential | undefined
  /** Whether Claude Code made the request; asked only where it matters. */
  readonly fromClaudeCode: () => boolean
}

/** The credential of one request. */
export interface ChosenCredential {
  readonly source: 'client' | 'api-key' | 'key-helper' | TokenSource['kind']
  /** Sets the headers that carry it; to be called last, on headers that carry no other. */
  readonly apply: (headers: Headers) => void
  /** Whether it is a plan login of ours, which needs the identity block and the betas. */
  readonly planLogin: boolean
  /** Another one to try once after a 401, or undefined where there is none. */
  readonly retry: () => Promise<ChosenCredential | undefined>
}

const OAT_PREFIX = 'sk-ant-oat'
const OWN_KEY = 'send your own sk-ant-… key as x-api-key or Bearer'

/**
 * Chooses the credential that goes up. `auto` takes the client's own, then `api_key`, then the helper,
 * then an accepted plan login; any other setting takes exactly that one or throws a `ProxyError`.
 * A key is at hand and comes at once.
 */
export function chooseCredential(
  setting: CredentialSetting,
  sources: CredentialSources,
  call: CredentialCall,
): ChosenCredential | Promise<ChosenCredential> {
  switch (setting) {
    case 'client':
      if (call.client === undefined) throw missing(sources, OWN_KEY)
      return ofClient(call.client, call)
    case 'api-key':
      if (sources.apiKey === undefined) throw missing(sources, `set ${keyName(sources)}`)
      return ofKey('api-key', sources.apiKey, nothing)
    case 'key-helper':
      if (sources.keyHelper === undefined) {
        throw missing(sources, `set providers.${sources.provider}.api_key_helper`)
      }
      return ofHelper(sources.keyHelper)
    case 'oauth':
      return forcedLogin(sources).then((login) => ofLogin(login, sources, call))
    case 'auto':
      return automatic(sources, call)
  }
}

/** What would go up if no client brought a credential of its own; for `/status`, without any secret. */
export async function describeCredential(
  setting: CredentialSetting,
  sources: CredentialSources,
  now: number,
): Promise<string> {
  const any = setting === 'auto'
  if (setting === 'client') return "client's own"
  if ((any || setting === 'api-key') && sources.apiKey !== undefined) return 'API key'
  if ((any || setting === 'key-helper') && sources.keyHelper !== undefined) return 'key helper'
  if (!any && setting !== 'oauth') return 'none'
  const { reasons, ready } = await surveyLogins(sources)
  if (ready === undefined) return ['none', ...reasons].join('; ')
  const { plan, expiresAt } = ready.state
  const name = ready.login.kind === 'plan-login' ? 'plan login' : "Claude Code's login"
  const end = expiresAt === undefined ? 'without expiry' : expiryInWords(expiresAt - now)
  const refused = sources.loopbackOnly ? '' : ', refused because ccproxy listens beyond loopback'
  return `${name}${plan === undefined ? '' : ` (${plan})`}, ${end}${refused}`
}

function automatic(
  sources: CredentialSources,
  call: CredentialCall,
): ChosenCredential | Promise<ChosenCredential> {
  if (call.client !== undefined) return ofClient(call.client, call)
  if (sources.apiKey !== undefined) return ofKey('api-key', sources.apiKey, nothing)
  if (sources.keyHelper !== undefined) return ofHelper(sources.keyHelper)
  return ofAnyLogin(sources, call)
}

async function ofAnyLogin(
  sources: CredentialSources,
  call: CredentialCall,
): Promise<ChosenCredential> {
  const { reasons, ready } = await surveyLogins(sources)
  if (ready !== undefined) return ofLogin(ready.login, sources, call)
  const ways = `set ${keyName(sources)}, ${OWN_KEY}, or run "ccproxy auth login"`
  throw missing(sources, [ways, ...reasons].join('; '))
}

function ofClient(client: ClientCredential, call: CredentialCall): ChosenCredential {
  if (client.kind === 'oat' && call.keysOnly && !call.fromClaudeCode()) throw onlyForClaudeCode()
  const apply = (headers: Headers) => {
    for (const name in client.headers) headers.set(name, client.headers[name] ?? '')
  }
  return { source: 'client', apply, planLogin: false, retry: nothing }
}

function ofKey(
  source: 'api-key' | 'key-helper',
  key: Secret,
  retry: ChosenCredential['retry'],
): ChosenCredential {
  // A plan login's token must not come in by the back door: it needs the acceptance.
  if (key.reveal().startsWith(OAT_PREFIX)) {
    throw new ProxyError(
      'authentication',
      `The ${source} is a plan login's token ("${OAT_PREFIX}…"), not an API key: use an API key, or run "ccproxy auth login"`,
    )
  }
  const apply = (headers: Headers) => headers.set('x-api-key', key.reveal())
  return { source, apply, planLogin: false, retry }
}

async function ofHelper(helper: KeyHelper): Promise<ChosenCredential> {
  const key = await helper.key()
  return ofKey('key-helper', key, async () => {
    const fresh = await helper.rejected(key)
    return fresh === undefined ? undefined : ofKey('key-helper', fresh, nothing)
  })
}

async function ofLogin(
  login: TokenSource,
  sources: CredentialSources,
  call: CredentialCall,
): Promise<ChosenCredential> {
  if (call.keysOnly) throw onlyForClaudeCode()
  if (!sources.loopbackOnly) {
    throw new ProxyError(
      'permission',
      'A plan login serves its holder alone and is refused while ccproxy listens beyond loopback: bind 127.0.0.1, or set api_key',
    )
  }
  const token = await login.token()
  return ofToken(login.kind, token, async () => {
    const fresh = await login.rejected(token)
    return fresh === undefined ? undefined : ofToken(login.kind, fresh, nothing)
  })
}

function ofToken(
  source: TokenSource['kind'],
  token: Secret,
  retry: ChosenCredential['retry'],
): ChosenCredential {
  const apply = (headers: Headers) => headers.set('authorization', `Bearer ${token.reveal()}`)
  return { source, apply, planLogin: true, retry }
}

/** Forced, a login answers for itself: its own error says what to run. */
async function forcedLogin(sources: CredentialSources): Promise<TokenSource> {
  const { ready } = await surveyLogins(sources)
  const login = ready?.login ?? (await firstPresent(sources)) ?? sources.logins?.[0]
  if (login === undefined) throw missing(sources, 'run "ccproxy auth login"')
  return login
}

async function firstPresent(sources: CredentialSources): Promise<TokenSource | undefined> {
  for (const login of sources.logins ?? []) {
    if ((await login.state()).kind !== 'absent') return login
  }
  return undefined
}

type Ready = Extract<TokenState, { kind: 'ready' }>

/** The first login that may be used, and what stands in the way of those before it. */
async function surveyLogins(sources: CredentialSources) {
  const reasons: string[] = []
  for (const login of sources.logins ?? []) {
    const state = await login.state()
    if (state.kind === 'ready') return { reasons, ready: { login, state: state satisfies Ready } }
    if (state.kind === 'unusable') reasons.push(state.reason)
    if (state.kind === 'not-accepted') {
      reasons.push(
        `the login in "${state.source}" is not used, for its terms were not accepted: run "ccproxy auth accept-terms"`,
      )
    }
  }
  return { reasons, ready: undefined }
}

function keyName({ provider }: CredentialSources): string {
  return provider === 'anthropic' ? 'ANTHROPIC_API_KEY' : `providers.${provider}.api_key`
}

function missing({ provider }: CredentialSources, whatToDo: string): ProxyError {
  return new ProxyError(
    'authentication',
    `No Anthropic credential for provider "${provider}": ${whatToDo}`,
  )
}

/** What Anthropic itself answers, said here before a plan's token leaves the machine (seed 003). */
function onlyForClaudeCode(): ProxyError {
  return new ProxyError(
    'invalid_request',
    'system: This credential is only authorized for use with Claude Code and cannot be used for other API requests.',
  )
}

function nothing(): Promise<undefined> {
  return Promise.resolve(undefined)
}
