/** Anthropic's stop reason for OpenAI's finish reason; a tool call that was made wins over a plain end. */
export function stopReasonOf(finish: string, calledTools: boolean): string {
  return CUTS.get(reasonOf(finish)) ?? (calledTools ? 'tool_use' : 'end_turn')
}

/** Whether the answer was stopped before its end, so that arguments may be cut; unknown reasons end it like `stop`. */
export function isCut(finish = ''): boolean {
  return CUTS.has(reasonOf(finish))
}

/** Gemini's endpoint says more behind the reason: `content_filter: RECITATION` (2026-09). */
export function finishDetail(finish: string): string {
  return finish.slice(reasonOf(finish).length).replace(/^:\s*/, '')
}

function reasonOf(finish: string): string {
  return finish.split(':', 1).join('').toLowerCase()
}

/** OpenAI's own, then Gemini's, Mistral's and GLM's (2026-11). */
const CUTS: ReadonlyMap<string, string> = new Map([
  ['length', 'max_tokens'],
  ['content_filter', 'refusal'],
  ['max_tokens', 'max_tokens'],
  ['model_length', 'max_tokens'],
  ['model_context_window_exceeded', 'model_context_window_exceeded'],
  ['sensitive', 'refusal'],
])

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
