import { checkArguments, checkImageUrl, checkName } from './fake-openai-common.ts'
import { closedKeys, demandParam, oneOf, refuseParam } from './fake-openai-refusal.ts'
import { asJson, isJson, type Json } from './fake-reply.ts'

const KEYS: Readonly<Record<string, readonly string[]>> = {
  developer: ['role', 'content', 'name'],
  system: ['role', 'content', 'name'],
  user: ['role', 'content', 'name'],
  assistant: ['role', 'content', 'name', 'refusal', 'tool_calls', 'function_call', 'audio'],
  // The reference lists no name here, yet LangChain sends it to OpenAI with every tool message (2026-11).
  tool: ['role', 'content', 'tool_call_id', 'name'],
  function: ['role', 'content', 'name'],
}

const PARTS: Readonly<Record<string, readonly string[]>> = {
  developer: ['text'],
  system: ['text'],
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
  tool: ['text'],
  function: [],
}

/** Refuses a conversation that the real API refuses. @see wire.md 2.1 */
export function checkChatMessages(messages: unknown, extraKeys: readonly string[]): void {
  demandParam(Array.isArray(messages), 'messages', 'expected a list', 'missing_required_parameter')
  demandParam(messages.length > 0, 'messages', '[] is too short', 'empty_array')
  const list = messages.map(asJson)
  for (const [index, message] of list.entries())
    checkMessage(message, `messages[${index}]`, extraKeys)
  checkAnswers(list)
}

function checkMessage(message: Json, at: string, extraKeys: readonly string[]): void {
  const role = String(message.role)
  const keys = KEYS[role]
  if (keys === undefined) {
    oneOf(message.role ?? null, Object.keys(KEYS), `${at}.role`)
    return
  }
  closedKeys(message, role === 'assistant' ? [...keys, ...extraKeys] : keys, at)
  checkContent(message, role, `${at}.content`)
  if (role === 'assistant') checkCalls(message, at)
  if (role === 'tool') {
    const id = message.tool_call_id
    demandParam(typeof id === 'string' && id !== '', `${at}.tool_call_id`, 'missing')
  }
}

function checkContent(message: Json, role: string, at: string): void {
  const { content } = message
  if (content === null || content === undefined) {
    const calls = message.tool_calls !== undefined || message.function_call !== undefined
    const free = role === 'assistant' && (calls || typeof message.refusal === 'string')
    demandParam(free, at, 'expected a string, got null', 'invalid_type')
    return
  }
  if (typeof content === 'string') {
    const empty = content === '' && !['tool', 'function', 'assistant'].includes(role)
    demandParam(!empty, at, 'empty content')
    return
  }
  demandParam(Array.isArray(content), at, 'expected a string or a list', 'invalid_type')
  demandParam(content.length > 0, at, '[] is too short', 'empty_array')
  for (const [index, part] of content.entries()) checkPart(asJson(part), role, `${at}[${index}]`)
}

function checkPart(part: Json, role: string, at: string): void {
  const type = String(part.type)
  oneOf(part.type ?? null, PARTS[role] ?? [], `${at}.type`)
  closedKeys(part, ['type', type, 'prompt_cache_breakpoint'], at)
  switch (type) {
    case 'text':
    case 'refusal': {
      const text = part[type]
      demandParam(typeof text === 'string', `${at}.${type}`, 'expected a string', 'invalid_type')
      demandParam(text.trim() !== '', `${at}.${type}`, 'text parts must be non-empty')
      return
    }
    case 'image_url': {
      const image = asJson(part.image_url)
      closedKeys(image, ['url', 'detail'], `${at}.image_url`)
      oneOf(image.detail, ['auto', 'low', 'high'], `${at}.image_url.detail`)
      checkImageUrl(image.url, `${at}.image_url.url`)
      return
    }
    case 'file':
      checkFile(asJson(part.file), `${at}.file`)
      return
    default:
      demandParam(isJson(part[type]), `${at}.${type}`, 'expected an object')
  }
}

function checkFile(file: Json, at: string): void {
  closedKeys(file, ['file_data', 'file_id', 'filename'], at)
  if (typeof file.file_id === 'string') return
  const data = /^data:[\w.+-]+\/[\w.+-]+;base64,[A-Za-z0-9+/]+={0,2}$/
  demandParam(data.test(String(file.file_data)), `${at}.file_data`, 'expected a base64 data URL')
  demandParam(typeof file.filename === 'string', `${at}.filename`, 'missing')
}

function checkCalls(message: Json, at: string): void {
  const { tool_calls: calls } = message
  if (calls === undefined) return
  demandParam(Array.isArray(calls), `${at}.tool_calls`, 'expected a list', 'invalid_type')
  demandParam(calls.length > 0, `${at}.tool_calls`, '[] is too short', 'empty_array')
  for (const [index, entry] of calls.entries()) {
    const call = asJson(entry)
    const here = `${at}.tool_calls[${index}]`
    oneOf(call.type ?? null, ['function', 'custom'], `${here}.type`)
    closedKeys(call, ['id', 'type', String(call.type)], here)
    const { id } = call
    demandParam(typeof id === 'string' && id !== '', `${here}.id`, 'missing')
    demandParam(id.length <= 40, `${here}.id`, 'string too long', 'string_above_max_length')
    const inner = asJson(call[String(call.type)])
    const custom = call.type === 'custom'
    closedKeys(inner, ['name', custom ? 'input' : 'arguments'], `${here}.${String(call.type)}`)
    checkName(inner.name, `${here}.${String(call.type)}.name`)
    if (!custom) checkArguments(inner.arguments, `${here}.function.arguments`)
  }
}

/** Every call is answered, once, before the conversation goes on; nothing answers what was not asked. */
function checkAnswers(messages: readonly Json[]): void {
  let open = new Set<string>()
  for (const [index, message] of messages.entries()) {
    const param = `messages[${index}]`
    if (message.role === 'tool') {
      const known = open.delete(String(message.tool_call_id))
      if (!known) {
        const text = `Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls' (${param})`
        refuseParam(`${param}.role`, text)
      }
      continue
    }
    expectAnswered(open, param)
    const calls = Array.isArray(message.tool_calls) ? message.tool_calls.map(asJson) : []
    open = new Set(calls.map((call) => String(call.id)))
    demandParam(open.size === calls.length, `${param}.tool_calls`, 'ids must be unique')
  }
  expectAnswered(open, 'messages')
}

function expectAnswered(open: ReadonlySet<string>, param: string): void {
  if (open.size === 0) return
  const text = `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`
  refuseParam(param, text)
}
