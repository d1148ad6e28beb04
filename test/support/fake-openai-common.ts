import { closedKeys, demandParam, oneOf, refuseParam } from './fake-openai-refusal.ts'
import { asJson, isJson, type Json } from './fake-reply.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** Whether a model is one of OpenAI's that think, which take fewer parameters. */
export function isReasoningModel(model: unknown): boolean {
  return /^(o\d|gpt-5)/.test(String(model))
}

/** Refuses a model that the upstream has not: Claude's names above all. */
export function checkModel(model: unknown): void {
  demandParam(typeof model === 'string' && model !== '', 'model', 'you must provide a model')
  const known = /^(gpt-|o\d|local-|deepseek-|qwen)/.test(model)
  if (!known) refuseParam('model', `The model '${model}' does not exist`, 'model_not_found')
}

/** Refuses sampling that a thinking model has not, and numbers out of range. */
export function checkSampling(body: Json): void {
  for (const [key, most] of Object.entries({ temperature: 2, top_p: 1 })) {
    const value = body[key]
    if (value === undefined || value === null) continue
    const number = typeof value === 'number' && value >= 0 && value <= most
    demandParam(number, key, `expected a number from 0 to ${most}`)
    if (isReasoningModel(body.model) && value !== 1) {
      const text = `Unsupported parameter: '${key}' is not supported with this model.`
      refuseParam(key, text, 'unsupported_parameter')
    }
  }
}

/** Refuses an effort that is unknown, or given to a model of OpenAI's that does not think. */
export function checkEffort(effort: unknown, model: unknown, param: string): void {
  if (effort === undefined || effort === null) return
  oneOf(effort, EFFORTS, param)
  if (/^gpt-4/.test(String(model))) {
    refuseParam(
      param,
      `Unsupported parameter: '${param}' with this model.`,
      'unsupported_parameter',
    )
  }
}

/** Refuses what labels and tags may not be. */
export function checkLabels(body: Json): void {
  for (const key of ['user', 'safety_identifier', 'prompt_cache_key']) {
    const value = body[key]
    if (value === undefined || value === null) continue
    demandParam(typeof value === 'string', key, 'expected a string', 'invalid_type')
    demandParam(
      value.length <= 64,
      key,
      `${value.length} characters, at most 64`,
      'string_above_max_length',
    )
  }
  const metadata = asJson(body.metadata ?? {})
  const entries = Object.entries(metadata)
  demandParam(entries.length <= 16, 'metadata', 'at most 16 pairs')
  for (const [key, value] of entries) {
    demandParam(key.length <= 64, 'metadata', 'keys of at most 64 characters')
    const fits = typeof value === 'string' && value.length <= 512
    demandParam(fits, `metadata.${key}`, 'expected a string of at most 512 characters')
  }
}

/** Refuses an image that is neither a data URL of a known type nor a web address. */
export function checkImageUrl(url: unknown, param: string): void {
  demandParam(typeof url === 'string', param, 'expected a string', 'invalid_type')
  demandParam(
    IMAGE.test(url) || /^https?:\/\/\S+$/.test(url),
    param,
    'not an image URL',
    'invalid_image_url',
  )
}

/** Refuses a function's or a custom tool's name. */
export function checkName(name: unknown, param: string): string {
  demandParam(typeof name === 'string', param, 'expected a string', 'missing_required_parameter')
  demandParam(
    NAME.test(name),
    param,
    `string '${name}' does not match pattern ^[a-zA-Z0-9_-]{1,64}$`,
  )
  return name
}

/** Refuses call arguments that are not a JSON object in a string. */
export function checkArguments(value: unknown, param: string): void {
  demandParam(typeof value === 'string', param, 'expected a string', 'invalid_type')
  demandParam(isJson(parsed(value)), param, `not an object in JSON: ${value.slice(0, 40)}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What is no JSON is no object either; the caller refuses both alike.
    return undefined
  }
}

/** Refuses a function's keys, name and parameters. */
export function checkFunction(tool: Json, at: string, keys: readonly string[]): string {
  closedKeys(tool, keys, at)
  const name = checkName(tool.name, `${at}.name`)
  if (tool.description !== undefined && tool.description !== null) {
    demandParam(typeof tool.description === 'string', `${at}.description`, 'expected a string')
  }
  if (tool.parameters === undefined || tool.parameters === null) return name
  demandParam(isJson(tool.parameters), `${at}.parameters`, 'expected an object', 'invalid_type')
  const fail = (why: string): never =>
    refuseParam(
      `${at}.parameters`,
      `Invalid schema for function '${name}': ${why}`,
      'invalid_function_parameters',
    )
  if (tool.parameters.type !== 'object') fail('schema must have type "object"')
  checkSchema(tool.parameters, '()', tool.strict === true, fail)
  return name
}

/** Refuses schemas as the API does: objects name their properties, arrays their items, strict ones all. */
function checkSchema(
  schema: Json,
  at: string,
  strict: boolean,
  fail: (why: string) => never,
): void {
  if (schema.type === 'array' && !isJson(schema.items) && schema.items !== true) {
    fail(`In context=${at}, array schema missing items`)
  }
  if (schema.type === 'object' && !isJson(schema.properties)) {
    fail(`In context=${at}, object schema missing properties`)
  }
  const properties = asJson(schema.properties)
  if (strict && schema.type === 'object') {
    if (schema.additionalProperties !== false) {
      fail(`In context=${at}, 'additionalProperties' is required to be supplied and to be false`)
    }
    const required = Array.isArray(schema.required) ? schema.required : []
    const missing = Object.keys(properties).find((key) => !required.includes(key))
    if (missing !== undefined) fail(`In context=${at}, 'required' must include '${missing}'`)
  }
  for (const [key, inner] of Object.entries(properties)) {
    if (isJson(inner)) checkSchema(inner, `${at}.${key}`, strict, fail)
  }
  if (isJson(schema.items)) checkSchema(schema.items, `${at}[]`, strict, fail)
  const unions = [schema.anyOf, schema.oneOf, schema.allOf].filter(Array.isArray).flat()
  for (const inner of unions) if (isJson(inner)) checkSchema(inner, `${at}|`, strict, fail)
}

/** Refuses a structured output's name and schema; `at` is where its keys stand. */
export function checkJsonSchema(format: Json, at: string): void {
  checkName(format.name, `${at}.name`)
  demandParam(
    isJson(format.schema),
    `${at}.schema`,
    'expected an object',
    'missing_required_parameter',
  )
  const { schema } = format
  demandParam(schema.type === 'object', `${at}.schema`, 'schema must have type "object"')
  checkSchema(schema, '()', format.strict === true, (why) =>
    refuseParam(
      `${at}.schema`,
      `Invalid schema for response_format: ${why}`,
      'invalid_json_schema',
    ),
  )
}
