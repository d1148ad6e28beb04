import { checkChatMessages } from './fake-openai-chat-messages.ts'
import {
  checkEffort,
  checkFunction,
  checkJsonSchema,
  checkLabels,
  checkModel,
  checkName,
  checkSampling,
  isReasoningModel,
} from './fake-openai-common.ts'
import { closedKeys, demandParam, oneOf, refuseParam } from './fake-openai-refusal.ts'
import { asJson, type Json } from './fake-reply.ts'

/** @see wire.md 2.1 */
const FIELDS = [
  ...[
    'messages',
    'model',
    'audio',
    'frequency_penalty',
    'function_call',
    'functions',
    'logit_bias',
  ],
  ...[
    'logprobs',
    'max_completion_tokens',
    'max_tokens',
    'metadata',
    'modalities',
    'moderation',
    'n',
  ],
  ...['parallel_tool_calls', 'prediction', 'presence_penalty', 'prompt_cache_key', 'verbosity'],
  ...['prompt_cache_options', 'prompt_cache_retention', 'reasoning_effort', 'response_format'],
  ...['safety_identifier', 'seed', 'service_tier', 'stop', 'store', 'stream', 'stream_options'],
  ...['temperature', 'tool_choice', 'tools', 'top_logprobs', 'top_p', 'user', 'web_search_options'],
]

/** What a compatible server takes beyond OpenAI's API, for tests of such a vendor. */
export interface Extras {
  readonly body?: readonly string[]
  readonly assistant?: readonly string[]
}

/** Refuses a Chat Completions body that the real API refuses. */
export function checkChatBody(body: Json, extras: Extras = {}): void {
  closedKeys(body, [...FIELDS, ...(extras.body ?? [])], '')
  checkModel(body.model)
  checkLimits(body)
  checkSampling(body)
  checkEffort(body.reasoning_effort, body.model, 'reasoning_effort')
  checkLabels(body)
  checkStream(body)
  checkStop(body)
  checkCounts(body)
  const names = checkTools(body)
  checkChoice(body, names)
  checkFormat(body)
  checkChatMessages(body.messages, extras.assistant ?? [])
}

function checkLimits(body: Json): void {
  if (body.max_tokens !== undefined && isReasoningModel(body.model)) {
    const text =
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    refuseParam('max_tokens', text, 'unsupported_parameter')
  }
  const both = body.max_tokens !== undefined && body.max_completion_tokens !== undefined
  demandParam(!both, 'max_tokens', 'max_tokens and max_completion_tokens cannot both be set')
  for (const key of ['max_tokens', 'max_completion_tokens']) {
    const value = body[key]
    if (value === undefined || value === null) continue
    const whole = Number.isInteger(value) && Number(value) >= 1
    demandParam(whole, key, 'integer below minimum value', 'integer_below_min_value')
    demandParam(Number(value) <= 128000, key, `${String(value)} is above 128000`)
  }
}

function checkStream(body: Json): void {
  oneOf(body.stream ?? undefined, [true, false], 'stream')
  oneOf(
    body.service_tier ?? undefined,
    ['auto', 'default', 'flex', 'scale', 'priority'],
    'service_tier',
  )
  if (body.stream_options === undefined || body.stream_options === null) return
  demandParam(body.stream === true, 'stream_options', "only allowed when 'stream' is enabled")
  closedKeys(
    asJson(body.stream_options),
    ['include_usage', 'include_obfuscation'],
    'stream_options',
  )
}

function checkStop({ stop, model }: Json): void {
  if (stop === undefined || stop === null) return
  if (isReasoningModel(model)) {
    refuseParam('stop', "Unsupported parameter: 'stop' with this model.", 'unsupported_parameter')
  }
  const list = typeof stop === 'string' ? [stop] : stop
  demandParam(Array.isArray(list), 'stop', 'expected a string or a list', 'invalid_type')
  demandParam(list.length >= 1 && list.length <= 4, 'stop', 'expected 1 to 4 sequences')
  for (const entry of list) {
    demandParam(typeof entry === 'string' && entry !== '', 'stop', 'expected non-empty strings')
  }
}

function checkCounts(body: Json): void {
  const n = body.n ?? 1
  demandParam(Number.isInteger(n) && Number(n) >= 1 && Number(n) <= 128, 'n', 'expected 1 to 128')
  const top = body.top_logprobs
  if (top !== undefined && top !== null) {
    demandParam(body.logprobs === true, 'top_logprobs', "only allowed when 'logprobs' is enabled")
  }
}

function checkTools(body: Json): Set<string> {
  const names = new Set<string>()
  if (body.tools === undefined || body.tools === null) return names
  demandParam(Array.isArray(body.tools), 'tools', 'expected a list', 'invalid_type')
  demandParam(body.tools.length > 0, 'tools', '[] is too short', 'empty_array')
  demandParam(body.tools.length <= 128, 'tools', 'at most 128')
  for (const [index, entry] of body.tools.entries()) {
    const tool = asJson(entry)
    const at = `tools[${index}]`
    oneOf(tool.type, ['function', 'custom'], `${at}.type`)
    closedKeys(tool, ['type', String(tool.type)], at)
    const inner = asJson(tool[String(tool.type)])
    const name =
      tool.type === 'custom'
        ? checkName(inner.name, `${at}.custom.name`)
        : checkFunction(inner, `${at}.function`, ['name', 'description', 'parameters', 'strict'])
    demandParam(!names.has(name), `${at}.function.name`, `the name '${name}' came twice`)
    names.add(name)
  }
  return names
}

function checkChoice(body: Json, names: ReadonlySet<string>): void {
  const { tool_choice: choice, parallel_tool_calls: parallel } = body
  if (parallel !== undefined && parallel !== null) {
    demandParam(names.size > 0, 'parallel_tool_calls', "only allowed when 'tools' are specified")
  }
  if (choice === undefined || choice === null) return
  demandParam(names.size > 0, 'tool_choice', "only allowed when 'tools' are specified")
  if (typeof choice === 'string') {
    oneOf(choice, ['none', 'auto', 'required'], 'tool_choice')
    return
  }
  const form = asJson(choice)
  oneOf(form.type, ['function', 'custom', 'allowed_tools'], 'tool_choice.type')
  if (form.type === 'allowed_tools') return
  closedKeys(form, ['type', String(form.type)], 'tool_choice')
  const named = asJson(form[String(form.type)]).name
  demandParam(names.has(String(named)), 'tool_choice', `'${String(named)}' not found in 'tools'`)
}

function checkFormat(body: Json): void {
  if (body.response_format === undefined || body.response_format === null) return
  const format = asJson(body.response_format)
  oneOf(format.type, ['text', 'json_object', 'json_schema'], 'response_format.type')
  if (format.type === 'json_object') {
    const said = /json/i.test(JSON.stringify(body.messages))
    demandParam(said, 'messages', "'messages' must contain the word 'json' to use 'json_object'")
  }
  if (format.type !== 'json_schema') {
    closedKeys(format, ['type'], 'response_format')
    return
  }
  closedKeys(format, ['type', 'json_schema'], 'response_format')
  const schema = asJson(format.json_schema)
  const at = 'response_format.json_schema'
  closedKeys(schema, ['name', 'description', 'schema', 'strict'], at)
  checkJsonSchema(schema, at)
}
