import { isRecord } from '../../kit/json.ts'
import { ownValue } from '../../kit/own-value.ts'
import { cacheControlIn } from '../cache-control.ts'
import { invalidField } from '../check.ts'
import { imageType, parseDataUrl } from '../messages/image.ts'
import type { Block, Source } from '../messages/schema.ts'
import { isBlank, textOf } from '../value.ts'
import type { Part } from './schema.ts'

/** The `detail` that was asked for an image, by the image's source. */
export type ImageDetails = Map<Source, string>

/** Reads a message's content, or a tool output's, into hub blocks; empty texts go. */
export function blocksOfContent(content: unknown, path: string, details: ImageDetails): Block[] {
  if (typeof content === 'string') return isBlank(content) ? [] : [{ type: 'text', text: content }]
  if (!Array.isArray(content)) return []
  return content.flatMap((part: unknown, index) => {
    if (!isPart(part))
      throw invalidField(`${path}.${index}`, 'a content part must be an object with a type')
    const block = blockOfPart(part, `${path}.${index}`, details)
    if (block === undefined) return []
    const cache_control = cacheControlIn(part)
    return [cache_control ? { ...block, cache_control } : block]
  })
}

/** The texts of a content, for places that hold nothing else. */
export function textsOfContent(content: unknown): string[] {
  if (typeof content === 'string') return content === '' ? [] : [content]
  if (!Array.isArray(content)) return []
  return content.flatMap((part: unknown) => (isRecord(part) ? (textOf(part.text) ?? []) : []))
}

function blockOfPart(part: Part, path: string, details: ImageDetails): Block | undefined {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
    case 'summary_text':
    case 'reasoning_text':
      if (typeof part.text !== 'string')
        throw invalidField(`${path}.text`, 'a text needs its words')
      return textBlock(part.text)
    case 'refusal':
      return textBlock(part.refusal)
    case 'input_image':
      return imageBlock(part, path, details)
    case 'input_file':
      return fileBlock(part, path)
    default:
      throw invalidField(
        `${path}.type`,
        `"${part.type}" is not a content type that can be translated`,
      )
  }
}

function textBlock(text: unknown): Block | undefined {
  return typeof text === 'string' && text.trim() !== '' ? { type: 'text', text } : undefined
}

/** Chat's words; `auto` is what is not said. */
const DETAILS: Readonly<Record<string, string>> = {
  low: 'low',
  high: 'high',
  original: 'high',
}

function imageBlock(part: Part, path: string, details: ImageDetails): Block {
  if (part.file_id)
    throw invalidField(
      `${path}.file_id`,
      'a file of OpenAI cannot be read here; send the image itself',
    )
  const url = isRecord(part.image_url) ? textOf(part.image_url.url) : textOf(part.image_url)
  if (url === undefined)
    throw invalidField(`${path}.image_url`, 'an image needs a URL or a data URL')
  const source = sourceOfUrl(url, `${path}.image_url`)
  const detail = typeof part.detail === 'string' ? ownValue(DETAILS, part.detail) : undefined
  if (detail !== undefined) details.set(source, detail)
  return { type: 'image', source }
}

function sourceOfUrl(url: string, path: string): Source {
  if (!url.startsWith('data:')) {
    if (!/^https?:\/\//i.test(url)) throw invalidField(path, 'it must be an http(s) or data URL')
    return { type: 'url', url }
  }
  const parsed = parseDataUrl(url)
  if (parsed === undefined) throw invalidField(path, 'a data URL must be base64')
  const media_type = imageType(parsed.mediaType, parsed.data)
  if (media_type === undefined) {
    throw invalidField(path, 'the media type is missing and cannot be guessed')
  }
  return { type: 'base64', media_type, data: parsed.data }
}

function fileBlock(part: Part, path: string): Block {
  if (part.file_id)
    throw invalidField(
      `${path}.file_id`,
      'a file of OpenAI cannot be read here; send the file itself',
    )
  const title = textOf(part.filename)
  const named = title === undefined ? {} : { title }
  if (part.file_url)
    return { type: 'document', source: { type: 'url', url: part.file_url }, ...named }
  const data = textOf(part.file_data)
  if (data === undefined)
    throw invalidField(`${path}.file_data`, 'a file needs file_data or file_url')
  const block = documentOf(data, title, `${path}.file_data`)
  // Anthropic refuses an image with a name.
  return block.type === 'document' ? { ...block, ...named } : block
}

function documentOf(data: string, filename: string | undefined, path: string): Block {
  // Bare base64 without a data URL is accepted by OpenAI too; the file's name says what it is.
  const source: Source = data.startsWith('data:')
    ? sourceOfUrl(data, path)
    : { type: 'base64', media_type: typeByName(filename), data }
  const type = source.media_type ?? ''
  if (type === 'application/pdf') return { type: 'document', source }
  if (type.startsWith('image/')) return { type: 'image', source }
  if (type.startsWith('text/') || type === 'application/json') {
    const text = Buffer.from(source.data ?? '', 'base64').toString('utf8')
    return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text } }
  }
  throw invalidField(
    path,
    `a file of type "${type}" cannot be read by the model; send PDF, text or an image`,
  )
}

function typeByName(filename: string | undefined): string {
  if (filename === undefined || /\.pdf$/i.test(filename)) return 'application/pdf'
  return /\.(txt|md|csv|json|xml|html?|ya?ml|log)$/i.test(filename) ? 'text/plain' : filename
}

function isPart(value: unknown): value is Part {
  return isRecord(value) && typeof value.type === 'string'
}
