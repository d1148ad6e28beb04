import { SIGN, type Span, skipSpace, valueEnd } from '../kit/json-splice.ts'

/** One member of an object: its key, where the key begins and where the value lies. */
export interface Member extends Span {
  readonly key: string
  readonly keyStart: number
}

const decoder = new TextDecoder()

/** The members of the object that begins at `start`, or undefined where there is no whole object. */
export function membersAt(bytes: Uint8Array, start: number): Member[] | undefined {
  if (bytes[start] !== SIGN.openObject) return undefined
  return eachItem(bytes, start, SIGN.closeObject, (at) => {
    const keyEnd = bytes[at] === SIGN.quote ? endOf(bytes, at) : undefined
    const colon = keyEnd === undefined ? -1 : skipSpace(bytes, keyEnd)
    if (keyEnd === undefined || bytes[colon] !== SIGN.colon) return undefined
    const valueStart = skipSpace(bytes, colon + 1)
    const end = endOf(bytes, valueStart)
    const key = parseSpan(bytes, { start: at, end: keyEnd })
    if (end === undefined || typeof key !== 'string') return undefined
    return { key, keyStart: at, start: valueStart, end }
  })
}

/** The elements of the array that begins at `start`, or undefined where there is no whole array. */
export function elementsAt(bytes: Uint8Array, start: number): Span[] | undefined {
  if (bytes[start] !== SIGN.openArray) return undefined
  return eachItem(bytes, start, SIGN.closeArray, (at) => {
    const end = endOf(bytes, at)
    return end === undefined ? undefined : { start: at, end }
  })
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
    if (bytes[next] !== SIGN.comma) return undefined
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
