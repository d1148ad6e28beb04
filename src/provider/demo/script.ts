import type { ProxyError } from '../../kit/error.ts'
import { deltasOf } from './tokens.ts'

/** One block of an answer, as the core decides it and each wire renders it. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'thinking'
      /** Empty where the request asked to omit it. */
      readonly text: string
      readonly signature: string
    }
  | { readonly kind: 'redacted'; readonly data: string }
  | {
      readonly kind: 'tool'
      readonly id: string
      readonly name: string
      readonly input: unknown
      /** The input as it is streamed: JSON, or a custom tool's text. */
      readonly inputText: string
      readonly custom: boolean
    }

/** Why an answer ends. */
export type Stop =
  | { readonly reason: 'end_turn' | 'max_tokens' | 'tool_use' }
  | { readonly reason: 'stop_sequence'; readonly sequence: string }
  | { readonly reason: 'refusal'; readonly explanation: string }

/** Token counts of one answer; `input` is the uncached part. */
export interface ScriptUsage {
  readonly input: number
  readonly cacheWrite: number
  readonly cacheRead: number
  readonly output: number
  readonly thinking: number
}

/** What happens half way through a stream instead of its end. */
export type Mishap =
  | { readonly type: 'error'; readonly error: ProxyError }
  | { readonly type: 'cut' }

/** An answer, decided once; `beats` plays it and each wire renders the beats. */
export interface Script {
  readonly pieces: readonly Piece[]
  readonly stop: Stop
  readonly usage: ScriptUsage
  /** Milliseconds before the first byte. */
  readonly startDelay: number
  /** Milliseconds of nothing after the first delta. */
  readonly silence: number
  /** Milliseconds between two deltas. */
  readonly pace: number
  readonly mishap: Mishap | undefined
}

/** One step of a playing script. */
export type Beat =
  | { readonly at: 'wait'; readonly ms: number }
  | { readonly at: 'start' }
  | { readonly at: 'open'; readonly index: number; readonly piece: Piece }
  | { readonly at: 'delta'; readonly index: number; readonly piece: Piece; readonly part: string }
  | { readonly at: 'close'; readonly index: number; readonly piece: Piece }
  | { readonly at: 'finish' }
  | { readonly at: 'fail'; readonly error: ProxyError }
  | { readonly at: 'cut' }

/** The text of a piece that goes out in deltas. */
function streamedText(piece: Piece): string {
  switch (piece.kind) {
    case 'text':
    case 'thinking':
      return piece.text
    case 'tool':
      return piece.inputText
    case 'redacted':
      return ''
  }
}

/** How many deltas a script plays. */
export function countDeltas(pieces: readonly Piece[]): number {
  let count = 0
  for (const piece of pieces) for (const _ of deltasOf(streamedText(piece))) count += 1
  return count
}

/** Plays a script beat by beat, in the order that every wire sends. */
export function* beats(script: Script): Generator<Beat, void> {
  const middle = Math.ceil(countDeltas(script.pieces) / 2)
  let played = 0
  yield { at: 'start' }
  if (middle === 0 && script.silence > 0) yield { at: 'wait', ms: script.silence }
  for (const [index, piece] of script.pieces.entries()) {
    yield { at: 'open', index, piece }
    for (const part of deltasOf(streamedText(piece))) {
      if (played > 0 && script.pace > 0) yield { at: 'wait', ms: script.pace }
      yield { at: 'delta', index, piece, part }
      played += 1
      if (played === 1 && script.silence > 0) yield { at: 'wait', ms: script.silence }
      if (played === middle && script.mishap !== undefined) return yield* mishapBeats(script.mishap)
    }
    yield { at: 'close', index, piece }
  }
  if (script.mishap !== undefined) return yield* mishapBeats(script.mishap)
  yield { at: 'finish' }
}

function* mishapBeats(mishap: Mishap): Generator<Beat, void> {
  if (mishap.type === 'error') yield { at: 'fail', error: mishap.error }
  else yield { at: 'cut' }
}
