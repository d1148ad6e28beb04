/** The image type that base64 data begins with, where its first bytes tell. */
export function sniffImage(base64: string): string | undefined {
  const head = Buffer.from(base64.slice(0, 24), 'base64')
  const text = head.toString('latin1')
  if (text.startsWith('\x89PNG')) return 'image/png'
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (text.startsWith('GIF8')) return 'image/gif'
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'image/webp'
  return undefined
}

/**
 * The type of an image: what its bytes say, since OpenAI goes by them and clients call every picture JPEG or PNG, while
 * Anthropic refuses one under a wrong name. What is no image by its name stays that.
 */
export function imageType(named: string, base64: string): string | undefined {
  if (/^(image\/.*|application\/octet-stream)?$/.test(named)) {
    return sniffImage(base64) ?? (named === '' ? undefined : named)
  }
  return named
}

/** The parts of a base64 `data:` URL, its type by its registered name; nothing for any other URL. */
export function parseDataUrl(url: string): { mediaType: string; data: string } | undefined {
  const comma = url.startsWith('data:') ? url.indexOf(',') : -1
  if (comma === -1) return undefined
  const [mediaType = '', ...parameters] = url.slice(5, comma).split(';')
  if (!parameters.includes('base64')) return undefined
  const type = mediaType.toLowerCase()
  return { mediaType: type === 'image/jpg' ? 'image/jpeg' : type, data: url.slice(comma + 1) }
}
