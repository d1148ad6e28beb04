/** Anthropic's stop reason for OpenAI's finish reason; a tool call that was made wins over a plain end. */
export function stopReasonOf(finish: string, calledTools: boolean): string {
  switch (finish) {
    case 'length':
      return 'max_tokens'
    case 'content_filter':
      return 'refusal'
    default:
      // Unknown reasons of vendors end the turn like `stop` does.
      return calledTools ? 'tool_use' : 'end_turn'
  }
}

/** OpenAI's finish reason for Anthropic's stop reason; unknown ones end like `end_turn`. @see translation.md G3, G4 */
export function finishReasonOf(stop: string | null): string {
  switch (stop) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length'
    case 'tool_use':
      return 'tool_calls'
    case 'refusal':
    case 'sensitive':
      return 'content_filter'
    default:
      return 'stop'
  }
}
