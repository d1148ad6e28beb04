import { isRecord } from '../../kit/json.ts'
import { urlCitations } from '../messages/url-citation.ts'
import { recordsIn, textOf } from '../value.ts'

/** One piece of a reply's delta or message, in the order in which it is to be told. */
export type Piece =
  /** `repeats`: said only in a list of details, where others repeat what they said before. */
  | { kind: 'thinking'; text: string; repeats?: true }
  | { kind: 'signature'; signature: string }
  | { kind: 'details'; details: Record<string, unknown>[] }
  | { kind: 'text'; text: string }
  | { kind: 'refusal'; text: string }
  | { kind: 'citation'; citation: Record<string, unknown> }
  | { kind: 'call'; call: CallDelta }

/** A piece of a tool call; what was not said, or said as nothing, is absent. */
export interface CallDelta {
  readonly index: number | undefined
  readonly id: string | undefined
  readonly name: string | undefined
  readonly args: string | undefined
  /** A legacy `function_call` has no id, now or later. */
  readonly legacy: boolean
}

/** What a delta (or a whole message: the fields are the same) says: reasoning, then text, then tool calls. */
export function piecesOf(delta: Record<string, unknown>): Piece[] {
  const pieces: Piece[] = []
  reasoningIn(delta, pieces)
  contentIn(delta.content, pieces)
  for (const citation of urlCitations(delta.annotations, 'chat')) {
    pieces.push({ kind: 'citation', citation })
  }
  const refusal = textOf(delta.refusal)
  if (refusal !== undefined) pieces.push({ kind: 'refusal', text: refusal })
  callsIn(delta.tool_calls, pieces)
  if (isRecord(delta.function_call)) {
    pieces.push({
      kind: 'call',
      call: { ...callOf({ function: delta.function_call }), legacy: true },
    })
  }
  return pieces
}

/** Vendors say the same reasoning in several fields at once: the first that has it counts. @see wire.md 2.5 */
function reasoningIn(delta: Record<string, unknown>, pieces: Piece[]): void {
  const details = recordsIn(delta.reasoning_details)
  const blocks = recordsIn(delta.thinking_blocks)
  const text = reasoningText(delta.reasoning_content) ?? reasoningText(delta.reasoning)
  const listed = reasoningText(details) ?? reasoningText(blocks)
  if (blocks.filter((block) => textOf(block.signature)).length > 1) {
    // A whole reply of several thoughts: the plain field has them in one, under whose signature none would stand.
    for (const block of blocks) signedIn(block, pieces)
    return
  }
  if (text !== undefined) pieces.push({ kind: 'thinking', text })
  else if (listed !== undefined) pieces.push({ kind: 'thinking', text: listed, repeats: true })
  const signature = blocks.map((block) => textOf(block.signature)).find(Boolean)
  if (signature !== undefined) pieces.push({ kind: 'signature', signature })
  if (details.length > 0) pieces.push({ kind: 'details', details })
}

function signedIn(block: Record<string, unknown>, pieces: Piece[]): void {
  const text = textOf(block.thinking)
  const signature = textOf(block.signature)
  if (text !== undefined) pieces.push({ kind: 'thinking', text })
  if (signature !== undefined) pieces.push({ kind: 'signature', signature })
}

function reasoningText(value: unknown): string | undefined {
  if (typeof value === 'string') return textOf(value)
  if (isRecord(value)) {
    return (
      textOf(value.text) ??
      textOf(value.summary) ??
      reasoningText(value.thinking) ??
      textOf(value.reasoning) ??
      textOf(value.content) ??
      reasoningText(Array.isArray(value.summary) ? value.summary : undefined)
    )
  }
  if (!Array.isArray(value)) return undefined
  return textOf(value.map((item) => reasoningText(item) ?? '').join(''))
}

/** Content is text, or parts of several kinds in order. */
function contentIn(content: unknown, pieces: Piece[]): void {
  if (typeof content === 'string') {
    if (content !== '') pieces.push({ kind: 'text', text: content })
    return
  }
  for (const part of recordsIn(content)) {
    switch (part.type) {
      case 'reasoning':
      case 'thinking': {
        const text = reasoningText(part)
        if (text !== undefined) pieces.push({ kind: 'thinking', text })
        break
      }
      case 'refusal': {
        const text = textOf(part.refusal)
        if (text !== undefined) pieces.push({ kind: 'refusal', text })
        break
      }
      case 'tool_calls':
        callsIn(part.tool_calls, pieces)
        break
      default: {
        const text = textOf(part.text)
        if (text !== undefined) pieces.push({ kind: 'text', text })
      }
    }
  }
}

/** Calls in the order of their indices, whatever the order in the chunk. */
function callsIn(value: unknown, pieces: Piece[]): void {
  if (!Array.isArray(value) || value.length === 0) return
  const calls = recordsIn(value).map(callOf)
  if (calls.length > 1) calls.sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
  for (const call of calls) pieces.push({ kind: 'call', call })
}

function callOf(value: Record<string, unknown>): CallDelta {
  const inner = isRecord(value.function) ? value.function : {}
  return {
    index: typeof value.index === 'number' ? value.index : undefined,
    id: textOf(value.id),
    name: textOf(inner.name),
    args: argumentsOf(inner.arguments),
    legacy: false,
  }
}

/** Some servers send the arguments as an object instead of its JSON (Ollama's older endpoint). */
function argumentsOf(value: unknown): string | undefined {
  return isRecord(value) ? JSON.stringify(value) : textOf(value)
}
