import { type Span, valueEnd } from '../kit/json-splice.ts'

/** One member of an object: its key, where the key begins and where the value lies. */
export interface Member extends Span {
  readonly key: string
  readonly keyStart: number
}

const QUOTE = 0x22
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
  return eachItem(bytes, start, CLOSE_OBJECT, (at) => {
    const keyEnd = bytes[at] === QUOTE ? endOf(bytes, at) : undefined
    const colon = keyEnd === undefined ? -1 : skipSpace(bytes, keyEnd)
    if (keyEnd === undefined || bytes[colon] !== COLON) return undefined
    const valueStart = skipSpace(bytes, colon + 1)
    const end = endOf(bytes, valueStart)
    const key = parseSpan(bytes, { start: at, end: keyEnd })
    if (end === undefined || typeof key !== 'string') return undefined
    return { key, keyStart: at, start: valueStart, end }
  })
}

/** The elements of the array that begins at `start`, or undefined where there is no whole array. */
export function elementsAt(bytes: Uint8Array, start: number): Span[] | undefined {
  if (bytes[start] !== OPEN_ARRAY) return undefined
  return eachItem(bytes, start, CLOSE_ARRAY, (at) => {
    const end = endOf(bytes, at)
    return end === undefined ? undefined : { start: at, end }
  })
}

/** The first byte at or after `at` that is no JSON white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let index = at
  while (isSpace(bytes[index])) index += 1
  return index
}

/** Where the text's one value begins, after a byte order mark and white space. */
export function startOfText(bytes: Uint8Array): number {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return skipSpace(bytes, marked ? 3 : 0)
}

/** The value in a span, parsed; undefined where it is no JSON. */
export function parseSpan(bytes: Uint8Array, span: Span): unknown {
  try {
    return JSON.parse(decoder.decode(bytes.subarray(span.start, span.end)))
  } catch {
    return undefined // The upstream will name the fault better than we can.
  }
}

function eachItem<Item extends Span>(
  bytes: Uint8Array,
  start: number,
  close: number,
  read: (at: number) => Item | undefined,
): Item[] | undefined {
  const items: Item[] = []
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === close) return items
  while (at < bytes.length) {
    const item = read(at)
    if (item === undefined) return undefined
    items.push(item)
    const next = skipSpace(bytes, item.end)
    if (bytes[next] === close) return items
    if (bytes[next] !== COMMA) return undefined
    at = skipSpace(bytes, next + 1)
  }
  return undefined
}

function endOf(bytes: Uint8Array, start: number): number | undefined {
  try {
    return valueEnd(bytes, start)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
