import type { ProxyError } from '../../../kit/error.ts'
import { isRecord } from '../../../kit/json.ts'
import { failure } from '../failure.ts'
import { DEMO_MODELS, type DemoModel, findModel } from '../models.ts'

type Fields = Record<string, unknown>

/** A 400 with OpenAI's `param` and `code`. */
export function badParam(param: string, message: string, code = 'invalid_value'): ProxyError {
  return failure(400, message, { field: param, code })
}

/** Throws a 400 about the parameter, unless the condition holds. */
export function mustBe(condition: boolean, param: string, expected: string): asserts condition {
  if (!condition) throw badParam(param, `Invalid value for '${param}': expected ${expected}.`)
}

/** The list at this parameter; 400 where it is missing or something else. */
export function needArray(value: unknown, param: string): unknown[] {
  if (value === undefined) throw missingParam(param)
  mustBe(Array.isArray(value), param, 'an array')
  return value
}

/** The object at this parameter; 400 where it is missing or something else. */
export function needObject(value: unknown, param: string): Fields {
  if (value === undefined) throw missingParam(param)
  mustBe(isRecord(value), param, 'an object')
  return value
}

/** The text at this parameter; 400 where it is missing or something else. */
export function needString(value: unknown, param: string): string {
  if (value === undefined) throw missingParam(param)
  mustBe(typeof value === 'string', param, 'a string')
  return value
}

function missingParam(param: string): ProxyError {
  return badParam(param, `Missing required parameter: '${param}'.`, 'missing_required_parameter')
}

/** Refuses parameters that the wire does not have. */
export function refuseUnknown(body: Fields, known: ReadonlySet<string>): void {
  const unknown = Object.keys(body).find((key) => !known.has(key))
  if (unknown === undefined) return
  throw badParam(unknown, `Unknown parameter: '${unknown}'.`, 'unknown_parameter')
}

/** The number at this parameter if it is one in range; undefined where it is absent or null. */
export function numberIn(
  body: Fields,
  key: string,
  least: number,
  most: number,
): number | undefined {
  const value = body[key]
  if (value === undefined || value === null) return undefined
  mustBe(
    typeof value === 'number' && value >= least && value <= most,
    key,
    `a number from ${least} to ${most}`,
  )
  return value
}

// Families that OpenAI-compatible upstreams serve; the demo stands in for any of them.
const FOREIGN =
  /^(?:gpt|o\d|chatgpt|codex|claude|gemini|deepseek|qwen|kimi|glm|llama|mistral|grok|demo)/i

/** The model of an OpenAI request: one of ours, or a stand-in for a known family; 404 otherwise. */
export function needModel(body: Fields): DemoModel {
  const name = needString(body.model, 'model')
  const own = findModel(name)
  if (own !== undefined) return own
  const [base] = DEMO_MODELS
  const bare = name.slice(name.lastIndexOf('/') + 1)
  if (base === undefined || !FOREIGN.test(bare) || bare.startsWith('claude')) {
    throw failure(404, `The model '${name}' does not exist or you do not have access to it.`, {
      field: 'model',
      code: 'model_not_found',
    })
  }
  return { ...base, id: name, name, alwaysThinks: false }
}

/** Effort that the wire knows; undefined where none is asked for or it is `none`. */
export function effortOf(value: unknown, param: string): string | undefined {
  if (value === undefined || value === null) return undefined
  const known = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']
  mustBe(typeof value === 'string' && known.includes(value), param, `one of ${known.join(', ')}`)
  return value === 'none' ? undefined : value
}
