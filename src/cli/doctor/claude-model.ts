import { ConfigError } from '../../config/diagnose.ts'
import type { Settings } from '../../config/schema.ts'
import { type Finding, warn } from './check.ts'
import type { DoctorWorld } from './doctor-world.ts'

const VARIABLES = [
  'ANTHROPIC_MODEL',
  'ANTHROPIC_DEFAULT_OPUS_MODEL',
  'ANTHROPIC_DEFAULT_SONNET_MODEL',
  'ANTHROPIC_DEFAULT_HAIKU_MODEL',
  'ANTHROPIC_SMALL_FAST_MODEL',
]
/** Names of Claude Code's own; it makes an id of them. */
const ALIAS = /^(default|best|opus|sonnet|haiku|opusplan|fable)(\[1m\])?$/i
/** How Bedrock and Vertex name Claude's models. */
const CLOUD_ID = /^(arn:aws|([a-z-]+\.)?anthropic\.claude|claude-[\w.-]+@\d{8}$)/

interface Label {
  readonly model: string
  readonly from: string
}

/** A model that Claude Code is told to show, and that is not what answers. */
export async function modelLabel(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError) return []
  const { settings } = world.settings
  const scopes = await world.scopes()
  const labels = scopes.flatMap(({ env, model, where }): Label[] => [
    ...(model === undefined ? [] : [{ model, from: `model in ${where}` }]),
    ...VARIABLES.flatMap((name) => {
      const value = env[name]
      return value === undefined ? [] : [{ model: value, from: `${name} in ${where}` }]
    }),
  ])
  return labels.filter(({ model }) => !ALIAS.test(model)).flatMap((one) => judge(one, settings))
}

function judge({ model, from }: Label, { routing, providers }: Settings): Finding[] {
  const name = routing.default
  const provider = providers[name]
  if (provider === undefined || matches(model, routing.models)) return []
  const { kind, force_model: forced, default_model: own, models } = provider
  if (kind === 'anthropic' || kind === 'claude-sdk') {
    if (!CLOUD_ID.test(model) || matches(model, models)) return []
    const fix = `remove it (${from}), or give it the name that Anthropic's API has`
    return warn(`The model "${model}" is a cloud's name for it; "${name}" does not know it`, fix)
  }
  if (kind !== 'openai' || model === own || model.startsWith('anthropic/')) return []
  if (forced === true && own !== undefined) {
    const fix = `set it to anthropic/${name}/${own}, or remove it (${from})`
    return warn(`Claude Code shows "${model}", but "${own}" always answers (force_model)`, fix)
  }
  if (own !== undefined || matches(model, models)) return []
  const fix = `map it in providers.${name}.models, or set providers.${name}.default_model (it is ${from})`
  return warn(`Provider "${name}" is asked for "${model}" by that name`, fix)
}

function matches(model: string, map: Readonly<Record<string, string>>): boolean {
  return Object.keys(map).some((pattern) => {
    const parts = pattern.split('*').map((part) => RegExp.escape(part))
    return new RegExp(`^${parts.join('.*')}$`).test(model)
  })
}
