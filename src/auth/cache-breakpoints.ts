import type { Span } from '../kit/json-splice.ts'
import { elementsAt, type Member, membersAt, parseSpan } from './json-walk.ts'

/** The most cache breakpoints that Anthropic accepts in one request. */
const MAX_BREAKPOINTS = 4

const NEEDLE = new TextEncoder().encode('"cache_control"')

/**
 * The byte spans to cut so that at most four cache breakpoints stay, counted over tools, system,
 * messages, nested tool results and the automatic one. The oldest of the messages go first, then
 * the oldest of tools and system: a later breakpoint covers all that stands before it.
 */
export function excessBreakpoints(bytes: Uint8Array, top: readonly Member[]): Span[] {
  if (mentions(bytes) <= MAX_BREAKPOINTS) return []
  const value = (key: string) => top.findLast((member) => member.key === key)
  const blocks = (key: string) => cutsOfBlocks(bytes, value(key))
  const messages = cutsOfMessages(bytes, value('messages'))
  const rest = [...blocks('tools'), ...blocks('system')]
  const automatic = value('cache_control')
  const kept = automatic !== undefined && !isNull(bytes, automatic) ? 1 : 0
  const excess = messages.length + rest.length + kept - MAX_BREAKPOINTS
  return [...messages, ...rest].slice(0, Math.max(0, excess))
}

/** A cheap upper bound: most requests need no walk at all. */
function mentions(bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let count = 0
  let at = buffer.indexOf(NEEDLE)
  while (at !== -1 && count <= MAX_BREAKPOINTS) {
    count += 1
    at = buffer.indexOf(NEEDLE, at + NEEDLE.length)
  }
  return count
}

function cutsOfMessages(bytes: Uint8Array, messages: Span | undefined): Span[] {
  return elements(bytes, messages).flatMap((message) => {
    const content = membersAt(bytes, message.start)?.findLast(({ key }) => key === 'content')
    return cutsOfBlocks(bytes, content)
  })
}

/** The breakpoints of blocks, those inside a tool result before its own: they stand earlier. */
function cutsOfBlocks(bytes: Uint8Array, blocks: Span | undefined): Span[] {
  return elements(bytes, blocks).flatMap((block) => {
    const members = membersAt(bytes, block.start) ?? []
    const nested = members.findLast(({ key }) => key === 'content')
    const inner = elements(bytes, nested).flatMap((part) =>
      cutOf(bytes, membersAt(bytes, part.start) ?? []),
    )
    return [...inner, ...cutOf(bytes, members)]
  })
}

function elements(bytes: Uint8Array, span: Span | undefined): Span[] {
  return span === undefined ? [] : (elementsAt(bytes, span.start) ?? [])
}

/** The span of the member `cache_control` with one of the commas beside it. */
function cutOf(bytes: Uint8Array, members: readonly Member[]): Span[] {
  const index = members.findLastIndex(({ key }) => key === 'cache_control')
  const member = members[index]
  if (member === undefined || isNull(bytes, member)) return []
  const before = members[index - 1]
  if (before !== undefined) return [{ start: before.end, end: member.end }]
  return [{ start: member.keyStart, end: members[index + 1]?.keyStart ?? member.end }]
}

function isNull(bytes: Uint8Array, span: Span): boolean {
  return parseSpan(bytes, span) === null
}
