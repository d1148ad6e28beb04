import type { CredentialSetting, CredentialSources } from '../auth/credential.ts'
import type { InjectionMode } from '../auth/identity.ts'
import { KeyHelper } from '../auth/key-helper.ts'
import type { TokenSource } from '../auth/token-source.ts'
import type { Secret } from '../kit/secret.ts'
import type { ProtocolName } from '../protocol/protocol.ts'
import { createAnthropicProvider } from './anthropic.ts'
import type { ClaudeSdkOptions } from './claude-sdk/claude-sdk-options.ts'
import { createClaudeSdkProvider } from './claude-sdk.ts'
import { createDemoProvider } from './demo.ts'
import { createOpenAiProvider } from './openai.ts'
import { OPENAI_MODELS } from './openai-models.ts'
import type { Provider, ProviderOptions } from './provider.ts'

/** How each kind of upstream is made; a new one is one line here. */
const KINDS: Readonly<Record<string, (options: ProviderOptions) => Provider>> = {
  anthropic: createAnthropicProvider,
  openai: createOpenAiProvider,
  demo: createDemoProvider,
  'claude-sdk': createClaudeSdkProvider,
}

/** One upstream as the settings describe it. */
export interface ProviderEntry {
  readonly name: string
  readonly kind: string
  readonly version: string
  readonly base_url?: string | undefined
  readonly api_key?: Secret | undefined
  readonly api_key_helper?: string | readonly string[] | undefined
  readonly api_key_helper_ttl_ms?: number | undefined
  readonly credential: CredentialSetting
  readonly headers: Readonly<Record<string, string>>
  readonly models: Readonly<Record<string, string>>
  readonly wire?: ProtocolName | undefined
  readonly profile?: string | undefined
  readonly profile_overrides?: Readonly<Record<string, unknown>> | undefined
  readonly default_model?: string | undefined
  readonly force_model?: boolean | undefined
  readonly default_max_tokens?: number | undefined
}

/** An upstream with the names that its models go by. */
export interface NamedUpstream {
  readonly provider: Provider
  /** From the client's name, exact or with `*`, to the upstream's. */
  readonly models: Readonly<Record<string, string>>
  /** The same for OpenAI clients only, looked up after `models`. */
  readonly openAiModels: Readonly<Record<string, string>>
  /** The name for models that no map knows. */
  readonly defaultModel: string | undefined
  /** Always send `defaultModel`. */
  readonly forceModel: boolean
}

/** What all upstreams of one process share. */
export interface SharedOptions {
  /** The plan logins of this machine, in the order in which they are tried. */
  readonly logins: readonly TokenSource[]
  /** Whether ccproxy listens on loopback only: a plan login serves nobody else. */
  readonly loopbackOnly: boolean
  readonly identity: InjectionMode
  /** How the user's own Claude Code is run. */
  readonly claude?: ClaudeSdkOptions | undefined
}

const HELPER_TTL_MS = 300_000

/** Makes every configured upstream of a kind that this version has, by name. */
export function createProviders(
  entries: readonly ProviderEntry[],
  shared: SharedOptions,
): Map<string, NamedUpstream> {
  const upstreams = new Map<string, NamedUpstream>()
  for (const entry of entries) {
    const provider = KINDS[entry.kind]?.(optionsOf(entry, shared))
    if (provider === undefined) continue
    upstreams.set(entry.name, {
      provider,
      models: entry.models,
      openAiModels: provider.wire === 'messages' ? OPENAI_MODELS : {},
      defaultModel: entry.default_model,
      forceModel: entry.force_model === true,
    })
  }
  return upstreams
}

function optionsOf(entry: ProviderEntry, shared: SharedOptions): ProviderOptions {
  return {
    name: entry.name,
    baseUrl: entry.base_url,
    credential: entry.credential,
    credentials: sourcesOf(entry, shared),
    identity: shared.identity,
    headers: entry.headers,
    version: entry.version,
    wire: entry.wire,
    profile: entry.profile,
    profileOverrides: entry.profile_overrides,
    defaultMaxTokens: entry.default_max_tokens,
    claude: shared.claude,
  }
}

function sourcesOf(entry: ProviderEntry, shared: SharedOptions): CredentialSources {
  const { name, api_key: apiKey, api_key_helper: command } = entry
  const ttlMs = entry.api_key_helper_ttl_ms ?? HELPER_TTL_MS
  return {
    provider: name,
    apiKey,
    keyHelper: command === undefined ? undefined : new KeyHelper({ command, ttlMs }),
    logins: mayCarryLogin(entry) ? shared.logins : [],
    loopbackOnly: shared.loopbackOnly,
  }
}

/** A plan's token goes to Anthropic or to this machine; to any other address only if the settings force it. */
function mayCarryLogin({ base_url: url, credential }: ProviderEntry): boolean {
  if (url === undefined || credential === 'oauth') return true
  const { hostname } = new URL(url)
  if (hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname))
    return true
  return hostname === 'anthropic.com' || hostname.endsWith('.anthropic.com')
}
