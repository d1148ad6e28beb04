import { checkArguments, checkImageUrl, checkName } from './fake-openai-common.ts'
import { closedKeys, demandParam, oneOf, refuseParam } from './fake-openai-refusal.ts'
import { asJson, type Issued, type Json } from './fake-reply.ts'

/** How an `encrypted_content` of the fake begins, as OpenAI's do. */
export const ENCRYPTED_PREFIX = 'gAAAAABfake'

const ITEM_KEYS: Readonly<Record<string, readonly string[]>> = {
  message: ['type', 'role', 'content', 'id', 'status', 'phase'],
  function_call: ['type', 'id', 'call_id', 'name', 'arguments', 'status', 'namespace'],
  function_call_output: ['type', 'id', 'call_id', 'output', 'status'],
  custom_tool_call: ['type', 'id', 'call_id', 'name', 'input', 'status', 'namespace'],
  custom_tool_call_output: ['type', 'id', 'call_id', 'output', 'status'],
  reasoning: ['type', 'id', 'summary', 'content', 'encrypted_content', 'status'],
}

/** Items whose inner shape the fake leaves open. */
const OPEN_ITEMS = [
  ...['web_search_call', 'file_search_call', 'local_shell_call', 'local_shell_call_output'],
  ...['shell_call', 'shell_call_output', 'apply_patch_call', 'apply_patch_call_output'],
  ...['mcp_call', 'mcp_list_tools', 'tool_search_call', 'tool_search_output', 'compaction'],
  ...['item_reference', 'image_generation_call', 'code_interpreter_call'],
]

const PART_KEYS: Readonly<Record<string, readonly string[]>> = {
  input_text: ['type', 'text', 'prompt_cache_breakpoint'],
  input_image: ['type', 'image_url', 'file_id', 'detail'],
  input_file: ['type', 'file_data', 'file_id', 'file_url', 'filename'],
  output_text: ['type', 'text', 'annotations', 'logprobs'],
  refusal: ['type', 'refusal'],
}

/** Refuses an input that the real API refuses. @see wire.md 2.6 */
export function checkItems(body: Json, issued: Issued): void {
  const { input } = body
  if (typeof input === 'string') {
    demandParam(input !== '', 'input', 'empty string')
    return
  }
  demandParam(Array.isArray(input), 'input', 'expected a string or a list', 'invalid_type')
  demandParam(input.length > 0, 'input', '[] is too short', 'empty_array')
  const items = input.map(asJson)
  for (const [index, item] of items.entries()) {
    checkItem(item, `input[${index}]`, { issued, stored: body.store !== false })
  }
  checkPairs(items, 'function_call', 'function call')
  checkPairs(items, 'custom_tool_call', 'custom tool call')
  checkFollowers(items)
}

interface ItemRules {
  readonly issued: Issued
  readonly stored: boolean
}

function typeOf(item: Json): string {
  return String(item.type ?? 'message')
}

function checkItem(item: Json, at: string, rules: ItemRules): void {
  const type = typeOf(item)
  const keys = ITEM_KEYS[type]
  if (keys === undefined) {
    oneOf(type, [...Object.keys(ITEM_KEYS), ...OPEN_ITEMS], `${at}.type`)
    return
  }
  closedKeys(item, keys, at)
  switch (type) {
    case 'message':
      checkMessage(item, at)
      return
    case 'reasoning':
      checkReasoning(item, at, rules)
      return
    case 'function_call':
      checkCallId(item, at)
      checkName(item.name, `${at}.name`)
      checkItemId(item, 'fc_', at)
      checkArguments(item.arguments, `${at}.arguments`)
      return
    case 'custom_tool_call':
      checkCallId(item, at)
      checkName(item.name, `${at}.name`)
      checkItemId(item, 'ctc_', at)
      demandParam(typeof item.input === 'string', `${at}.input`, 'expected a string')
      return
    default:
      checkCallId(item, at)
      checkOutput(item.output, `${at}.output`)
  }
}

function checkItemId(item: Json, prefix: string, at: string): void {
  if (item.id === undefined || item.id === null) return
  const good = typeof item.id === 'string' && item.id.startsWith(prefix)
  demandParam(
    good,
    `${at}.id`,
    `'${String(item.id)}'. Expected an ID that begins with '${prefix}'.`,
  )
  demandParam(String(item.id).length <= 64, `${at}.id`, 'string too long')
}

function checkCallId(item: Json, at: string): void {
  const id = item.call_id
  demandParam(typeof id === 'string' && id !== '', `${at}.call_id`, 'missing')
  demandParam(id.length <= 64, `${at}.call_id`, 'string too long', 'string_above_max_length')
}

