/** Kinds of `thinking` that a model takes. */
export interface ThinkingTypes {
  readonly adaptive: boolean
  readonly enabled: boolean
  readonly disabled: boolean
  readonly betweenTools: boolean
}

/** One model of the demo upstream, with what its requests may hold. @see wire.md 1.2, 1.12 */
export interface DemoModel {
  readonly id: string
  readonly name: string
  readonly line: 'haiku' | 'sonnet' | 'opus' | 'fable'
  readonly created: string
  readonly context: number
  readonly output: number
  readonly thinking: ThinkingTypes
  /** 5.x omits the thinking's text unless asked for it. */
  readonly omitsThinking: boolean
  /** Thinks even when the request says nothing of thinking. */
  readonly alwaysThinks: boolean
  readonly forcedTools: boolean
  readonly prefill: boolean
  readonly sampling: boolean
  readonly aliases: readonly string[]
}

const ONLY_ENABLED = { adaptive: false, enabled: true, disabled: true, betweenTools: false }
const BOTH = { adaptive: true, enabled: true, disabled: true, betweenTools: false }
const ADAPTIVE = { adaptive: true, enabled: false, disabled: true, betweenTools: false }
const BETWEEN = { adaptive: true, enabled: false, disabled: false, betweenTools: true }
const ALWAYS = { adaptive: true, enabled: false, disabled: false, betweenTools: false }
// The Models API writes the epoch where it knows no release date.
const UNKNOWN = '1970-01-01'

const MILLION = { context: 1_000_000, output: 128_000 }
const SMALL = { context: 200_000, output: 64_000 }

type Traits = Partial<Omit<DemoModel, 'id' | 'name' | 'line' | 'created' | 'thinking'>>

function model(
  id: string,
  created: string,
  thinking: ThinkingTypes,
  traits: Traits = {},
): DemoModel {
  const [, line = '', ...version] = id.replace(/-\d{8}$/, '').split('-')
  const generation = Number(version[0])
  return {
    id,
    name: `Claude ${line[0]?.toUpperCase()}${line.slice(1)} ${version.join('.')}`,
    line: line === 'haiku' || line === 'sonnet' || line === 'opus' ? line : 'fable',
    created: `${created}T00:00:00Z`,
    ...MILLION,
    thinking,
    omitsThinking: generation >= 5,
    alwaysThinks: false,
    forcedTools: true,
    prefill: false,
    sampling: false,
    aliases: [],
    ...traits,
  }
}

const BOUND = { alwaysThinks: true, forcedTools: false }
const CLASSIC = { prefill: true, sampling: true }

/** The current models, newest first. */
export const DEMO_MODELS: readonly DemoModel[] = [
  model('claude-fable-5-2', '2026-11-09', ALWAYS, BOUND),
  model('claude-haiku-5-5', '2026-10-07', ADAPTIVE),
  model('claude-sonnet-5-5', '2026-09-28', BETWEEN, { forcedTools: false }),
  model('claude-opus-5-5', '2026-09-22', ALWAYS, BOUND),
  model('claude-fable-5-1', UNKNOWN, ALWAYS, BOUND),
  model('claude-fable-5', UNKNOWN, ALWAYS, { alwaysThinks: true }),
  model('claude-opus-5', UNKNOWN, ADAPTIVE),
  model('claude-sonnet-5', UNKNOWN, ADAPTIVE),
  model('claude-opus-4-8', UNKNOWN, ADAPTIVE),
  model('claude-opus-4-7', UNKNOWN, ADAPTIVE),
  model('claude-opus-4-6', UNKNOWN, BOTH, { sampling: true }),
  model('claude-sonnet-4-6', UNKNOWN, BOTH, { sampling: true }),
  model('claude-opus-4-5', UNKNOWN, ONLY_ENABLED, { ...SMALL, ...CLASSIC }),
  model('claude-haiku-4-5-20251001', '2025-10-01', ONLY_ENABLED, {
    ...SMALL,
    ...CLASSIC,
    aliases: ['claude-haiku-4-5'],
  }),
  model('claude-sonnet-4-5-20250929', '2025-09-29', ONLY_ENABLED, {
    ...SMALL,
    ...CLASSIC,
    aliases: ['claude-sonnet-4-5'],
  }),
]

/** The model of this id or alias; Claude Code's `[1m]` suffix is tolerated. */
export function findModel(id: string): DemoModel | undefined {
  const plain = id.replace(/\[1m\]$/, '')
  return DEMO_MODELS.find((entry) => entry.id === plain || entry.aliases.includes(plain))
}
