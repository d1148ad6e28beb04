import { openAiError } from '../openai/error-body.ts'
import type { BeatWriter } from '../play.ts'
import type { Piece, Script, ScriptUsage, Stop } from '../script.ts'

/** What a completion says of itself beside its script. */
export interface ChatIdentity {
  readonly id: string
  readonly model: string
  readonly created: number
  /** `stream_options.include_usage`. */
  readonly includeUsage: boolean
}

type Json = Record<string, unknown>

/** The whole reply as Chat Completions writes it. */
export function renderCompletion(script: Script, identity: ChatIdentity): Json {
  const { pieces, stop } = script
  const calls = pieces.filter((piece) => piece.kind === 'tool').map(callOf)
  const reasoning = textOf(pieces, 'thinking')
  const text = textOf(pieces, 'text')
  const message = {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || stop.reason === 'refusal') ? null : text,
    refusal: stop.reason === 'refusal' ? stop.explanation : null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    annotations: [],
  }
  return {
    ...envelope(identity, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(stop) }],
    usage: usageOf(script.usage),
  }
}

/** Writes the beats of a script as Chat Completions chunks. */
export function chatWriter(script: Script, identity: ChatIdentity): BeatWriter {
  const say = (delta: Json, finish: string | null = null) =>
    chunk(identity, { choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })
  const toolIndex = (index: number) =>
    script.pieces.slice(0, index).filter((piece) => piece.kind === 'tool').length
  return (beat) => {
    switch (beat.at) {
      case 'start':
        return say({ role: 'assistant', content: '', refusal: null })
      case 'open':
        if (beat.piece.kind !== 'tool') return ''
        return say({ tool_calls: [{ index: toolIndex(beat.index), ...openCall(beat.piece) }] })
      case 'delta':
        return say(deltaOf(beat.piece, beat.part, toolIndex(beat.index)))
      case 'close':
        return ''
      case 'finish':
        return ending(script, identity, say)
      case 'fail':
        return `data: ${JSON.stringify({ error: openAiError(beat.error) })}\n\n`
    }
  }
}

function ending(
  { stop, usage }: Script,
  identity: ChatIdentity,
  say: (delta: Json, finish?: string) => string,
): string {
  const refusal = stop.reason === 'refusal' ? say({ refusal: stop.explanation }) : ''
  const total = identity.includeUsage
    ? frame({ ...envelope(identity, 'chat.completion.chunk'), choices: [], usage: usageOf(usage) })
    : ''
  return `${refusal}${say({}, finishOf(stop))}${total}data: [DONE]\n\n`
}

function chunk(identity: ChatIdentity, fields: Json): string {
  const usage = identity.includeUsage ? { usage: null } : {}
  return frame({ ...envelope(identity, 'chat.completion.chunk'), ...fields, ...usage })
}

function frame(fields: Json): string {
  return `data: ${JSON.stringify(fields)}\n\n`
}

function envelope({ id, model, created }: ChatIdentity, object: string): Json {
  return { id, object, created, model, service_tier: 'default', system_fingerprint: null }
}

type ToolPiece = Extract<Piece, { kind: 'tool' }>

function callOf(piece: ToolPiece): Json {
  const { name, inputText } = piece
  const id = `call_${piece.id}`
  if (piece.custom) return { id, type: 'custom', custom: { name, input: inputText } }
  return { id, type: 'function', function: { name, arguments: inputText } }
}

function openCall(piece: ToolPiece): Json {
  return callOf({ ...piece, inputText: '' })
}

function deltaOf(piece: Piece, part: string, index: number): Json {
  if (piece.kind === 'thinking') return { reasoning_content: part }
  if (piece.kind !== 'tool') return { content: part }
  return {
    tool_calls: [
      piece.custom ? { index, custom: { input: part } } : { index, function: { arguments: part } },
    ],
  }
}

function textOf(pieces: readonly Piece[], kind: 'text' | 'thinking'): string {
  return pieces.map((piece) => (piece.kind === kind ? piece.text : '')).join('')
}

function finishOf(stop: Stop): string {
  switch (stop.reason) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop'
    case 'max_tokens':
      return 'length'
    case 'tool_use':
      return 'tool_calls'
    case 'refusal':
      return 'content_filter'
  }
}

function usageOf({ input, output, thinking }: ScriptUsage): Json {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: thinking,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
