import type { CredentialSetting, CredentialSources } from '../auth/credential.ts'
import type { InjectionMode } from '../auth/identity.ts'
import { KeyHelper } from '../auth/key-helper.ts'
import type { TokenSource } from '../auth/token-source.ts'
import type { Secret } from '../kit/secret.ts'
import { createAnthropicProvider } from './anthropic.ts'
import { createDemoProvider } from './demo.ts'
import type { Provider, ProviderOptions } from './provider.ts'

/** How each kind of upstream is made; a new one is one line here. */
const KINDS: Readonly<Record<string, (options: ProviderOptions) => Provider>> = {
  anthropic: createAnthropicProvider,
  demo: createDemoProvider,
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
}

/** What all upstreams of one process share. */
export interface SharedOptions {
  /** The plan logins of this machine, in the order in which they are tried. */
  readonly logins: readonly TokenSource[]
  /** Whether ccproxy listens on loopback only: a plan login serves nobody else. */
  readonly loopbackOnly: boolean
  readonly identity: InjectionMode
}

const HELPER_TTL_MS = 300_000

/** Makes every configured upstream of a kind that this version has, by name. */
export function createProviders(
  entries: readonly ProviderEntry[],
  shared: SharedOptions,
): Map<string, { provider: Provider; models: Readonly<Record<string, string>> }> {
  const upstreams = new Map<
    string,
    { provider: Provider; models: Readonly<Record<string, string>> }
  >()
  for (const entry of entries) {
    const provider = KINDS[entry.kind]?.({
      name: entry.name,
      baseUrl: entry.base_url,
      credential: entry.credential,
      credentials: sourcesOf(entry, shared),
      identity: shared.identity,
      headers: entry.headers,
      version: entry.version,
    })
    if (provider !== undefined) upstreams.set(entry.name, { provider, models: entry.models })
  }
  return upstreams
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
