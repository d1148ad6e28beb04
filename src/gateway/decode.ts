import { ProxyError } from '../kit/error.ts'
import { ownValue } from '../kit/own-value.ts'

/** The codings that `DecompressionStream` knows, by their HTTP names. */
const FORMATS: Readonly<Record<string, Bun.CompressionFormat>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'brotli',
  zstd: 'zstd',
}

/** A DecompressionStream by the one kind of chunk that we give it. */
interface Transform {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream
}

/**
 * What fetch left encoded: it undoes a single named coding, but neither a list of them nor one that the upstream
 * forgot to name. The formats are in the order in which they must be undone.
 */
export function leftEncoded(
  contentEncoding: string | null,
  first: Uint8Array,
): Bun.CompressionFormat[] {
  if (contentEncoding === null && isOpening(first[0])) return []
  const codings = (contentEncoding ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length === 1) return []
  if (codings.length > 1) return codings.reverse().map(formatOf)
  const sniffed = sniff(first)
  return sniffed === undefined ? [] : [sniffed]
}

/** Undoes the formats one after the other. */
export function decode(
  body: ReadableStream<Uint8Array>,
  formats: readonly Bun.CompressionFormat[],
): ReadableStream<Uint8Array> {
  let stream = body
  for (const format of formats) {
    const { readable, writable }: Transform = new DecompressionStream(format)
    // A break shows at the readable end; unhandled here it would end the process.
    stream.pipeTo(writable).catch(() => undefined)
    stream = readable
  }
  return stream
}

function formatOf(coding: string): Bun.CompressionFormat {
  const format = ownValue(FORMATS, coding)
  if (format !== undefined) return format
  throw new ProxyError('upstream_protocol', `Upstream used an unknown content-encoding "${coding}"`)
}

/** So many bytes tell events from anything else. */
export const UNSAID_BYTES = 16

/** How JSON and events begin: `{`, `[`, `event:`, `data:` or `:`. No compressed format does. */
export function isOpening(byte: number | undefined): boolean {
  return byte === 0x7b || byte === 0x5b || byte === 0x65 || byte === 0x64 || byte === 0x3a
}

/** Whether bytes begin as a stream of events does: with the name of a field, or a comment. Empty lines may come first. */
export function beginsEvents(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x7b) return false
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, UNSAID_BYTES))
  return /^[\r\n]*(data|event|id|retry)?:/.test(start)
}

/** Gzip and zstd begin with a magic number; brotli has none, so it is what begins with no text at all. */
function sniff(first: Uint8Array): Bun.CompressionFormat | undefined {
  const [a, b, c, d] = first
  if (a === undefined) return undefined
  if (a === 0x1f && b === 0x8b) return 'gzip'
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd'
  if (a === 0x78 && (b === 0x01 || b === 0x5e || b === 0x9c || b === 0xda)) return 'deflate'
  return isText(first) ? undefined : 'brotli'
}

/** JSON and events are UTF-8 without control characters: a broken start is something compressed. */
function isText(first: Uint8Array): boolean {
  const start = first.subarray(0, 64)
  for (const byte of start) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false
  }
  const text = new TextDecoder().decode(start, { stream: true })
  return !text.includes('\uFFFD')
}
