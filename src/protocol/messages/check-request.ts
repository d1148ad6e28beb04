import { isRecord } from '../../kit/json.ts'
import { invalidField } from '../check.ts'
import { isBlank, textOf } from '../value.ts'
import { checkThread } from './check-thread.ts'
import type { Block, MessagesRequest, RequestMessage } from './schema.ts'

const ROLES: ReadonlySet<string> = new Set(['user', 'assistant', 'system'])
const CHOICES: ReadonlySet<string> = new Set(['auto', 'any', 'tool', 'none'])
const THINKING: ReadonlySet<string> = new Set(['enabled', 'disabled', 'adaptive', 'between_tools'])

/**
 * What the open schema lets through and Anthropic refuses, for a request that is to be said in other words: there
 * it would reach the upstream as something that the client never meant.
 * @throws ProxyError invalid_request that names the field
 */
export function checkMeaning(request: MessagesRequest): MessagesRequest {
  checkThread(request)
  if (request.messages.length === 0) throw invalidField('messages', 'at least one is needed')
  if (request.messages.every(isEmpty)) throw invalidField('messages', 'none of them has content')
  request.messages.forEach(checkMessage)
  checkTools(request)
  const { thinking } = request
  if (thinking !== undefined && !THINKING.has(thinking.type)) {
    throw invalidField('thinking.type', `"${thinking.type}" is unknown`)
  }
  checkFormat(request.output_config?.format, 'output_config.format')
  checkFormat(request.output_format, 'output_format')
  return request
}

function isEmpty({ content }: RequestMessage): boolean {
  if (typeof content === 'string') return isBlank(content)
  return content.every((block) => block.type === 'text' && isBlank(block.text ?? ''))
}

function checkMessage({ role, content }: RequestMessage, index: number): void {
  const path = `messages.${index}`
  if (!ROLES.has(role)) throw invalidField(`${path}.role`, `"${role}" is not a role`)
  if (typeof content === 'string') return
  content.forEach((block, at) => {
    checkBlock(block, role, `${path}.content.${at}`)
  })
}

function checkBlock(block: Block, role: string, path: string): void {
  if (block.type === 'text') {
    if (block.text === undefined) throw invalidField(`${path}.text`, 'a text block needs its text')
  } else if (block.type === 'tool_result') {
    if (textOf(block.tool_use_id) === undefined) {
      throw invalidField(`${path}.tool_use_id`, 'a result needs the id of its call')
    }
  } else if (block.type === 'tool_use' && role === 'assistant') {
    if (textOf(block.id) === undefined) throw invalidField(`${path}.id`, 'a call needs an id')
    if (textOf(block.name) === undefined) {
      throw invalidField(`${path}.name`, 'a call needs the name of its tool')
    }
    if (block.input !== undefined && !isRecord(block.input)) {
      throw invalidField(`${path}.input`, 'it must be an object')
    }
  }
}

function checkTools({ tools, tool_choice: choice }: MessagesRequest): void {
  tools?.forEach((tool, index) => {
    if (textOf(tool.name) === undefined && (tool.type ?? 'custom') === 'custom') {
      throw invalidField(`tools.${index}.name`, 'a tool needs a name')
    }
  })
  if (choice === undefined) return
  if (!CHOICES.has(choice.type)) {
    throw invalidField('tool_choice.type', `"${choice.type}" is not auto, any, tool or none`)
  }
  if (choice.type === 'tool' && textOf(choice.name) === undefined) {
    throw invalidField('tool_choice.name', 'it must name a tool')
  }
}

function checkFormat(format: unknown, path: string): void {
  if (format === undefined || format === null) return
  if (!isRecord(format) || format.type !== 'json_schema') {
    throw invalidField(path, 'only json_schema is known')
  }
  if (!isRecord(format.schema)) throw invalidField(`${path}.schema`, 'it must be a JSON Schema')
}
