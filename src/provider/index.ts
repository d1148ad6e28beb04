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
  readonly credential: string
  readonly headers: Readonly<Record<string, string>>
  readonly models: Readonly<Record<string, string>>
}

/** Makes every configured upstream of a kind that this version has, by name. */
export function createProviders(
  entries: readonly ProviderEntry[],
): Map<string, { provider: Provider; models: Readonly<Record<string, string>> }> {
  const upstreams = new Map<
    string,
    { provider: Provider; models: Readonly<Record<string, string>> }
  >()
  for (const entry of entries) {
    const provider = KINDS[entry.kind]?.({
      name: entry.name,
      baseUrl: entry.base_url,
      apiKey: entry.api_key,
      credential: entry.credential,
      headers: entry.headers,
      version: entry.version,
    })
    if (provider !== undefined) upstreams.set(entry.name, { provider, models: entry.models })
  }
  return upstreams
}
