import { t } from 'elysia'
import type { Mode } from '../provider/mode.ts'

/** A mode prefix and what it means (interface.md 1). */
export interface Prefix {
  /** As a route: `''`, `/min/openai`, `/to/:provider`. */
  readonly path: string
  readonly mode: Mode
  /** The provider that it always goes to; without one `routing.default` decides. */
  readonly provider: string | undefined
  readonly tag: string
}

/** What a prefix's path parameters may hold, decoded. */
export interface Named {
  readonly provider?: string | undefined
  readonly session_id?: string | undefined
}

const params = t.Object(
  {
    provider: t.Optional(t.String({ minLength: 1 })),
    session_id: t.Optional(t.String({ pattern: '^[A-Za-z0-9_-]{8,64}$' })),
  },
  // What stands for the rest of a path is a parameter too.
  { additionalProperties: true },
)

/** The schema of a prefix's path parameters; a prefix without any has none, and Elysia then gives none. */
export function paramsOf(prefix: Prefix): { params?: typeof params } {
  return prefix.path.includes(':') ? { params } : {}
}

/** The provider that `/api`, `/min` and `/pt` go to; in the demo the demo provider bears its name. */
const ANTHROPIC = 'anthropic'
/** The user's own Claude Code. */
export const CLAUDE_SDK = 'claude-sdk'

/** Every prefix; under each the same endpoints exist. */
export const PREFIXES: readonly Prefix[] = [
  ...both('', 'full', undefined),
  ...both('/full', 'full', undefined),
  ...both('/api', 'full', ANTHROPIC),
  ...both('/min', 'minimal', ANTHROPIC),
  ...both('/pt', 'passthrough', ANTHROPIC),
  ...both('/to/:provider', 'full', undefined),
  ...both('/sdk', 'sdk', CLAUDE_SDK),
  ...both('/sdk/:session_id', 'sdk', CLAUDE_SDK),
]

/** The prefixes by their first segment; `''` stands for none. */
export const PREFIX_GROUPS: ReadonlyMap<string, readonly Prefix[]> = Map.groupBy(
  PREFIXES,
  ({ path }) => path.split('/')[1] ?? '',
)

function both(path: string, mode: Mode, provider: string | undefined): Prefix[] {
  const tag = path === '' ? 'default' : path.slice(1).replace(/:(\w+)/, '{$1}')
  return [
    { path, mode, provider, tag },
    { path: `${path}/openai`, mode, provider, tag },
  ]
}
