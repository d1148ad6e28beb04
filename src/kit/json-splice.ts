import { asBuffer } from './bytes.ts'

/** Where a value stands in the bytes: `[start, end)`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The bytes of JSON's own signs. */
export const SIGN = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openObject: 0x7b,
  closeObject: 0x7d,
  openArray: 0x5b,
  closeArray: 0x5d,
} as const
const {
  quote: QUOTE,
  comma: COMMA,
  colon: COLON,
  openObject: OPEN_OBJECT,
  closeObject: CLOSE_OBJECT,
  openArray: OPEN_ARRAY,
  closeArray: CLOSE_ARRAY,
} = SIGN
const BACKSLASH = 0x5c

const decoder = new TextDecoder('utf-8', { fatal: true })
const encoder = new TextEncoder()

/** What is searched for quotes: the bytes, or the same bytes as a Latin-1 string, where each is found twice as fast. */
interface Searched {
  indexOf(sign: string, from: number): number
}

/** Longer strings are gathered by who asks for them, bytes. */
const LONG = 512

/**
 * The spans of a JSON object's own keys, found without parsing what they hold; the last of a repeated key counts,
 * as in JSON.parse. Long strings within their values are gathered in `long`, keys of objects among them; `text` is
 * the bytes as Latin-1, where the caller has them so. Throws a SyntaxError where the outline is not that of one JSON
 * object.
 */
export function scanTopLevel(
  bytes: Uint8Array,
  long: Span[] = [],
  text = asBuffer(bytes).toString('latin1'),
): Map<string, Span> {
  const buffer = asBuffer(bytes)
  const spans = new Map<string, Span>()
  let at = startOfText(buffer)
  expectByte(buffer, at, OPEN_OBJECT)
  at = skipSpace(buffer, at + 1)
  if (buffer[at] === CLOSE_OBJECT) return finish(buffer, at, spans)
  for (;;) {
    expectByte(buffer, at, QUOTE)
    const keyEnd = stringEnd(buffer, at, text)
    const key = parseString(buffer, at, keyEnd)
    at = skipSpace(buffer, keyEnd)
    expectByte(buffer, at, COLON)
    const start = skipSpace(buffer, at + 1)
    const end = endOfValue(buffer, start, text, long)
    spans.set(key, { start, end })
    at = skipSpace(buffer, end)
    if (buffer[at] === CLOSE_OBJECT) return finish(buffer, at, spans)
    expectByte(buffer, at, COMMA)
    at = skipSpace(buffer, at + 1)
  }
}

/** The value at a span, parsed. */
export function parseSpan(bytes: Uint8Array, span: Span): unknown {
  return JSON.parse(decoder.decode(bytes.subarray(span.start, span.end)))
}

/** The bytes with one span replaced; all else stays as it was. */
export function splice(bytes: Uint8Array, span: Span, replacement: string): Uint8Array {
  const middle = encoder.encode(replacement)
  const whole = new Uint8Array(bytes.length - (span.end - span.start) + middle.length)
  whole.set(bytes.subarray(0, span.start), 0)
  whole.set(middle, span.start)
  whole.set(bytes.subarray(span.end), span.start + middle.length)
  return whole
}

/** Where the JSON value that starts at `start` ends; throws a SyntaxError where it is cut. */
export function valueEnd(bytes: Uint8Array, start: number): number {
  const buffer = asBuffer(bytes)
  return endOfValue(buffer, start, buffer, [])
}

function endOfValue(buffer: Buffer, start: number, searched: Searched, long: Span[]): number {
  const first = buffer[start]
  if (first === QUOTE) return stringEnd(buffer, start, searched)
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
    return containerEnd(buffer, start, searched, long)
  }
  let at = start
  while (at < buffer.length && isScalarByte(buffer[at]!)) at += 1
  if (at === start) fail(buffer, at)
  return at
}

function containerEnd(buffer: Buffer, start: number, searched: Searched, long: Span[]): number {
  let depth = 0
  let at = start
  while (at < buffer.length) {
    const byte = buffer[at]!
    if (byte === QUOTE) {
      const end = stringEnd(buffer, at, searched)
      if (end - at > LONG) long.push({ start: at, end })
      at = end
      continue
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1
      if (depth === 0) return at + 1
    }
    at += 1
  }
  return fail(buffer, at)
}

/** Just after the closing quote of the string that opens at `open`. */
function stringEnd(buffer: Buffer, open: number, searched: Searched): number {
  let quote = searched.indexOf('"', open + 1)
  while (quote !== -1) {
    let slashes = 0
    while (buffer[quote - 1 - slashes] === BACKSLASH) slashes += 1
    if (slashes % 2 === 0) return quote + 1
    quote = searched.indexOf('"', quote + 1)
  }
  return fail(buffer, buffer.length)
}

function parseString(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start + 1, end - 1)
  if (!text.includes('\\')) return text
  const parsed: unknown = JSON.parse(`"${text}"`)
  return String(parsed)
}

/** Where the text's one value begins, after a byte order mark and white space. */
export function startOfText(bytes: Uint8Array): number {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return skipSpace(bytes, marked ? 3 : 0)
}

/** The first byte at or after `from` that is no JSON white space. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (isSpace(bytes[at])) at += 1
  return at
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Bytes of a number or of true, false and null. */
function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  )
}

function finish(buffer: Buffer, at: number, spans: Map<string, Span>): Map<string, Span> {
  const rest = skipSpace(buffer, at + 1)
  if (rest !== buffer.length) fail(buffer, rest)
  return spans
}

function expectByte(buffer: Buffer, at: number, byte: number): void {
  if (buffer[at] !== byte) fail(buffer, at)
}

function fail(buffer: Buffer, at: number): never {
  throw new SyntaxError(
    at >= buffer.length ? 'Unexpected end of JSON' : `Unexpected character in JSON at byte ${at}`,
  )
}
