import { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { documentHead, headed, noteLost } from '../messages/document.ts'
import { sniffImage } from '../messages/image.ts'
import type { Block, Source } from '../messages/schema.ts'
import type { ToolNames } from '../messages/tool-names.ts'
import { shortHash } from '../messages/tool-names.ts'
import type { Profile } from '../profile.ts'
import type { Note } from '../protocol.ts'
import { isBlank } from '../value.ts'

/** What every step of the request's translation needs. */
export interface OutContext {
  readonly profile: Profile
  readonly names: ToolNames
  /** Whether `cache_control` goes up. */
  readonly caching: boolean
  readonly notes: Note[]
  /** The `detail` asked for an image, by its source: Messages has no word for it. */
  readonly imageDetails: ReadonlyMap<unknown, string>
}

/** Where a block stands: what cannot be carried is an error in the turn to be answered, and a note in history. */
export interface Place {
  readonly path: string
  readonly last: boolean
}

/** A content part as it goes up. */
export type OutPart = { type: string; [key: string]: unknown }

/** A text part, with its cache breakpoint where those go up. */
export function textPart(text: string, block: Block, context: OutContext): OutPart {
  const part: OutPart = { type: 'text', text }
  if (context.caching && block.cache_control) part.cache_control = block.cache_control
  return part
}

/** A tool call's id, cut where the upstream has a limit; the same on the call and on its result. */
export function callId(id: string, profile: Profile): string {
  const { tool_id_length: limit, tool_id_exact: exact } = profile
  if (exact) {
    const fits = id.length === limit && /^[A-Za-z0-9]+$/.test(id)
    return fits ? id : shortHash(id, limit)
  }
  if (id.length <= limit) return id
  const hash = shortHash(id, Math.min(13, limit - 1))
  return `${id.slice(0, limit - hash.length - 1)}_${hash}`
}

/** A user's block as content parts; nothing for a block that a user may not send or that is empty. */
export function userParts(block: Block, place: Place, context: OutContext): OutPart[] {
  switch (block.type) {
    case 'text':
      return isBlank(block.text ?? '') ? [] : [textPart(block.text ?? '', block, context)]
    case 'image':
      return [imagePart(block, place, context)]
    case 'document':
      return documentParts(block, place, context)
    case 'search_result':
      noteLost(block, place.path, context.notes, false)
      return [textPart(searchText(block), block, context)]
    case 'thinking':
    case 'redacted_thinking':
    case 'tool_use':
      context.notes.push(`${place.path}: ${block.type} in a user message dropped`)
      return []
    default:
      context.notes.push(
        `${place.path}: ${block.type} has no counterpart in Chat Completions, dropped`,
      )
      return []
  }
}

/** An image as an `image_url` part. */
export function imagePart(block: Block, place: Place, context: OutContext): OutPart {
  if (!context.profile.images) return missing('image', block, place, context)
  const url = imageUrl(sourceOf(block), place)
  if (url === undefined) return missing('image', block, place, context)
  const detail = context.imageDetails.get(block.source)
  const image_url = detail === undefined ? { url } : { url, detail }
  const part: OutPart = { type: 'image_url', image_url }
  if (context.caching && block.cache_control) part.cache_control = block.cache_control
  return part
}

function imageUrl(source: Source | undefined, place: Place): string | undefined {
  if (source?.type === 'url') return source.url
  if (source?.type !== 'base64' || !source.data) return undefined
  const type = source.media_type || sniffImage(source.data)
  if (type === undefined) {
    throw new ProxyError(
      'invalid_request',
      `Cannot tell the type of the image at "${place.path}": set its source.media_type`,
      { field: `${place.path}.source.media_type` },
    )
  }
  return `data:${type};base64,${source.data}`
}

/** A document as a file part, or as the text that it is. */
export function documentParts(block: Block, place: Place, context: OutContext): OutPart[] {
  const source = sourceOf(block)
  const inline = source?.type === 'text' || source?.type === 'content'
  noteLost(block, place.path, context.notes, !inline)
  if (source?.type === 'text') {
    return [textPart(headed(block, source.data ?? ''), block, context)]
  }
  if (source?.type === 'content') {
    const content =
      typeof source.content === 'string' ? [textBlock(source.content)] : source.content
    const inner = Array.isArray(content) ? content.filter(isBlock) : []
    return [textBlock(documentHead(block)), ...inner].flatMap((one) =>
      userParts(one, place, context),
    )
  }
  if (source?.type === 'file' && source.file_id && context.profile.files) {
    return [{ type: 'file', file: { file_id: source.file_id } }]
  }
  if (source?.type !== 'base64' || !source.data || !context.profile.files) {
    return [missing('document', block, place, context)]
  }
  const type = source.media_type || 'application/pdf'
  const filename = block.title || 'document.pdf'
  const file = { filename, file_data: `data:${type};base64,${source.data}` }
  return [{ type: 'file', file }]
}

/** The text that stands for a block which the upstream cannot read; an error where the model is to answer it now. */
function missing(what: string, block: Block, place: Place, context: OutContext): OutPart {
  const reason = `${what} (source ${sourceOf(block)?.type ?? 'unknown'}) is not supported by "${context.profile.name}"`
  if (place.last) {
    throw new ProxyError('invalid_request', `Cannot send "${place.path}": ${reason}`, {
      field: place.path,
    })
  }
  context.notes.push(`${place.path}: ${reason}, replaced by a short text`)
  return { type: 'text', text: `[${what} omitted: ${titleOf(block)}not supported by this model]` }
}

/** A search result's words, with where they come from. */
export function searchText(block: Block): string {
  const texts = Array.isArray(block.content) ? block.content.filter(isBlock) : []
  const source = typeof block.source === 'string' ? ` (${block.source})` : ''
  return [
    `${block.title ?? 'Search result'}${source}`,
    ...texts.map((inner) => inner.text ?? ''),
  ].join('\n')
}

function titleOf(block: Block): string {
  return block.title ? `"${block.title}" ` : ''
}

function textBlock(text: string): Block {
  return { type: 'text', text }
}

function sourceOf(block: Block): Source | undefined {
  return typeof block.source === 'string' ? undefined : block.source
}

/** Whether a value inside a content array is a block. */
export function isBlock(value: unknown): value is Block {
  return isRecord(value) && typeof value.type === 'string'
}
