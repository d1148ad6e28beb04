/** Where a value lies in a JSON text, in bytes; `end` is the byte after it. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** One member of an object: its key, where the key begins and where the value lies. */
export interface Member extends Span {
  readonly key: string
  readonly keyStart: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

const decoder = new TextDecoder()

/** The members of the object that begins at `start`, or undefined where there is no whole object. */
export function membersAt(bytes: Uint8Array, start: number): Member[] | undefined {
  if (bytes[start] !== OPEN_OBJECT) return undefined
  const members: Member[] = []
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_OBJECT) return members
  while (at < bytes.length) {
    const keyEnd = bytes[at] === QUOTE ? stringEnd(bytes, at) : -1
    const colon = keyEnd === -1 ? -1 : skipSpace(bytes, keyEnd)
    if (colon === -1 || bytes[colon] !== COLON) return undefined
    const valueStart = skipSpace(bytes, colon + 1)
    const end = valueEnd(bytes, valueStart)
    const key = end === -1 ? undefined : keyText(bytes, at, keyEnd)
    if (key === undefined) return undefined
    members.push({ key, keyStart: at, start: valueStart, end })
    const next = skipSpace(bytes, end)
    if (bytes[next] === CLOSE_OBJECT) return members
    if (bytes[next] !== COMMA) return undefined
    at = skipSpace(bytes, next + 1)
  }
  return undefined
}

/** The elements of the array that begins at `start`, or undefined where there is no whole array. */
export function elementsAt(bytes: Uint8Array, start: number): Span[] | undefined {
  if (bytes[start] !== OPEN_ARRAY) return undefined
  const elements: Span[] = []
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_ARRAY) return elements
  while (at < bytes.length) {
    const end = valueEnd(bytes, at)
    if (end === -1) return undefined
    elements.push({ start: at, end })
    const next = skipSpace(bytes, end)
    if (bytes[next] === CLOSE_ARRAY) return elements
    if (bytes[next] !== COMMA) return undefined
    at = skipSpace(bytes, next + 1)
  }
  return undefined
}

/** The first byte at or after `at` that is no JSON white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let index = at
  while (isSpace(bytes[index])) index += 1
  return index
}

/** The value in a span, parsed; undefined where it is no JSON. */
export function parseSpan(bytes: Uint8Array, span: Span): unknown {
  try {
    return JSON.parse(decoder.decode(bytes.subarray(span.start, span.end)))
  } catch {
    return undefined // The upstream will name the fault better than we can.
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function keyText(bytes: Uint8Array, start: number, end: number): string | undefined {
  const key = parseSpan(bytes, { start, end })
  return typeof key === 'string' ? key : undefined
}

function valueEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start]
  if (first === QUOTE) return stringEnd(bytes, start)
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return containerEnd(bytes, start)
  let at = start
  while (at < bytes.length && !isSpace(bytes[at]) && !isDelimiter(bytes[at])) at += 1
  return at === start ? -1 : at
}

function isDelimiter(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte === COLON
}

/** Counts depth without recursion: a request may be nested deeper than the stack. */
function containerEnd(bytes: Uint8Array, start: number): number {
  let depth = 0
  let at = start
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = stringEnd(bytes, at)
      if (at === -1) return -1
      continue
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1
    at += 1
    if (depth === 0) return at
  }
  return -1
}

/** Leaps from quote to quote: strings are most of a request's bytes. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let quote = bytes.indexOf(QUOTE, start + 1)
  while (quote !== -1) {
    let slashes = 0
    while (bytes[quote - 1 - slashes] === BACKSLASH) slashes += 1
    if (slashes % 2 === 0) return quote + 1
    quote = bytes.indexOf(QUOTE, quote + 1)
  }
  return -1
}
