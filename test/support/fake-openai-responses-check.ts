import {
  checkEffort,
  checkFunction,
  checkJsonSchema,
  checkLabels,
  checkModel,
  checkName,
  checkSampling,
} from './fake-openai-common.ts'
import { closedKeys, demandParam, oneOf, refuseParam } from './fake-openai-refusal.ts'
import { checkItems } from './fake-openai-responses-items.ts'
import { asJson, type Issued, type Json } from './fake-reply.ts'

/** @see wire.md 2.6; `client_metadata` is Codex's own. */
const FIELDS = [
  ...['model', 'input', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'reasoning'],
  ...['text', 'include', 'store', 'stream', 'stream_options', 'max_output_tokens', 'temperature'],
  ...['top_p', 'previous_response_id', 'conversation', 'prompt', 'prompt_cache_key', 'truncation'],
  ...['metadata', 'background', 'service_tier', 'safety_identifier', 'context_management', 'user'],
  ...['client_metadata', 'max_tool_calls', 'top_logprobs', 'prompt_cache_retention'],
]

const INCLUDES = [
  ...['reasoning.encrypted_content', 'message.output_text.logprobs', 'file_search_call.results'],
  ...['web_search_call.results', 'web_search_call.action.sources', 'message.input_image.image_url'],
  ...['code_interpreter_call.outputs', 'computer_call_output.output.image_url'],
]

const TOOL_KEYS: Readonly<Record<string, readonly string[] | undefined>> = {
  function: ['type', 'name', 'description', 'parameters', 'strict', 'defer_loading'],
  custom: ['type', 'name', 'description', 'format', 'defer_loading'],
  web_search: [
    ...['type', 'filters', 'user_location', 'search_context_size', 'external_web_access'],
    'search_content_types',
  ],
  namespace: ['type', 'name', 'description', 'tools'],
  tool_search: undefined,
  file_search: undefined,
  mcp: undefined,
  code_interpreter: undefined,
  image_generation: undefined,
  local_shell: undefined,
  shell: undefined,
  apply_patch: undefined,
}

/** Refuses a Responses body that the real API refuses. */
export function checkResponsesBody(body: Json, issued: Issued): void {
  closedKeys(body, FIELDS, '')
  checkModel(body.model)
  checkState(body)
  checkSampling(body)
  checkLabels(body)
  checkReasoning(body)
  checkText(body)
  checkNumbers(body)
  const names = checkTools(body)
  checkChoice(body, names)
  checkItems(body, issued)
}

function checkState(body: Json): void {
  oneOf(body.stream ?? undefined, [true, false], 'stream')
  oneOf(body.store ?? undefined, [true, false], 'store')
  const { previous_response_id: previous, instructions } = body
  if (previous !== undefined && previous !== null) {
    const text = `Previous response with id '${String(previous)}' not found.`
    refuseParam('previous_response_id', text, 'previous_response_not_found')
  }
  if (instructions !== undefined && instructions !== null) {
    demandParam(
      typeof instructions === 'string',
      'instructions',
      'expected a string',
      'invalid_type',
    )
  }
  oneOf(body.truncation ?? undefined, ['auto', 'disabled'], 'truncation')
  const tiers = ['auto', 'default', 'flex', 'scale', 'priority']
  oneOf(body.service_tier ?? undefined, tiers, 'service_tier')
  const include = body.include ?? []
  demandParam(Array.isArray(include), 'include', 'expected a list', 'invalid_type')
  for (const [index, value] of include.entries()) oneOf(value, INCLUDES, `include[${index}]`)
  if (body.stream_options === undefined || body.stream_options === null) return
  demandParam(body.stream === true, 'stream_options', "only allowed when 'stream' is enabled")
  closedKeys(asJson(body.stream_options), ['include_obfuscation'], 'stream_options')
}

function checkReasoning(body: Json): void {
  if (body.reasoning === undefined || body.reasoning === null) return
  const reasoning = asJson(body.reasoning)
  closedKeys(reasoning, ['effort', 'summary', 'generate_summary', 'context'], 'reasoning')
  checkEffort(reasoning.effort, body.model, 'reasoning.effort')
  oneOf(reasoning.summary ?? undefined, ['auto', 'concise', 'detailed'], 'reasoning.summary')
}

function checkText(body: Json): void {
  if (body.text === undefined || body.text === null) return
  const text = asJson(body.text)
  closedKeys(text, ['format', 'verbosity'], 'text')
  oneOf(text.verbosity ?? undefined, ['low', 'medium', 'high'], 'text.verbosity')
  if (text.format === undefined || text.format === null) return
  const format = asJson(text.format)
  oneOf(format.type ?? null, ['text', 'json_object', 'json_schema'], 'text.format.type')
  if (format.type !== 'json_schema') {
    closedKeys(format, ['type'], 'text.format')
    return
  }
  closedKeys(format, ['type', 'name', 'description', 'schema', 'strict'], 'text.format')
  checkJsonSchema(format, 'text.format')
}

function checkNumbers(body: Json): void {
  const most = body.max_output_tokens
  if (most === undefined || most === null) return
  const fits = Number.isInteger(most) && Number(most) >= 16 && Number(most) <= 128000
  demandParam(fits, 'max_output_tokens', 'expected 16 to 128000', 'integer_below_min_value')
}

function checkTools(body: Json): Set<string> {
  const names = new Set<string>()
  const tools = body.tools ?? []
  demandParam(Array.isArray(tools), 'tools', 'expected a list', 'invalid_type')
  for (const [index, entry] of tools.entries()) {
    const tool = asJson(entry)
    const at = `tools[${index}]`
    const type = String(tool.type)
    if (!(type in TOOL_KEYS)) oneOf(tool.type ?? null, Object.keys(TOOL_KEYS), `${at}.type`)
    const keys = TOOL_KEYS[type]
    if (keys !== undefined) closedKeys(tool, keys, at)
    if (type === 'function') names.add(unique(checkFunction(tool, at, keys ?? []), names, at))
    else if (type === 'custom') names.add(unique(checkCustom(tool, at), names, at))
    else names.add(type)
  }
  return names
}

function unique(name: string, names: ReadonlySet<string>, at: string): string {
  demandParam(!names.has(name), `${at}.name`, `the name '${name}' came twice`)
  return name
}

function checkCustom(tool: Json, at: string): string {
  const format = asJson(tool.format ?? { type: 'text' })
  oneOf(format.type ?? null, ['text', 'grammar'], `${at}.format.type`)
  if (format.type === 'grammar') {
    oneOf(format.syntax ?? null, ['lark', 'regex'], `${at}.format.syntax`)
    demandParam(typeof format.definition === 'string', `${at}.format.definition`, 'missing')
  }
  return checkName(tool.name, `${at}.name`)
}

function checkChoice(body: Json, names: ReadonlySet<string>): void {
  const { tool_choice: choice } = body
  if (choice === undefined || choice === null) return
  if (typeof choice === 'string') {
    oneOf(choice, ['none', 'auto', 'required'], 'tool_choice')
    const possible = choice !== 'required' || names.size > 0
    demandParam(possible, 'tool_choice', "'required' needs 'tools'")
    return
  }
  const form = asJson(choice)
  const type = String(form.type)
  if (type === 'allowed_tools') return
  const named = type === 'function' || type === 'custom'
  closedKeys(form, named ? ['type', 'name'] : ['type'], 'tool_choice')
  const wanted = named ? String(form.name) : type
  demandParam(names.has(wanted), 'tool_choice', `'${wanted}' not found in 'tools'`)
}
