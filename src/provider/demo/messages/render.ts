import type { ProxyError } from '../../../kit/error.ts'
import type { BeatWriter } from '../play.ts'
import type { Piece, Script, ScriptUsage, Stop } from '../script.ts'

/** What a reply says of itself beside its script. */
export interface ReplyIdentity {
  readonly id: string
  readonly model: string
  readonly requestId: string
}

type Json = Record<string, unknown>

/** The whole reply as the Messages API writes it. */
export function renderMessage(script: Script, identity: ReplyIdentity): Json {
  return {
    ...envelope(identity),
    content: script.pieces.map((piece) => blockOf(piece, true)),
    ...stopOf(script.stop),
    container: null,
    usage: usageOf(script.usage),
  }
}

/** Writes the beats of a script as the Messages API's events. */
export function messageWriter(script: Script, identity: ReplyIdentity): BeatWriter {
  return (beat) => {
    switch (beat.at) {
      case 'start':
        return event('message_start', { message: startOf(script, identity) })
      case 'open': {
        const { index, piece } = beat
        const start = { index, content_block: blockOf(piece, false) }
        // The real API sends one ping early in each stream.
        return event('content_block_start', start) + (index === 0 ? event('ping', {}) : '')
      }
      case 'delta':
        return event('content_block_delta', {
          index: beat.index,
          delta: deltaOf(beat.piece, beat.part),
        })
      case 'close':
        return closing(beat.index, beat.piece) + event('content_block_stop', { index: beat.index })
      case 'finish':
        return event('message_delta', finalOf(script)) + event('message_stop', {})
      case 'fail':
        return `event: error\ndata: ${JSON.stringify(errorBody(beat.error, identity.requestId))}\n\n`
    }
  }
}

/** An error as the Messages API writes it. */
export function errorBody(error: ProxyError, requestId: string): Json {
  const { type = 'api_error', message, vendorCode } = error
  const details = vendorCode === undefined ? {} : { details: { error_code: vendorCode } }
  return { type: 'error', error: { type, message, ...details }, request_id: requestId }
}

function event(type: string, fields: Json): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

function envelope({ id, model }: ReplyIdentity): Json {
  return { model, id, type: 'message', role: 'assistant' }
}

function startOf(script: Script, identity: ReplyIdentity): Json {
  const usage = { ...usageOf(script.usage), output_tokens: 1 }
  return {
    ...envelope(identity),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    usage,
  }
}

function finalOf(script: Script): Json {
  const delta = { ...stopOf(script.stop), container: null }
  const { service_tier: _tier, inference_geo: _geo, ...usage } = usageOf(script.usage)
  return { delta, usage }
}

function blockOf(piece: Piece, whole: boolean): Json {
  switch (piece.kind) {
    case 'text':
      return { type: 'text', text: whole ? piece.text : '' }
    case 'thinking':
      return {
        type: 'thinking',
        thinking: whole ? piece.text : '',
        signature: whole ? piece.signature : '',
      }
    case 'redacted':
      return { type: 'redacted_thinking', data: piece.data }
    case 'tool':
      return {
        type: 'tool_use',
        id: `toolu_${piece.id}`,
        name: piece.name,
        input: whole ? piece.input : {},
      }
  }
}

function deltaOf(piece: Piece, part: string): Json {
  if (piece.kind === 'thinking') return { type: 'thinking_delta', thinking: part }
  if (piece.kind === 'tool') return { type: 'input_json_delta', partial_json: part }
  return { type: 'text_delta', text: part }
}

function closing(index: number, piece: Piece): string {
  if (piece.kind !== 'thinking') return ''
  return event('content_block_delta', {
    index,
    delta: { type: 'signature_delta', signature: piece.signature },
  })
}

function stopOf(stop: Stop): Json {
  return {
    stop_reason: stop.reason,
    stop_sequence: stop.reason === 'stop_sequence' ? stop.sequence : null,
    stop_details:
      stop.reason === 'refusal'
        ? { type: 'refusal', category: null, explanation: stop.explanation }
        : null,
  }
}

function usageOf(usage: ScriptUsage): Json {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite,
      ephemeral_1h_input_tokens: 0,
    },
    output_tokens: usage.output,
    output_tokens_details: { thinking_tokens: usage.thinking },
    service_tier: 'standard',
    inference_geo: 'not_available',
  }
}
