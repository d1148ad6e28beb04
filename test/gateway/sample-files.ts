import type { ImageSize } from '../../src/protocol/messages/image-size.ts'

/** A PNG's header of that size, and as many bytes after it. */
export function png({ width, height }: ImageSize, padding = 0): Buffer {
  const head = Buffer.from('89504e470d0a1a0a0000000d494844520000000000000000', 'hex')
  head.writeUInt32BE(width, 16)
  head.writeUInt32BE(height, 20)
  return Buffer.concat([head, Buffer.alloc(9 + padding, 7)])
}

/** A JPEG whose size stands behind an EXIF segment of 60 kB, a fill byte and a Huffman table. */
export function jpeg({ width, height }: ImageSize): Buffer {
  const exif = Buffer.alloc(60_002, 1)
  exif.writeUInt16BE(0xffe1, 0)
  exif.writeUInt16BE(60_000, 2)
  const fillAndTable = Buffer.from('ffffc400040102', 'hex')
  const frame = Buffer.from('ffc000110800000000030122000211010311', 'hex')
  frame.writeUInt16BE(height, 5)
  frame.writeUInt16BE(width, 7)
  return Buffer.concat([Buffer.from('ffd8', 'hex'), exif, fillAndTable, frame])
}

/** A GIF's header of that size. */
export function gif({ width, height }: ImageSize): Buffer {
  const bytes = Buffer.alloc(20)
  bytes.write('GIF89a')
  bytes.writeUInt16LE(width, 6)
  bytes.writeUInt16LE(height, 8)
  return bytes
}

function webp(kind: string): Buffer {
  const bytes = Buffer.alloc(40)
  bytes.write('RIFF')
  bytes.write(`WEBP${kind}`, 8)
  return bytes
}

/** A lossy WebP of that size, with scaling bits that are no part of it. */
export function webpLossy({ width, height }: ImageSize): Buffer {
  const bytes = webp('VP8 ')
  bytes.writeUInt16LE(width | 0x4000, 26)
  bytes.writeUInt16LE(height | 0x4000, 28)
  return bytes
}

/** A lossless WebP of that size. */
export function webpLossless({ width, height }: ImageSize): Buffer {
  const bytes = webp('VP8L')
  bytes.writeUInt8(0x2f, 20)
  bytes.writeUInt32LE((width - 1) | ((height - 1) << 14), 21)
  return bytes
}

/** An extended WebP (alpha, animation) of that size. */
export function webpExtended({ width, height }: ImageSize): Buffer {
  const bytes = webp('VP8X')
  bytes.writeUIntLE(width - 1, 24, 3)
  bytes.writeUIntLE(height - 1, 27, 3)
  return bytes
}

/** A PDF of so many pages, with its page list readable. */
export function pdf(pages: number): Buffer {
  const objects = Array.from(
    { length: pages },
    (_, index) =>
      `${index + 3} 0 obj\n<< /Type ${index % 2 === 0 ? ' ' : ''}/Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 99 0 R >>\nendobj\n`,
  )
  return Buffer.from(
    `%PDF-1.7\n2 0 obj\n<< /Type /Pages /Count ${pages} >>\nendobj\n${objects.join('')}%%EOF`,
  )
}
