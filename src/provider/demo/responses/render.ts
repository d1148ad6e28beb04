import { openAiCode } from '../openai/error-body.ts'
import type { BeatWriter } from '../play.ts'
import type { Script, ScriptUsage } from '../script.ts'
import { type ItemOptions, itemsOf } from './items.ts'
import { PieceEvents } from './piece-events.ts'

/** What a response says of itself beside its script. */
export interface ResponseIdentity {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly items: ItemOptions
  /** Parameters of the request that a response repeats. */
  readonly echo: Readonly<Record<string, unknown>>
}

type Json = Record<string, unknown>

/** The whole reply as the Responses API writes it. */
export function renderResponse(script: Script, identity: ResponseIdentity): Json {
  const cut = script.stop.reason === 'max_tokens'
  return {
    ...envelope(identity, cut ? 'incomplete' : 'completed'),
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    output: itemsOf(script, identity.items),
    usage: usageOf(script.usage),
  }
}

/** Writes the beats of a script as the Responses API's events. */
export function responsesWriter(script: Script, identity: ResponseIdentity): BeatWriter {
  let sequence = 0
  const event = (type: string, fields: Json) => {
    const data = JSON.stringify({ type, sequence_number: sequence, ...fields })
    sequence += 1
    return `event: ${type}\ndata: ${data}\n\n`
  }
  const pieces = new PieceEvents(event, identity.items)
  return (beat) => {
    switch (beat.at) {
      case 'start': {
        const response = envelope(identity, 'in_progress')
        return event('response.created', { response }) + event('response.in_progress', { response })
      }
      case 'open':
        return pieces.open(beat.piece, beat.index)
      case 'delta':
        return pieces.delta(beat.piece, beat.index, beat.part)
      case 'close':
        return pieces.close(beat.piece, beat.index)
      case 'finish': {
        const refusal = pieces.refusal(script)
        const response = renderResponse(script, identity)
        return refusal + event(`response.${response.status}`, { response })
      }
      case 'fail': {
        const error = { code: openAiCode(beat.error), message: beat.error.message }
        return event('response.failed', { response: { ...envelope(identity, 'failed'), error } })
      }
    }
  }
}

function envelope({ id, created, model, echo }: ResponseIdentity, status: string): Json {
  return {
    id,
    object: 'response',
    created_at: created,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    model,
    output: [],
    usage: null,
    ...echo,
  }
}

function usageOf({ input, output, thinking }: ScriptUsage): Json {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: thinking },
    total_tokens: input + output,
  }
}
