import { checkMessages } from './fake-check-messages.ts'
import { demand, refuse } from './fake-refusal.ts'
import { asJson, type Issued, isJson, type Json } from './fake-reply.ts'

/** What the body's rules depend on beside the body. */
export interface BodyContext {
  readonly version: string
  readonly betas: readonly string[]
  readonly issued: Issued
  readonly counting: boolean
}

const FIELDS = new Set([
  ...['model', 'max_tokens', 'messages', 'system', 'stream', 'stop_sequences', 'metadata'],
  ...['thinking', 'tools', 'tool_choice', 'output_config', 'cache_control', 'container'],
  ...['service_tier', 'inference_geo', 'speed', 'diagnostics'],
])

/** Only under 2023-06-01. */
const SAMPLING = ['temperature', 'top_p', 'top_k']

/** Body fields that need a beta of this family. */
const BETA_FIELDS: Readonly<Record<string, readonly string[]>> = {
  context_management: ['context-management-', 'compact-'],
  mcp_servers: ['mcp-client-'],
  compaction: ['compact-'],
  fallbacks: ['server-side-fallback-'],
  fallback_credit_token: ['fallback-credit-'],
  thread: ['message-threads-'],
  billing_policy: ['user-profiles-billing-'],
  output_format: ['structured-outputs-'],
}

/** Refuses what the real API refuses by the body. @see wire.md 1.2 and 1.3 */
export function checkBody(body: Json, context: BodyContext): void {
  checkFields(body, context)
  demand(typeof body.model === 'string' && body.model !== '', 'model: Field required')
  checkSampling(body, modelTraits(body.model))
  checkTools(body)
  checkToolChoice(body, modelTraits(body.model))
  checkThinking(body, modelTraits(body.model))
  checkSystem(body)
  checkCacheControl(body)
  checkMessages(body, context.issued, modelTraits(body.model))
}

function checkFields(body: Json, context: BodyContext): void {
  for (const key of Object.keys(body)) {
    if (context.counting && ['max_tokens', 'stream'].includes(key)) {
      refuse(`${key}: Extra inputs are not permitted`)
    }
    if (FIELDS.has(key)) continue
    if (SAMPLING.includes(key) && context.version === '2023-06-01') continue
    const families = BETA_FIELDS[key] ?? []
    const allowed = families.some((family) => context.betas.some((beta) => beta.startsWith(family)))
    demand(allowed, `${key}: Extra inputs are not permitted`)
  }
  if (!context.counting) {
    const { max_tokens, stream } = body
    demand(max_tokens !== undefined, 'max_tokens: Field required')
    demand(Number.isInteger(max_tokens), 'max_tokens: Input should be a valid integer')
    demand(Number(max_tokens) >= 0, 'max_tokens: Input should be greater than or equal to 0')
    demand(Number(max_tokens) <= 128000, `max_tokens: ${max_tokens} > 128000`)
    demand(stream === undefined || typeof stream === 'boolean', 'stream: Input should be a boolean')
  }
  const sequences = body.stop_sequences ?? []
  demand(Array.isArray(sequences), 'stop_sequences: Input should be a valid list')
  const budget = asJson(body.output_config).task_budget
  const budgeted = context.betas.some((beta) => beta.startsWith('task-budgets-'))
  demand(
    budget === undefined || budgeted,
    'output_config.task_budget: Extra inputs are not permitted',
  )
}

/** What a model's generation allows. @see wire.md 0.4 and 1.2 */
export interface ModelTraits {
  readonly samplingFixed: boolean
  readonly forcedToolRefused: boolean
  readonly prefillRefused: boolean
  readonly thinking: readonly string[]
}

/** The rules of a model, by its id. */
function modelTraits(model: string): ModelTraits {
  const [, family = '', major = '0', minor = '0'] =
    /^claude-(haiku|sonnet|opus|fable|mythos)-(\d{1,2})(?:-(\d{1,2}))?(?:-|$)/.exec(model) ?? []
  if (family === '') refuse(`model: ${model}`)
  const generation = Number(major) + Number(minor) / 10
  const always = ['fable', 'mythos'].includes(family) || (family === 'opus' && generation >= 5.5)
  const bound = generation >= 5.5 || (['fable', 'mythos'].includes(family) && generation >= 5.1)
  return {
    samplingFixed: generation >= 4.7,
    forcedToolRefused: bound && family !== 'haiku',
    prefillRefused: generation >= 4.6,
    thinking: thinkingTypes(generation, family, always),
  }
}

