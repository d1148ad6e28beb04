import { badField } from '../failure.ts'
import { isSigned } from '../signature.ts'
import { type Fields, must, needOneOf, needRecord, needText } from './check.ts'

const ASSISTANT_ONLY = /^(?:thinking|redacted_thinking|tool_use|server_tool_use|mcp_tool_use)$/
const USER_ONLY = /^(?:image|tool_result|container_upload)$/
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp']

interface Place {
  readonly role: string
  readonly path: string
  readonly version: string
}

const CHECKS: Readonly<Record<string, (block: Fields, place: Place) => void>> = {
  text: checkText,
  thinking: checkThinkingBlock,
  redacted_thinking: checkRedacted,
  tool_use: checkToolUse,
  tool_result: checkToolResult,
  image: checkImage,
  document: checkDocument,
}

/** Checks one content block by its type; types that the demo does not know are let through. */
export function checkBlock(block: Fields, place: Place): void {
  const { role, path } = place
  const type = needText(block, 'type', path)
  const misplaced = `${type} is not allowed for role ${role}`
  must(role === 'assistant' || !ASSISTANT_ONLY.test(type), path, misplaced)
  must(role === 'user' || !USER_ONLY.test(type), path, misplaced)
  checkCacheControl(block, `${path}.cache_control`)
  CHECKS[type]?.(block, place)
}

function checkRedacted(block: Fields, { path }: Place): void {
  const own = isSigned(needText(block, 'data', path), 'redacted')
  must(own, path, 'Invalid `data` in `redacted_thinking` block')
}

function checkToolUse(block: Fields, { path }: Place): void {
  needText(block, 'name', `${path}.tool_use`)
  const id = needText(block, 'id', `${path}.tool_use`)
  const pattern = '^[a-zA-Z0-9_-]+$'
  must(
    new RegExp(pattern).test(id),
    `${path}.tool_use.id`,
    `String should match pattern '${pattern}'`,
  )
  needRecord(block.input, `${path}.tool_use.input`)
}

function checkDocument(block: Fields, { role, path, version }: Place): void {
  const allowed = role !== 'assistant' || version === '2023-06-01'
  must(allowed, path, 'document blocks are not permitted in assistant messages')
  needRecord(block.source, `${path}.document.source`)
}

function checkCacheControl(block: Fields, path: string): void {
  if (block.cache_control == null) return
  const control = needRecord(block.cache_control, path)
  needOneOf(control.type, ['ephemeral'], `${path}.type`)
  if (control.ttl !== undefined) needOneOf(control.ttl, ['5m', '1h'], `${path}.ttl`)
}

function checkText(block: Fields, { role, path, version }: Place): void {
  must(
    needText(block, 'text', `${path}.text`) !== '',
    path,
    'text content blocks must be non-empty',
  )
  const cited = Array.isArray(block.citations) && block.citations.length > 0
  must(
    !cited || role !== 'user' || version === '2023-06-01',
    `${path}.text.citations`,
    'citations are not permitted in user messages',
  )
}

function checkThinkingBlock(block: Fields, { path }: Place): void {
  const text = needText(block, 'thinking', `${path}.thinking`)
  const signature = needText(block, 'signature', `${path}.thinking`)
  if (!isSigned(signature, text)) throw badField(path, 'Invalid `signature` in `thinking` block')
}

function checkToolResult(block: Fields, { path, version }: Place): void {
  needText(block, 'tool_use_id', `${path}.tool_result`)
  const { content, is_error } = block
  must(
    is_error === undefined || typeof is_error === 'boolean',
    `${path}.tool_result.is_error`,
    'Input should be a valid boolean',
  )
  if (content === undefined || typeof content === 'string') return
  const field = `${path}.tool_result.content`
  must(Array.isArray(content), field, 'Input should be a valid string or list')
  for (const [index, part] of content.entries()) {
    const fields = needRecord(part, `${field}.${index}`)
    const type = needText(fields, 'type', `${field}.${index}`)
    must(
      !ASSISTANT_ONLY.test(type) && type !== 'tool_result',
      `${field}.${index}`,
      `${type} is not allowed here`,
    )
    checkBlock(fields, { role: 'user', path: `${field}.${index}`, version })
  }
}

function checkImage(block: Fields, { path }: Place): void {
  const field = `${path}.image.source`
  const source = needRecord(block.source, field)
  const type = needOneOf(source.type, ['base64', 'url', 'file'], `${field}.type`)
  if (type === 'url') needText(source, 'url', field)
  if (type === 'file') needText(source, 'file_id', field)
  if (type !== 'base64') return
  needOneOf(source.media_type, IMAGE_TYPES, `${field}.base64.media_type`)
  const data = needText(source, 'data', `${field}.base64`)
  const whole = data.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(data)
  must(whole, `${field}.base64.data`, 'The image was specified using invalid base64 data')
}
