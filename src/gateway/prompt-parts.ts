import { ProxyError } from '../kit/error.ts'
import { isRecord } from '../kit/json.ts'
import { type ImageSize, imageSize } from '../protocol/messages/image-size.ts'
import type { Block, MessagesRequest } from '../protocol/messages/schema.ts'
import { UNSEEN_IMAGE } from './count-image.ts'
import { pdfPages } from './pdf-pages.ts'

/** What a prompt is made of, as far as tokens go. */
export interface PromptParts {
  readonly texts: string[]
  readonly images: ImageSize[]
  hasSystem: boolean
  pages: number
  /** Without the system prompt; each tool result is one. */
  messages: number
  calls: number
  results: number
}

/** A document or a result holds blocks, which may hold blocks; nobody nests deeper. */
const MAX_DEPTH = 8
/** Of a block that has no text field of its own, what is no text to a model. */
const NOT_TEXT = new Set(['type', 'cache_control', 'signature', 'data', 'encrypted_content', 'id'])

/** Takes a request apart into what is counted; throws `invalid_request` naming a field it cannot read. */
export function promptParts(request: MessagesRequest): PromptParts {
  const { system } = request
  const hasSystem = system !== undefined && system.length > 0
  const parts = { texts: [], images: [], hasSystem, pages: 0, messages: 0, calls: 0, results: 0 }
  if (hasSystem) content(system, 'system', parts, 0)
  request.messages.forEach((message, index) => {
    const before = parts.results
    content(message.content, `messages.${index}.content`, parts, 0)
    // Each result is a message of its own upstream; the user's message is left only with other blocks.
    const results = parts.results - before
    const others = typeof message.content === 'string' ? 1 : message.content.length - results
    parts.messages += results + (others > 0 || results === 0 ? 1 : 0)
  })
  return parts
}

function content(value: unknown, field: string, parts: PromptParts, depth: number): void {
  if (typeof value === 'string') {
    parts.texts.push(value)
    return
  }
  if (!Array.isArray(value)) throw wrong(field, 'Must be a string or a list of blocks')
  if (depth > MAX_DEPTH) throw wrong(field, `Must nest blocks at most ${MAX_DEPTH} deep`)
  value.forEach((entry: unknown, index) => {
    const at = `${field}.${index}`
    if (!isBlock(entry)) throw wrong(at, 'Must be a block with a type')
    block(entry, at, parts, depth)
  })
}

function block(value: Block, field: string, parts: PromptParts, depth: number): void {
  switch (value.type) {
    case 'text':
      parts.texts.push(required(value.text, `${field}.text`))
      return
    case 'thinking':
      // Counted although some upstreams are not sent it: too much is safer than too little here.
      parts.texts.push(required(value.thinking, `${field}.thinking`))
      return
    case 'redacted_thinking':
      // Encrypted for Anthropic: no other upstream is sent it.
      return
    case 'image':
      image(value, field, parts)
      return
    case 'document':
      document(value, field, parts, depth)
      return
    case 'tool_use':
      parts.calls++
      parts.texts.push(required(value.name, `${field}.name`), json(value.input ?? {}))
      return
    case 'tool_result':
      parts.results++
      result(value.content, `${field}.content`, parts, depth + 1)
      return
    default:
      other(value, field, parts, depth)
  }
}

/** Objects in a result that are no blocks go up as their JSON. */
function result(value: unknown, field: string, parts: PromptParts, depth: number): void {
  if (value === undefined || value === null) return
  if (depth > MAX_DEPTH) throw wrong(field, `Must nest blocks at most ${MAX_DEPTH} deep`)
  const list: unknown[] = Array.isArray(value) ? value : [value]
  list.forEach((one, index) => {
    if (isBlock(one)) block(one, `${field}.${index}`, parts, depth)
    else if (typeof one === 'string') parts.texts.push(one)
    else if (isRecord(one)) parts.texts.push(json(one))
    else throw wrong(`${field}.${index}`, 'Must be a block with a type')
  })
}

function image({ source }: Block, field: string, parts: PromptParts): void {
  if (typeof source !== 'object') throw wrong(`${field}.source`, 'Field required')
  if (source.type !== 'base64') {
    parts.images.push(UNSEEN_IMAGE)
    return
  }
  const data = required(source.data, `${field}.source.data`)
  parts.images.push(imageSize(data) ?? UNSEEN_IMAGE)
}

function document(value: Block, field: string, parts: PromptParts, depth: number): void {
  const { source, title } = value
  const context = 'context' in value ? value.context : undefined
  if (typeof source !== 'object') throw wrong(`${field}.source`, 'Field required')
  if (typeof title === 'string') parts.texts.push(title)
  if (typeof context === 'string') parts.texts.push(context)
  switch (source.type) {
    case 'text':
      parts.texts.push(required(source.data, `${field}.source.data`))
      return
    case 'content':
      content(source.content, `${field}.source.content`, parts, depth + 1)
      return
    case 'base64':
      parts.pages += pdfPages(required(source.data, `${field}.source.data`))
      return
    default:
      // By URL or file id: its size is not known here.
      parts.pages++
  }
}

/** Search results, server tools and what comes next: their words count, nested blocks as blocks. */
function other(value: Block, field: string, parts: PromptParts, depth: number): void {
  for (const [key, entry] of Object.entries(value)) {
    if (NOT_TEXT.has(key)) continue
    if (key === 'content' && Array.isArray(entry) && entry.every(isBlock)) {
      content(entry, `${field}.content`, parts, depth + 1)
    } else if (typeof entry === 'string') parts.texts.push(entry)
    else if (typeof entry === 'object' && entry !== null) parts.texts.push(json(entry))
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, (key, entry) =>
    NOT_TEXT.has(key) && key !== 'id' && key !== 'type' ? undefined : entry,
  )
}

function isBlock(value: unknown): value is Block {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  )
}

function required(value: string | undefined, field: string): string {
  if (value === undefined) throw wrong(field, 'Field required')
  return value
}

function wrong(field: string, problem: string): ProxyError {
  return new ProxyError('invalid_request', `${field}: ${problem}`, { field })
}