function checkMessage(item: Json, at: string): void {
  oneOf(item.role ?? null, ['user', 'system', 'developer', 'assistant'], `${at}.role`)
  checkItemId(item, 'msg_', at)
  const { content } = item
  const assistant = item.role === 'assistant'
  oneOf(item.phase ?? undefined, assistant ? ['commentary', 'final_answer'] : [], `${at}.phase`)
  if (typeof content === 'string') {
    demandParam(content !== '' || assistant, `${at}.content`, 'empty string')
    return
  }
  demandParam(
    Array.isArray(content),
    `${at}.content`,
    'expected a string or a list',
    'invalid_type',
  )
  demandParam(content.length > 0, `${at}.content`, '[] is too short', 'empty_array')
  const known = assistant ? ['output_text', 'refusal'] : ['input_text', 'input_image', 'input_file']
  for (const [index, part] of content.entries()) {
    checkPart(asJson(part), known, `${at}.content[${index}]`)
  }
}

function checkPart(part: Json, known: readonly string[], at: string): void {
  const type = String(part.type)
  oneOf(part.type ?? null, known, `${at}.type`)
  closedKeys(part, PART_KEYS[type] ?? [], at)
  if (type === 'input_image') {
    oneOf(part.detail ?? undefined, ['auto', 'low', 'high', 'original'], `${at}.detail`)
    if (part.image_url === undefined || part.image_url === null) {
      demandParam(typeof part.file_id === 'string', at, 'image_url or file_id is required')
      return
    }
    checkImageUrl(part.image_url, `${at}.image_url`)
    return
  }
  if (type === 'input_file') {
    const sources = [part.file_data, part.file_id, part.file_url]
    const given = sources.filter((source) => typeof source === 'string')
    demandParam(given.length === 1, at, 'one of file_data, file_id, file_url is required')
    return
  }
  const text = type === 'refusal' ? part.refusal : part.text
  demandParam(typeof text === 'string', `${at}.text`, 'expected a string', 'invalid_type')
  demandParam(text !== '', `${at}.text`, 'text parts must be non-empty')
}

function checkOutput(output: unknown, at: string): void {
  if (typeof output === 'string') return
  demandParam(Array.isArray(output), at, 'expected a string or a list', 'invalid_type')
  demandParam(output.length > 0, at, '[] is too short', 'empty_array')
  for (const [index, part] of output.entries()) {
    checkPart(asJson(part), ['input_text', 'input_image', 'input_file'], `${at}[${index}]`)
  }
}

function checkReasoning(item: Json, at: string, rules: ItemRules): void {
  checkItemId(item, 'rs_', at)
  demandParam(Array.isArray(item.summary), `${at}.summary`, 'missing', 'missing_required_parameter')
  for (const [index, entry] of item.summary.entries()) {
    const part = asJson(entry)
    closedKeys(part, ['type', 'text'], `${at}.summary[${index}]`)
    oneOf(part.type ?? null, ['summary_text'], `${at}.summary[${index}].type`)
  }
  const content = item.encrypted_content
  if (typeof content !== 'string') {
    if (rules.stored) return
    const text = `Item '${String(item.id)}' not found. Items are not persisted when \`store\` is set to false.`
    refuseParam(at, text)
  }
  const body = content.startsWith(ENCRYPTED_PREFIX) ? content.slice(ENCRYPTED_PREFIX.length) : ''
  if (!rules.issued.knows(body, 'reasoning')) {
    const text = `The encrypted content for item ${String(item.id)} could not be verified.`
    refuseParam(`${at}.encrypted_content`, text, 'invalid_encrypted_content')
  }
}

/** Each call has one output after it, each output a call before it. */
function checkPairs(items: readonly Json[], type: string, words: string): void {
  const open = new Map<string, number>()
  for (const [index, item] of items.entries()) {
    const id = String(item.call_id)
    if (typeOf(item) === type) {
      demandParam(!open.has(id), `input[${index}].call_id`, `duplicate call_id '${id}'`)
      open.set(id, index)
    }
    if (typeOf(item) === `${type}_output` && !open.delete(id)) {
      refuseParam('input', `No tool call found for ${words} output with call_id ${id}.`)
    }
    const turn = typeOf(item) === 'message' && item.role === 'user'
    if (turn) expectAnswered(open, words)
  }
  expectAnswered(open, words)
}

function expectAnswered(open: ReadonlyMap<string, number>, words: string): void {
  const [id] = open.keys()
  if (id !== undefined) refuseParam('input', `No tool output found for ${words} ${id}.`)
}

/** A reasoning item stands before the output that came of it. */
function checkFollowers(items: readonly Json[]): void {
  const made = ['function_call', 'custom_tool_call', 'reasoning', ...OPEN_ITEMS]
  for (const [index, item] of items.entries()) {
    if (typeOf(item) !== 'reasoning') continue
    const next = items[index + 1]
    const said = next !== undefined && typeOf(next) === 'message' && next.role === 'assistant'
    if (next !== undefined && (said || made.includes(typeOf(next)))) continue
    const text = `Item '${String(item.id)}' of type 'reasoning' was provided without its required following item.`
    refuseParam('input', text)
  }
}
