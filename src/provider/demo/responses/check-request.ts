import { failure } from '../failure.ts'
import { recordsOf, textOf } from '../json.ts'
import {
  badParam,
  mustBe,
  needArray,
  needObject,
  needString,
  numberIn,
  refuseUnknown,
} from '../openai/check.ts'
import { isSigned } from '../signature.ts'

type Fields = Record<string, unknown>

const KNOWN = new Set(
  'model input instructions tools tool_choice parallel_tool_calls reasoning text include store stream stream_options max_output_tokens max_tool_calls temperature top_p top_logprobs previous_response_id conversation prompt prompt_cache_key prompt_cache_options prompt_cache_retention client_metadata metadata truncation background service_tier safety_identifier context_management user'.split(
    ' ',
  ),
)
const ROLES = ['user', 'system', 'developer', 'assistant']
const INPUT_PARTS = ['input_text', 'input_image', 'input_file']
const OUTPUT_PARTS = ['output_text', 'refusal']

/** Checks a Responses body as the real API does; throws its 400. What needs a store is refused. */
export function checkResponses(body: Fields): void {
  refuseUnknown(body, KNOWN)
  for (const key of ['previous_response_id', 'conversation', 'prompt']) {
    if (body[key] != null) {
      throw badParam(key, `'${key}' is not served here: the demo upstream stores nothing.`)
    }
  }
  mustBe(body.background !== true, 'background', 'false: the demo upstream stores nothing')
  numberIn(body, 'temperature', 0, 2)
  numberIn(body, 'top_p', 0, 1)
  numberIn(body, 'max_output_tokens', 1, 1_000_000)
  checkTools(body.tools)
  if (typeof body.input === 'string') return
  checkItems(needArray(body.input, 'input'))
}

function checkTools(raw: unknown): void {
  if (raw === undefined || raw === null) return
  for (const [index, value] of needArray(raw, 'tools').entries()) {
    const path = `tools[${index}]`
    const tool = needObject(value, path)
    const type = needString(tool.type, `${path}.type`)
    if (type !== 'function' && type !== 'custom') continue
    const name = needString(tool.name, `${path}.name`)
    mustBe(/^[a-zA-Z0-9_-]{1,64}$/.test(name), `${path}.name`, '^[a-zA-Z0-9_-]{1,64}$')
    if (type === 'custom' || tool.parameters == null) continue
    const schema = needObject(tool.parameters, `${path}.parameters`)
    mustBe(schema.type === 'object', `${path}.parameters`, 'a schema of type object')
  }
}

function checkItems(items: unknown[]): void {
  mustBe(items.length > 0, 'input', 'at least one item')
  for (const [index, raw] of items.entries()) {
    const path = `input[${index}]`
    const item = needObject(raw, path)
    const type = item.type === undefined && item.role !== undefined ? 'message' : item.type
    switch (needString(type, `${path}.type`)) {
      case 'message':
        checkMessage(item, path)
        break
      case 'function_call':
      case 'custom_tool_call':
        checkCall(item, path)
        break
      case 'reasoning':
        checkReasoning(item, path)
        break
      case 'item_reference':
        throw failure(404, `Item with id '${textOf(item.id)}' not found.`, { field: 'input' })
    }
  }
  checkPairs(recordsOf(items))
}

function checkMessage(item: Fields, path: string): void {
  const role = needString(item.role, `${path}.role`)
  mustBe(ROLES.includes(role), `${path}.role`, `one of ${ROLES.join(', ')}`)
  if (typeof item.content === 'string') return
  const allowed = role === 'assistant' ? OUTPUT_PARTS : INPUT_PARTS
  for (const [index, raw] of needArray(item.content, `${path}.content`).entries()) {
    const at = `${path}.content[${index}]`
    const part = needObject(raw, at)
    mustBe(allowed.includes(textOf(part.type)), `${at}.type`, `one of ${allowed.join(', ')}`)
    if (part.type === 'input_text' || part.type === 'output_text')
      needString(part.text, `${at}.text`)
  }
}

function checkCall(item: Fields, path: string): void {
  needString(item.call_id, `${path}.call_id`)
  needString(item.name, `${path}.name`)
  const key = item.type === 'function_call' ? 'arguments' : 'input'
  needString(item[key], `${path}.${key}`)
}

/** Reasoning comes back with our own sealed content, for exactly the summary that it was made with. */
function checkReasoning(item: Fields, path: string): void {
  const parts = needArray(item.summary, `${path}.summary`)
  if (item.encrypted_content == null) return
  const sealed = needString(item.encrypted_content, `${path}.encrypted_content`)
  const summary = recordsOf(parts)
    .map((part) => textOf(part.text))
    .join('')
  if (isSigned(sealed, summary) || isSigned(sealed, 'redacted')) return
  throw badParam(
    `${path}.encrypted_content`,
    'The encrypted content could not be verified.',
    'invalid_encrypted_content',
  )
}

function checkPairs(items: readonly Fields[]): void {
  const open = new Set<string>()
  const seen = new Set<string>()
  for (const item of items) {
    const id = textOf(item.call_id)
    if (item.type === 'function_call' || item.type === 'custom_tool_call') {
      open.add(id)
      seen.add(id)
    }
    if (item.type !== 'function_call_output' && item.type !== 'custom_tool_call_output') continue
    if (!seen.has(id)) {
      throw badParam('input', `No tool call found for function call output with call_id ${id}.`)
    }
    mustBe(item.output !== undefined, 'input', `an output for ${id}`)
    open.delete(id)
  }
  const [missing] = open
  if (missing === undefined) return
  throw badParam('input', `No tool output found for function call ${missing}.`)
}
