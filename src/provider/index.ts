import type { Secret } from '../kit/secret.ts'
import type { ProtocolName } from '../protocol/protocol.ts'
import { createAnthropicProvider } from './anthropic.ts'
import { createDemoProvider } from './demo.ts'
import { createOpenAiProvider } from './openai.ts'
import { OPENAI_MODELS } from './openai-models.ts'
import type { Provider, ProviderOptions } from './provider.ts'

/** How each kind of upstream is made; a new one is one line here. */
const KINDS: Readonly<Record<string, (options: ProviderOptions) => Provider>> = {
  anthropic: createAnthropicProvider,
  openai: createOpenAiProvider,
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
  readonly models: Readonly<Record<string, string>>
  readonly openAiModels: Readonly<Record<string, string>>
  readonly defaultModel: string | undefined
  readonly forceModel: boolean
}

/** Makes every configured upstream of a kind that this version has, by name. */
export function createProviders(entries: readonly ProviderEntry[]): Map<string, NamedUpstream> {
  const upstreams = new Map<string, NamedUpstream>()
  for (const entry of entries) {
    const provider = KINDS[entry.kind]?.(optionsOf(entry))
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

function optionsOf(entry: ProviderEntry): ProviderOptions {
  return {
    name: entry.name,
    baseUrl: entry.base_url,
    apiKey: entry.api_key,
    credential: entry.credential,
    headers: entry.headers,
    version: entry.version,
    wire: entry.wire,
    profile: entry.profile,
    profileOverrides: entry.profile_overrides,
    defaultMaxTokens: entry.default_max_tokens,
  }
}
