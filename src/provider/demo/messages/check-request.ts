import { isRecord } from '../../../kit/json.ts'
import { badField, failure } from '../failure.ts'
import { type DemoModel, findModel } from '../models.ts'
import { type Fields, must, needList, needOneOf, needRecord, needText } from './check.ts'
import { checkMessages } from './check-messages.ts'
import { checkToolChoice, checkTools } from './check-tools.ts'

const KNOWN = new Set(
  'model max_tokens messages system stream stop_sequences metadata thinking tools tool_choice output_config cache_control container service_tier inference_geo speed diagnostics temperature top_p top_k'.split(
    ' ',
  ),
)
const SAMPLING = ['temperature', 'top_p', 'top_k'] as const

/** What decides how strictly a request is read, beside its body. */
export interface RequestContext {
  readonly version: string
  readonly betas: readonly string[]
  /** count_tokens takes the same body without max_tokens and stream. */
  readonly counting: boolean
}

/** Checks a Messages body as the real API does; throws its 400 or 404 and gives the model. */
export function checkRequest(body: Fields, context: RequestContext): DemoModel {
  const name = needText(body, 'model', '')
  if (!context.counting) checkMaxTokens(body)
  checkUnknown(body, context)
  checkThread(body)
  const model = findModel(name)
  if (model === undefined) throw failure(404, `model: ${name}`, { field: 'model' })
  checkLimits(body, model, context)
  checkSampling(body, model, context)
  checkSystem(body.system)
  checkTools(body.tools)
  checkToolChoice(body, model)
  checkThinking(body, model)
  checkOutputConfig(body.output_config)
  checkMessages(needList(body.messages, 'messages'), model, context.version)
  checkBreakpoints(body)
  return model
}

function checkMaxTokens(body: Fields): void {
  must(body.max_tokens !== undefined, 'max_tokens', 'Field required')
  must(Number.isInteger(body.max_tokens), 'max_tokens', 'Input should be a valid integer')
  must(Number(body.max_tokens) >= 0, 'max_tokens', 'Input should be greater than or equal to 0')
}

/** Beta fields need their header; which header opens which field is left to the real API. */
function checkUnknown(body: Fields, context: RequestContext): void {
  if (context.betas.length > 0) return
  for (const key of Object.keys(body)) {
    const refused =
      !KNOWN.has(key) || (context.counting && (key === 'max_tokens' || key === 'stream'))
    must(!refused, key, 'Extra inputs are not permitted')
  }
}

/** The demo holds no conversations; by this code the SDK's tool runner sends the whole of its own. */
function checkThread({ thread }: Fields): void {
  if (thread === undefined || thread === null) return
  const options = { field: 'thread', code: 'thread_unsupported_request' }
  throw failure(400, 'thread: the demo holds no conversations', options)
}

function checkLimits(body: Fields, model: DemoModel, { counting }: RequestContext): void {
  const { max_tokens, stream, stop_sequences, metadata } = body
  must(
    counting || Number(max_tokens) <= model.output,
    'max_tokens',
    `${max_tokens} > ${model.output}, which is the maximum allowed number of output tokens for ${model.id}`,
  )
  must(
    stream === undefined || typeof stream === 'boolean',
    'stream',
    'Input should be a valid boolean',
  )
  for (const [index, stop] of needList(stop_sequences ?? [], 'stop_sequences').entries()) {
    const field = `stop_sequences.${index}`
    must(typeof stop === 'string', field, 'Input should be a valid string')
    must(stop.trim() !== '', field, 'each stop sequence must contain non-whitespace')
  }
  const user = isRecord(metadata) ? metadata.user_id : undefined
  must(metadata == null || isRecord(metadata), 'metadata', 'Input should be an object')
  must(
    user == null || typeof user === 'string',
    'metadata.user_id',
    'Input should be a valid string',
  )
}

function checkSampling(body: Fields, model: DemoModel, { version }: RequestContext): void {
  for (const key of SAMPLING) {
    const value = body[key]
    if (value === undefined) continue
    must(version === '2023-06-01', key, 'Extra inputs are not permitted')
    must(typeof value === 'number', key, 'Input should be a valid number')
    must(value >= 0, key, 'Input should be greater than or equal to 0')
    must(key === 'top_k' || value <= 1, key, 'Input should be less than or equal to 1')
    must(model.sampling || (value === 1 && key !== 'top_k'), key, `is not supported by ${model.id}`)
  }
}

function checkSystem(system: unknown): void {
  if (system === undefined || typeof system === 'string') return
  for (const [index, block] of needList(system, 'system').entries()) {
    const path = `system.${index}`
    const fields = needRecord(block, path)
    needOneOf(fields.type, ['text'], `${path}.type`)
    must(needText(fields, 'text', path) !== '', path, 'text content blocks must be non-empty')
  }
}

function checkThinking(body: Fields, model: DemoModel): void {
  if (body.thinking === undefined) return
  const thinking = needRecord(body.thinking, 'thinking')
  const types = ['enabled', 'adaptive', 'disabled', 'between_tools']
  const type = needOneOf(thinking.type, types, 'thinking.type')
  const allowed = {
    enabled: model.thinking.enabled,
    adaptive: model.thinking.adaptive,
    disabled: model.thinking.disabled,
    between_tools: model.thinking.betweenTools,
  }[type]
  must(allowed === true, 'thinking.type', `"${type}" is not supported by ${model.id}`)
  if (thinking.display !== undefined) {
    needOneOf(thinking.display, ['summarized', 'omitted', 'updates'], 'thinking.display')
  }
  if (type !== 'enabled') return
  const budget = thinking.budget_tokens
  must(budget !== undefined, 'thinking.enabled.budget_tokens', 'Field required')
  must(
    Number.isInteger(budget) && Number(budget) >= 1024,
    'thinking.enabled.budget_tokens',
    'Input should be greater than or equal to 1024',
  )
  must(
    body.max_tokens === undefined || Number(budget) < Number(body.max_tokens),
    'max_tokens',
    '`max_tokens` must be greater than `thinking.budget_tokens`',
  )
}

function checkOutputConfig(raw: unknown): void {
  if (raw == null) return
  const config = needRecord(raw, 'output_config')
  if (config.effort != null) {
    needOneOf(config.effort, ['low', 'medium', 'high', 'xhigh', 'max'], 'output_config.effort')
  }
  if (config.format == null) return
  const format = needRecord(config.format, 'output_config.format')
  needOneOf(format.type, ['json_schema'], 'output_config.format.type')
  needRecord(format.schema, 'output_config.format.schema')
}

function checkBreakpoints(body: Fields): void {
  const { messages, system, tools } = body
  let count = 0
  JSON.stringify({ messages, system, tools }, (key, value: unknown) => {
    if (key === 'cache_control' && isRecord(value)) count += 1
    return value
  })
  if (count <= 4) return
  throw badField(
    'cache_control',
    `A maximum of 4 blocks with cache_control may be provided. Found ${count}.`,
  )
}