function thinkingTypes(generation: number, family: string, always: boolean): readonly string[] {
  if (always) return ['adaptive']
  if (generation < 4.6) return ['enabled', 'disabled']
  if (generation < 4.7) return ['enabled', 'adaptive', 'disabled']
  if (family === 'sonnet' && generation >= 5.5) return ['adaptive', 'between_tools']
  return ['adaptive', 'disabled']
}

function checkSampling(body: Json, traits: ModelTraits): void {
  for (const key of SAMPLING) {
    const value = body[key]
    if (value === undefined) continue
    demand(typeof value === 'number', `${key}: Input should be a valid number`)
    const ok = !traits.samplingFixed || (key !== 'top_k' && value === 1)
    demand(ok, `${key}: is not supported by this model`)
  }
  const temperature = body.temperature
  if (typeof temperature === 'number') {
    demand(temperature >= 0 && temperature <= 1, 'temperature: range: 0..1')
  }
}

function checkTools(body: Json): void {
  const tools = body.tools ?? []
  demand(Array.isArray(tools), 'tools: Input should be a valid list')
  const names = new Set<unknown>()
  for (const [index, entry] of tools.entries()) {
    const tool = asJson(entry)
    const custom = tool.type === undefined || tool.type === null || tool.type === 'custom'
    if (tool.type === 'mcp_toolset') continue
    const at = `tools.${index}`
    demand(typeof tool.name === 'string', `${at}.name: Field required`)
    demand(/^[A-Za-z0-9_-]{1,128}$/.test(tool.name), `${at}.name: String should match pattern`)
    demand(!names.has(tool.name), 'tools: Tool names must be unique.')
    names.add(tool.name)
    if (custom) {
      demand(isJson(tool.input_schema), `${at}.custom.input_schema: Field required`)
      demand(tool.input_schema.type === 'object', `${at}.custom.input_schema.type: Field required`)
    }
  }
}

function checkToolChoice(body: Json, traits: ModelTraits): void {
  if (body.tool_choice === undefined) return
  const choice = asJson(body.tool_choice)
  const known = ['auto', 'any', 'tool', 'none']
  demand(known.includes(String(choice.type)), 'tool_choice: Input tag does not match')
  const forced = choice.type === 'any' || choice.type === 'tool'
  demand(!forced || !traits.forcedToolRefused, 'tool_choice: forced tool use is not supported')
  const tools = Array.isArray(body.tools) ? body.tools.map(asJson) : []
  demand(tools.length > 0, 'tool_choice: may only be specified while providing tools')
  if (choice.type === 'tool') {
    const named = tools.some((tool) => tool.name === choice.name)
    demand(named, `Tool '${String(choice.name)}' not found in provided tools`)
  }
}

function checkThinking(body: Json, traits: ModelTraits): void {
  if (body.thinking === undefined) return
  const thinking = asJson(body.thinking)
  const type = String(thinking.type)
  demand(traits.thinking.includes(type), `thinking.type: "${type}" is not supported by this model`)
  if (type !== 'enabled') {
    demand(thinking.budget_tokens === undefined, 'thinking.budget_tokens: Extra inputs')
    return
  }
  const budget = Number(thinking.budget_tokens)
  demand(budget >= 1024, 'thinking.enabled.budget_tokens: should be greater than or equal to 1024')
  const fits = body.max_tokens === undefined || Number(body.max_tokens) > budget
  demand(fits, '`max_tokens` must be greater than `thinking.budget_tokens`.')
  const choice = asJson(body.tool_choice).type
  const forced = choice === 'any' || choice === 'tool'
  demand(!forced, 'Thinking may not be enabled when tool_choice forces tool use.')
}

function checkSystem(body: Json): void {
  if (body.system === undefined || typeof body.system === 'string') return
  demand(Array.isArray(body.system), 'system: Input should be a valid list')
  for (const [index, entry] of body.system.entries()) {
    const block = asJson(entry)
    demand(block.type === 'text', `system.${index}.type: Input should be 'text'`)
    const filled = typeof block.text === 'string' && block.text !== ''
    demand(filled, 'system: text content blocks must be non-empty')
  }
}

function checkCacheControl(body: Json): void {
  let count = body.cache_control === undefined ? 0 : 1
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    if (!isJson(value)) return
    if (isJson(value.cache_control)) {
      demand(value.cache_control.type === 'ephemeral', 'cache_control.type: should be ephemeral')
      count += 1
    }
    for (const [key, inner] of Object.entries(value)) {
      if (key !== 'input' && key !== 'input_schema' && key !== 'cache_control') visit(inner)
    }
  }
  for (const part of [body.tools, body.system, body.messages]) visit(part)
  demand(count <= 4, `A maximum of 4 blocks with cache_control may be provided. Found ${count}.`)
}
