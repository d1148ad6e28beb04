import { leaves, type Path } from './tree.ts'

/** A flat environment variable and the key that it sets. */
export interface Alias {
  readonly name: string
  readonly path: Path
  /** Ignored unless the provider exists by another source: the variable says too little alone. */
  readonly needsProvider?: boolean
}

/** The provider that the flat `UPSTREAM_…` variables describe. */
export const GATEWAY = 'gateway'

const gateway = (name: string, key: string): Alias => ({
  name,
  path: ['providers', GATEWAY, key],
  needsProvider: true,
})

/**
 * Flat variables that belong to one provider; those of other leaves stand at the leaf itself.
 * `ANTHROPIC_BASE_URL` is missing on purpose: it points clients at ccproxy.
 */
export const PROVIDER_ALIASES: readonly Alias[] = [
  { name: 'ANTHROPIC_API_KEY', path: ['providers', 'anthropic', 'api_key'] },
  { name: 'ANTHROPIC_UPSTREAM_URL', path: ['providers', 'anthropic', 'base_url'] },
  { name: 'CLAUDE_CODE_API_KEY_HELPER', path: ['providers', 'anthropic', 'api_key_helper'] },
  {
    name: 'CLAUDE_CODE_API_KEY_HELPER_TTL_MS',
    path: ['providers', 'anthropic', 'api_key_helper_ttl_ms'],
  },
  { name: 'UPSTREAM_BASE_URL', path: ['providers', GATEWAY, 'base_url'] },
  gateway('UPSTREAM_API_KEY', 'api_key'),
  gateway('DEFAULT_UPSTREAM_MODEL', 'default_model'),
  gateway('FORCE_UPSTREAM_MODEL', 'force_model'),
  gateway('MODEL_MAP_JSON', 'models'),
  gateway('DEFAULT_MAX_TOKENS', 'default_max_tokens'),
]

/**
 * Every flat variable; where two name one key (`GATEWAY_API_KEY`, `AUTH_TOKEN`) the one that the
 * leaf lists first comes last and so wins.
 */
export function flatAliases(): Alias[] {
  const ofLeaves = leaves([]).flatMap((leaf) =>
    [...(leaf.meta.env ?? [])].reverse().map((name) => ({ name, path: leaf.path })),
  )
  return [...ofLeaves, ...PROVIDER_ALIASES]
}
