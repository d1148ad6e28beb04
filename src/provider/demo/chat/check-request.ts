import { isRecord } from '../../../kit/json.ts'
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

type Fields = Record<string, unknown>

const KNOWN = new Set(
  'messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options'.split(
    ' ',
  ),
)
const ROLES = ['developer', 'system', 'user', 'assistant', 'tool', 'function']
const PARTS: Readonly<Record<string, readonly string[]>> = {
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
}

/** Checks a Chat Completions body as the real API does; throws its 400. */
export function checkChat(body: Fields): void {
  refuseUnknown(body, KNOWN)
  if (body.functions !== undefined) {
    throw badParam('functions', "'functions' is deprecated and not served here: use 'tools'.")
  }
  numberIn(body, 'temperature', 0, 2)
  numberIn(body, 'top_p', 0, 1)
  numberIn(body, 'max_tokens', 1, 1_000_000)
  numberIn(body, 'max_completion_tokens', 1, 1_000_000)
  numberIn(body, 'n', 1, 1)
  if (body.max_tokens != null && body.max_completion_tokens != null) {
    throw badParam('max_tokens', "Set either 'max_tokens' or 'max_completion_tokens', not both.")
  }
  if (body.stream_options != null && body.stream !== true) {
    throw badParam('stream_options', "'stream_options' is only allowed when 'stream' is enabled.")
  }
  const stops = Array.isArray(body.stop) ? body.stop : []
  mustBe(stops.length <= 4, 'stop', 'at most 4 sequences')
  checkTools(body)
  checkMessages(needArray(body.messages, 'messages'))
}

function checkTools(body: Fields): void {
  if (body.tools === undefined) {
    mustBe(body.parallel_tool_calls === undefined, 'parallel_tool_calls', "to come with 'tools'")
    return
  }
  const tools = needArray(body.tools, 'tools')
  mustBe(tools.length > 0, 'tools', 'at least one tool')
  for (const [index, raw] of tools.entries()) {
    const tool = needObject(raw, `tools[${index}]`)
    const type = needString(tool.type, `tools[${index}].type`)
    mustBe(type === 'function' || type === 'custom', `tools[${index}].type`, 'function or custom')
    const inner = needObject(tool[type], `tools[${index}].${type}`)
    const name = needString(inner.name, `tools[${index}].${type}.name`)
    mustBe(
      /^[a-zA-Z0-9_-]{1,64}$/.test(name),
      `tools[${index}].${type}.name`,
      '^[a-zA-Z0-9_-]{1,64}$',
    )
    const { parameters } = inner
    if (parameters === undefined) continue
    const object = isRecord(parameters) && parameters.type === 'object'
    mustBe(object, `tools[${index}].function.parameters`, 'a schema of type object')
  }
}

function checkMessages(messages: unknown[]): void {
  mustBe(messages.length > 0, 'messages', 'at least one message')
  let open: string[] = []
  for (const [index, raw] of messages.entries()) {
    const path = `messages[${index}]`
    const message = needObject(raw, path)
    const role = needString(message.role, `${path}.role`)
    mustBe(ROLES.includes(role), `${path}.role`, `one of ${ROLES.join(', ')}`)
    if (role === 'tool') open = answered(message, open, path)
    else if (open.length > 0) throw unanswered(open, path)
    checkContent(message, role, path)
    if (role === 'assistant') open = callsOf(message, path)
  }
  if (open.length > 0) throw unanswered(open, 'messages')
}

function answered(message: Fields, open: readonly string[], path: string): string[] {
  const id = needString(message.tool_call_id, `${path}.tool_call_id`)
  if (open.includes(id)) return open.filter((entry) => entry !== id)
  throw badParam(
    `${path}.role`,
    "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
  )
}

function unanswered(open: readonly string[], path: string): Error {
  return badParam(
    path,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${open.join(', ')}`,
  )
}

function checkContent(message: Fields, role: string, path: string): void {
  const { content, tool_calls } = message
  if (role === 'assistant' && content == null) {
    const speaks = tool_calls !== undefined || message.refusal != null || message.audio != null
    mustBe(speaks, `${path}.content`, 'a string, or tool_calls')
    return
  }
  if (typeof content === 'string') return
  const parts = needArray(content, `${path}.content`)
  const allowed = PARTS[role] ?? ['text']
  for (const [index, raw] of parts.entries()) {
    const part = needObject(raw, `${path}.content[${index}]`)
    const listed = allowed.join(', ')
    mustBe(allowed.includes(textOf(part.type)), `${path}.content[${index}].type`, listed)
    if (part.type === 'text') needString(part.text, `${path}.content[${index}].text`)
    if (part.type !== 'image_url') continue
    const image = needObject(part.image_url, `${path}.content[${index}].image_url`)
    needString(image.url, `${path}.content[${index}].image_url.url`)
  }
}

function callsOf(message: Fields, path: string): string[] {
  if (message.tool_calls === undefined) return []
  const calls = needArray(message.tool_calls, `${path}.tool_calls`)
  mustBe(calls.length > 0, `${path}.tool_calls`, 'at least one call')
  return recordsOf(calls).map((call, index) => {
    const at = `${path}.tool_calls[${index}]`
    const type = needString(call.type, `${at}.type`)
    const inner = needObject(call[type], `${at}.${type}`)
    needString(inner.name, `${at}.${type}.name`)
    needString(type === 'custom' ? inner.input : inner.arguments, `${at}.${type}.arguments`)
    return needString(call.id, `${at}.id`)
  })
}
