import type { Piece, Script } from '../script.ts'

type Json = Record<string, unknown>

/** What the items of one response share. */
export interface ItemOptions {
  /** Makes the ids of this response's items its own. */
  readonly stem: string
  /** Reasoning carries its encrypted content. */
  readonly sealed: boolean
}

/** The output items of a script, one for each piece; a refusal is a message of its own. */
export function itemsOf(script: Script, options: ItemOptions): Json[] {
  const items = script.pieces.map((piece, index) => itemOf(piece, index, true, options))
  if (script.stop.reason !== 'refusal') return items
  const refusal = { type: 'refusal', refusal: script.stop.explanation }
  return [...items, messageItem(options.stem + items.length, [refusal], 'completed')]
}

/** One output item, whole or as it is announced. */
export function itemOf(piece: Piece, index: number, whole: boolean, options: ItemOptions): Json {
  const { stem, sealed } = options
  const status = whole ? 'completed' : 'in_progress'
  switch (piece.kind) {
    case 'text':
      return messageItem(stem + index, whole ? [textPart(piece.text)] : [], status)
    case 'thinking': {
      const summary = whole && piece.text !== '' ? [summaryPart(piece.text)] : []
      return reasoningItem(stem + index, summary, sealed && whole ? piece.signature : null)
    }
    case 'redacted':
      return reasoningItem(stem + index, [], sealed ? piece.data : null)
    case 'tool':
      return callItem(piece, whole, status)
  }
}

/** The part of a message that holds text. */
export function textPart(text: string): Json {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

/** The part of a reasoning item that holds its summary. */
export function summaryPart(text: string): Json {
  return { type: 'summary_text', text }
}

/** The id of an item. */
export function itemId(piece: Piece, index: number, stem: string): string {
  if (piece.kind === 'tool') return `${piece.custom ? 'ctc' : 'fc'}_${piece.id}`
  return `${piece.kind === 'text' ? 'msg' : 'rs'}_${stem}${index}`
}

/** A message of the assistant. */
export function messageItem(id: string, content: Json[], status: string): Json {
  return { id: `msg_${id}`, type: 'message', status, role: 'assistant', content }
}

function reasoningItem(id: string, summary: Json[], sealed: string | null): Json {
  const item = { id: `rs_${id}`, type: 'reasoning', summary }
  return sealed === null ? item : { ...item, encrypted_content: sealed }
}

function callItem(piece: Extract<Piece, { kind: 'tool' }>, whole: boolean, status: string): Json {
  const base = { id: itemId(piece, 0, ''), status, call_id: `call_${piece.id}`, name: piece.name }
  const text = whole ? piece.inputText : ''
  return piece.custom
    ? { ...base, type: 'custom_tool_call', input: text }
    : { ...base, type: 'function_call', arguments: text }
}
