import { describe, expect, test } from 'bun:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { decode, leftEncoded } from '../../src/gateway/decode.ts'

const TEXT = '{"type":"message"}'
const bytes = (text: string) => new TextEncoder().encode(text)

describe('What fetch left encoded', () => {
  test('Is nothing where one coding was named: fetch has undone it', () => {
    for (const coding of ['gzip', 'br', 'GZIP', 'identity, gzip', 'gzip, identity']) {
      expect(leftEncoded(coding, gzipSync(TEXT))).toEqual([])
    }
  })

  test('Is a list of codings, the last one first', () => {
    const listed = leftEncoded('gzip, br,x-gzip ,Deflate, zstd', bytes('{'))
    expect(listed).toEqual(['zstd', 'deflate', 'gzip', 'brotli', 'gzip'])
    expect(() => leftEncoded('gzip, compress', bytes('x'))).toThrow(
      'Upstream used an unknown content-encoding "compress"',
    )
  })

  test('Is told by how it begins where nobody named it', () => {
    const packed = [gzipSync(TEXT), zstdCompressSync(TEXT), deflateSync(TEXT)]
    expect(packed.map((first) => leftEncoded(null, first))).toEqual([
      ...[['gzip' as const], ['zstd' as const], ['deflate' as const]],
    ])
    for (const level of [1, 6, 9]) {
      expect(leftEncoded(null, deflateSync(TEXT, { level }))).toEqual(['deflate'])
    }
    expect(leftEncoded(null, brotliCompressSync(TEXT.repeat(9)))).toEqual(['brotli'])
    expect(leftEncoded('identity', gzipSync(TEXT))).toEqual(['gzip'])
  })

  test('Is nothing where it begins as text does', () => {
    const texts = [TEXT, '[1]', 'event: ping', 'data: {}', ': hello', ' \t\r\n{', 'Bad Gateway', '']
    for (const text of [...texts, '<html>', 'ünïcödé', '\u{1f600}'.repeat(40), 'xy', '(µ']) {
      expect([text, leftEncoded(null, bytes(text))]).toEqual([text, []])
    }
  })
})

test('Codings are undone one after the other', async () => {
  const packed = brotliCompressSync(gzipSync(TEXT))
  const body = new Response(packed).body
  if (body === null) throw new Error('The response has no body')
  expect(await new Response(decode(body, ['brotli', 'gzip'])).text()).toBe(TEXT)
})
