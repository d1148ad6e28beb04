/** How a response ended, as its `status` and `incomplete_details` say it. */
export interface Ending {
  readonly status: 'completed' | 'incomplete'
  readonly reason: 'max_output_tokens' | 'content_filter' | null
}

const COMPLETED: Ending = { status: 'completed', reason: null }
const CUT: Ending = { status: 'incomplete', reason: 'max_output_tokens' }
const FILTERED: Ending = { status: 'incomplete', reason: 'content_filter' }

/** The hub's stop_reason → a response's ending; a reason that is not known completes it. */
export function endingOf(stopReason: string | null): Ending {
  switch (stopReason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return CUT
    case 'refusal':
    case 'sensitive':
      return FILTERED
    default:
      return COMPLETED
  }
}

/** What a finished response says of its end, and what its stream showed. */
export interface Finish {
  readonly incomplete: string | undefined
  readonly stopSequence: string | undefined
  readonly refused: boolean
  readonly calledTool: boolean
}

/** A response's ending → the hub's stop_reason. An incomplete one says why it stopped before anything else. */
export function stopReasonOf(finish: Finish): string {
  if (finish.incomplete === 'content_filter') return 'refusal'
  if (finish.incomplete !== undefined) return 'max_tokens'
  if (finish.refused) return 'refusal'
  if (finish.calledTool) return 'tool_use'
  return finish.stopSequence === undefined ? 'end_turn' : 'stop_sequence'
}
