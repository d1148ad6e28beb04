/** An image's size in pixels. */
export interface ImageSize {
  readonly width: number
  readonly height: number
}

/** A JPEG keeps its size behind its other segments; more than these before it is no real photo. */
const MAX_SEGMENTS = 1000

/** The size that a PNG, JPEG, GIF or WebP states in its header, read without decoding the rest. */
export function imageSize(base64: string): ImageSize | undefined {
  const head = bytesAt(base64, 0, 32)
  const size = png(head) ?? gif(head) ?? webp(head) ?? jpeg(base64, head)
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined
}

/** Only the quantum of base64 around the asked bytes is decoded. */
function bytesAt(base64: string, offset: number, length: number): DataView {
  const first = Math.floor(offset / 3)
  const last = Math.ceil((offset + length) / 3)
  const bytes = Buffer.from(base64.slice(first * 4, last * 4), 'base64')
  const from = Math.min(offset - first * 3, bytes.byteLength)
  const size = Math.min(length, bytes.byteLength - from)
  return new DataView(bytes.buffer, bytes.byteOffset + from, size)
}

function text(view: DataView, offset: number, length: number): string {
  if (view.byteLength < offset + length) return ''
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + offset, length))
}

function png(view: DataView): ImageSize | undefined {
  if (view.byteLength < 24 || text(view, 1, 3) !== 'PNG') return undefined
  return { width: view.getUint32(16), height: view.getUint32(20) }
}

function gif(view: DataView): ImageSize | undefined {
  if (view.byteLength < 10 || !/^GIF8[79]a$/.test(text(view, 0, 6))) return undefined
  return { width: view.getUint16(6, true), height: view.getUint16(8, true) }
}

/** @see RFC 9649: lossy, lossless and extended files keep the size in three different ways. */
function webp(view: DataView): ImageSize | undefined {
  if (text(view, 0, 4) !== 'RIFF' || text(view, 8, 4) !== 'WEBP' || view.byteLength < 30) {
    return undefined
  }
  switch (text(view, 12, 4)) {
    case 'VP8 ':
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
    case 'VP8L': {
      const bits = view.getUint32(21, true)
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    case 'VP8X':
      return {
        width: (view.getUint32(24, true) & 0xffffff) + 1,
        height: (view.getUint32(26, true) >>> 8) + 1,
      }
    default:
      return undefined
  }
}

function jpeg(base64: string, head: DataView): ImageSize | undefined {
  if (head.byteLength < 4 || head.getUint16(0) !== 0xffd8) return undefined
  let offset = 2
  for (let segments = 0; segments < MAX_SEGMENTS; segments++) {
    const segment = bytesAt(base64, offset, 9)
    if (segment.byteLength < 9 || segment.getUint8(0) !== 0xff) return undefined
    const marker = segment.getUint8(1)
    if (isFrame(marker)) return { width: segment.getUint16(7), height: segment.getUint16(5) }
    // A fill byte stands alone before the marker proper.
    offset += marker === 0xff ? 1 : 2 + segment.getUint16(2)
  }
  return undefined
}

/** SOF0 to SOF15, without the tables (DHT, JPG, DAC) that share their range. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
}
