import { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { cacheControlIn } from '../cache-control.ts'
import { imageType, parseDataUrl } from '../messages/image.ts'
import type { Block } from '../messages/schema.ts'
import { isBlank, recordsIn, textOf } from '../value.ts'
import type { ChatMessage, ChatPart } from './schema.ts'

/** The `detail` that was asked for an image, by the image's source; `auto` says nothing. */
export type ImageDetails = Map<unknown, string>

/** A message's content as blocks; empty text is left out, which Anthropic refuses. */
export function partsIn(
  content: ChatMessage['content'],
  path: string,
  details: ImageDetails,
): Block[] {
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return textBlocks(content)
  return content.flatMap((part, index) =>
    withCache(partIn(part, `${path}.${index}`, details), part),
  )
}

/** A text as a block; nothing for an empty one. */
export function textBlocks(text: string | null | undefined): Block[] {
  return typeof text !== 'string' || isBlank(text) ? [] : [{ type: 'text', text }]
}

/** The cache breakpoint of a part or a message on its last block, unless that has one of its own. */
export function withCache(blocks: Block[], from: Parameters<typeof cacheControlIn>[0]): Block[] {
  const last = blocks.at(-1)
  const cache_control = cacheControlIn(from)
  // Anthropic refuses a breakpoint on what it thought.
  if (last === undefined || /thinking$/.test(last.type)) return blocks
  if (!cache_control || last.cache_control) return blocks
  return [...blocks.slice(0, -1), { ...last, cache_control }]
}

function partIn(part: ChatPart, path: string, details: ImageDetails): Block[] {
  switch (part.type) {
    case 'text':
      if (part.text === undefined) throw refused(`${path}.text`, 'a text part needs its text')
      return textBlocks(part.text)
    case 'refusal':
      return textBlocks(part.refusal)
    case 'image_url':
      return [noteDetail(imageIn(part, path), part, details)]
    case 'file':
      return [fileIn(part, path)]
    default:
      throw refused(path, `content part "${part.type}" is not supported`)
  }
}

function noteDetail(block: Block, { image_url: image }: ChatPart, details: ImageDetails): Block {
  const detail = isRecord(image) ? image.detail : undefined
  if (detail === 'low' || detail === 'high') details.set(block.source, detail)
  else if (detail === 'original') details.set(block.source, 'high')
  return block
}

function imageIn(part: ChatPart, path: string): Block {
  const url = typeof part.image_url === 'string' ? part.image_url : part.image_url?.url
  if (url === undefined || url === '') throw refused(path, 'image_url has no url')
  if (!url.startsWith('data:')) {
    if (!/^https?:\/\//i.test(url)) throw refused(path, 'image_url must be an http(s) or data URL')
    return { type: 'image', source: { type: 'url', url } }
  }
  const parsed = parseDataUrl(url)
  if (parsed === undefined) throw refused(path, 'image_url is not a base64 data URL')
  const media_type = imageType(parsed.mediaType, parsed.data)
  if (media_type === undefined) throw refused(path, 'cannot tell the type of the image')
  return { type: 'image', source: { type: 'base64', media_type, data: parsed.data } }
}

function fileIn(part: ChatPart, path: string): Block {
  const { filename, file_data, file_id } = part.file ?? {}
  const title = filename === undefined ? {} : { title: filename }
  if (file_id !== undefined)
    return { type: 'document', source: { type: 'file', file_id }, ...title }
  const parsed = parseDataUrl(file_data ?? '')
  if (parsed === undefined) throw refused(path, 'file has neither file_id nor a base64 data URL')
  const { mediaType, data } = parsed
  if (mediaType.startsWith('text/')) {
    const text = Buffer.from(data, 'base64').toString('utf8')
    return {
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: text },
      ...title,
    }
  }
  if (mediaType !== 'application/pdf')
    throw refused(path, `file type "${mediaType}" is not supported`)
  return { type: 'document', source: { type: 'base64', media_type: mediaType, data }, ...title }
}

/** The thinking behind an assistant message: signed where the client echoed our `reasoning_details`. */
export function thinkingIn(message: ChatMessage): Block[] {
  const signed = recordsIn(message.reasoning_details).flatMap(detailIn)
  if (signed.length > 0) return signed
  const text = textOf(message.reasoning_content) ?? textOf(message.reasoning)
  return text === undefined || isBlank(text) ? [] : [{ type: 'thinking', thinking: text }]
}

function detailIn(detail: Record<string, unknown>): Block[] {
  const data = textOf(detail.data)
  // OpenRouter's form for what Claude thought and redacted.
  if (detail.type === 'reasoning.encrypted' && data !== undefined) {
    const own = textOf(detail.format)?.startsWith('anthropic') === true
    return own ? [{ type: 'redacted_thinking', data }] : []
  }
  const signature = textOf(detail.signature)
  if (detail.type === 'reasoning.text' && signature !== undefined) {
    return [{ type: 'thinking', thinking: textOf(detail.text) ?? '', signature }]
  }
  return []
}

/** Bad input of the client, named by its path. */
export function refused(path: string, why: string): ProxyError {
  return new ProxyError('invalid_request', `Cannot read "${path}": ${why}`, { field: path })
}
