/** The ways of thinking that a model takes. @see wire.md 1.2 */
export type ThinkingType = 'enabled' | 'adaptive' | 'disabled' | 'between_tools'

/** What a Claude model accepts; a request is fitted to it before it goes up. @see wire.md 1.2, 1.12 */
export interface ModelCapabilities {
  readonly maxOutput: number
  readonly thinking: readonly ThinkingType[]
  /** Thinks where a request says nothing of it; told not to, it takes no effort above high. */
  readonly thinksUnasked: boolean
  /** `one`: temperature or top_p, not both. */
  readonly sampling: 'both' | 'one' | 'none'
  /** Whether `tool_choice` may be any or tool. */
  readonly forcedTool: boolean
  /** Whether the last message may be the assistant's. */
  readonly prefill: boolean
  /** Accepted `output_config.effort`, weakest first; empty where the field is refused. */
  readonly efforts: readonly string[]
}

const ALL_EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const

const OLD: ModelCapabilities = {
  maxOutput: 64_000,
  thinking: ['enabled', 'disabled'],
  thinksUnasked: false,
  sampling: 'one',
  forcedTool: true,
  prefill: true,
  efforts: [],
}

const MIDDLE: ModelCapabilities = {
  maxOutput: 128_000,
  thinking: ['enabled', 'adaptive', 'disabled'],
  thinksUnasked: false,
  sampling: 'one',
  forcedTool: true,
  prefill: false,
  efforts: ['low', 'medium', 'high', 'max'],
}

const NEW: ModelCapabilities = {
  maxOutput: 128_000,
  thinking: ['adaptive', 'disabled'],
  thinksUnasked: false,
  sampling: 'none',
  forcedTool: true,
  prefill: false,
  efforts: ALL_EFFORTS,
}

const FIFTH: ModelCapabilities = { ...NEW, thinksUnasked: true }

const ALWAYS: ModelCapabilities = { ...FIFTH, thinking: ['adaptive'], forcedTool: false }

/** First match wins; the newest of a line stands before the older ones whose name it extends. */
const TABLE: readonly (readonly [pattern: RegExp, capabilities: ModelCapabilities])[] = [
  [/(fable|mythos)-5-[1-9]/, ALWAYS],
  [/(fable|mythos)-5/, { ...ALWAYS, forcedTool: true }],
  [/opus-5-5/, ALWAYS],
  [/sonnet-5-5/, { ...FIFTH, thinking: ['adaptive', 'between_tools'], forcedTool: false }],
  [/(haiku-5-5|opus-5|sonnet-5)/, FIFTH],
  [/opus-4-[78]/, NEW],
  [/(opus|sonnet)-4-6/, MIDDLE],
  [/opus-4-5/, { ...OLD, efforts: ['low', 'medium', 'high'] }],
  [/(sonnet|haiku)-4-5/, OLD],
  [/opus-4-1/, { ...OLD, maxOutput: 32_000 }],
  [/opus-4(-0|-2025|@|$)/, { ...OLD, maxOutput: 32_000, sampling: 'both' }],
  [/(sonnet-4(-0|-2025|@|$)|3-7-sonnet)/, { ...OLD, sampling: 'both' }],
  [/3-5-/, { ...OLD, maxOutput: 8_192, thinking: [], sampling: 'both' }],
  [/claude-3-/, { ...OLD, maxOutput: 4_096, thinking: [], sampling: 'both' }],
]

/**
 * The capabilities of a Claude model by any of its names (first-party, Bedrock, Vertex, with `[1m]`);
 * nothing for a model that the table does not know, which is then sent what the client asked for.
 */
export function capabilitiesOf(model: string): ModelCapabilities | undefined {
  const name = model.toLowerCase()
  if (!isClaudeModel(name)) return undefined
  const plain = name.replace(/\[1m\]$/, '')
  return TABLE.find(([pattern]) => pattern.test(plain))?.[1]
}

/** Whether a model is Claude by name; a Bedrock inference profile's ARN does not tell, and counts as Claude. */
export function isClaudeModel(model: string): boolean {
  return /claude|anthropic|^arn:aws[\w-]*:bedrock:.*(application-)?inference-profile\//i.test(model)
}
