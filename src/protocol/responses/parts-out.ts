import { isRecord } from '../../kit/json.ts'
import { documentHead, headed, noteLost } from '../messages/document.ts'
import { sniffImage } from '../messages/image.ts'
import type { Block, Source } from '../messages/schema.ts'
import { toolReferenceText } from '../messages/tool-reference.ts'
import type { OutContext } from './out-context.ts'

/** A content part as it goes up. */
export type InPart = { type: string; [key: string]: unknown }

/** A user's block as input parts; what has no counterpart leaves a note. */
export function partsOf(block: Block, path: string, context: OutContext): InPart[] {
  switch (block.type) {
    case 'text':
      return textPart(block.text)
    case 'image':
      return imagePart(block, path, context)
    case 'document':
      return documentParts(block, path, context)
    case 'search_result':
      noteLost(block, path, context.notes, false)
      return textPart(searchText(block))
    default:
      context.notes.push(`${path}: ${block.type} has no counterpart in Responses, dropped`)
      return []
  }
}

/** A tool result as a call's output: text where it is all text, parts where it is more. */
export function resultOutput(block: Block, path: string, context: OutContext): string | InPart[] {
  const parts = resultParts(block.content, path, context)
  const [first, ...rest] = parts
  // Responses has no flag for a failed call, so the model has to read it.
  const shown = block.is_error !== true ? parts : failed(first, rest)
  if (shown.some((part) => part.type !== 'input_text')) return shown
  return shown.map((part) => String(part.text)).join('\n')
}

function failed(first: InPart | undefined, rest: InPart[]): InPart[] {
  if (first?.type === 'input_text') return [{ ...first, text: `Error: ${first.text}` }, ...rest]
  const mark = { type: 'input_text', text: 'Error: the call failed' }
  return first === undefined ? [mark] : [mark, first, ...rest]
}

function resultParts(content: unknown, path: string, context: OutContext): InPart[] {
  if (content === undefined || content === null) return []
  if (typeof content === 'string')
    return content === '' ? [] : [{ type: 'input_text', text: content }]
  const items: unknown[] = Array.isArray(content) ? content : [content]
  return items.flatMap((item) => {
    if (isBlock(item) && KNOWN_IN_RESULT.has(item.type)) return partsOf(item, path, context)
    const reference = isBlock(item) ? toolReferenceText(item, context.names) : undefined
    const text = typeof item === 'string' ? item : (reference ?? JSON.stringify(item))
    return [{ type: 'input_text', text }]
  })
}

const KNOWN_IN_RESULT: ReadonlySet<string> = new Set([
  ...['text', 'image', 'document', 'search_result'],
])

function textPart(text: string | undefined): InPart[] {
  return text === undefined || text.trim() === '' ? [] : [{ type: 'input_text', text }]
}

function imagePart(block: Block, path: string, context: OutContext): InPart[] {
  const source = sourceOf(block)
  if (source?.type === 'file' && source.file_id && context.profile.images) {
    return [{ type: 'input_image', file_id: source.file_id }]
  }
  const url = imageUrl(source)
  if (url !== undefined && context.profile.images) {
    const detail = context.imageDetails.get(block.source)
    return [{ type: 'input_image', image_url: url, ...(detail === undefined ? {} : { detail }) }]
  }
  const why =
    url === undefined ? 'its source cannot be read' : `"${context.profile.name}" takes none`
  context.notes.push(`${path}: image dropped, ${why}`)
  return []
}

function imageUrl(source: Source | undefined): string | undefined {
  if (source?.type === 'url') return source.url || undefined
  if (source?.type !== 'base64' || !source.data) return undefined
  const type = source.media_type || sniffImage(source.data)
  return type === undefined ? undefined : `data:${type};base64,${source.data}`
}

function documentParts(block: Block, path: string, context: OutContext): InPart[] {
  const source = sourceOf(block)
  const filename = block.title || 'document.pdf'
  const inline = source?.type === 'text' || source?.type === 'content'
  noteLost(block, path, context.notes, !inline)
  switch (source?.type) {
    case 'text':
      return textPart(headed(block, source.data ?? ''))
    case 'content': {
      const { content } = source
      if (typeof content === 'string') return textPart(headed(block, content))
      const inner = Array.isArray(content) ? content.filter(isBlock) : []
      const parts = inner.flatMap((one) => partsOf(one, path, context))
      return [...textPart(documentHead(block)), ...parts]
    }
    case 'url':
      if (!source.url) break
      return [{ type: 'input_file', file_url: source.url }]
    case 'file':
      if (!source.file_id) break
      return [{ type: 'input_file', file_id: source.file_id }]
    case 'base64': {
      const type = source.media_type || 'application/pdf'
      if (!source.data) break
      return [{ type: 'input_file', filename, file_data: `data:${type};base64,${source.data}` }]
    }
  }
  context.notes.push(`${path}: document dropped, its source cannot be read`)
  return []
}

function searchText(block: Block): string {
  const texts = Array.isArray(block.content) ? block.content.filter(isBlock) : []
  const source = typeof block.source === 'string' ? ` (${block.source})` : ''
  const lines = texts.map((inner) => inner.text ?? '')
  return [`${block.title ?? 'Search result'}${source}`, ...lines].join('\n')
}

function sourceOf(block: Block): Source | undefined {
  return isRecord(block.source) ? block.source : undefined
}

/** Whether a value inside a content array is a block. */
export function isBlock(value: unknown): value is Block {
  return isRecord(value) && typeof value.type === 'string'
}
