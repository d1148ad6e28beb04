import type { ResponsesRequest } from './schema.ts'
import type { ResponsesUsage } from './usage.ts'

/** What changes in a response from one event to the next. */
export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  readonly completedAt?: number
  readonly error?: { readonly code: string; readonly message: string }
  readonly incompleteReason?: string | null
  /** The finished items, as JSON. */
  readonly output: readonly string[]
  readonly usage?: ResponsesUsage | undefined
}

/** Writes one response's object again and again; what never changes is rendered once. */
export class ResponseObject {
  readonly #head: string
  readonly #echo: string

  constructor(id: string, createdAt: number, request: ResponsesRequest) {
    this.#head = `{"id":${JSON.stringify(id)},"object":"response","created_at":${createdAt},`
    this.#echo = JSON.stringify(echoOf(request)).slice(1)
  }

  /** The JSON of the response in this state. */
  json(state: ResponseState): string {
    const { status, completedAt, error, incompleteReason, output, usage } = state
    const details = incompleteReason ? JSON.stringify({ reason: incompleteReason }) : 'null'
    const counts = usage === undefined ? '' : `"usage":${JSON.stringify(usage)},`
    return (
      `${this.#head}"status":"${status}","background":false,` +
      `"completed_at":${completedAt ?? 'null'},"error":${JSON.stringify(error ?? null)},` +
      `"incomplete_details":${details},"output":[${output.join(',')}],${counts}${this.#echo}`
    )
  }
}

/** The parameters that the API repeats in each response; `store` says what happened: nothing was stored. */
function echoOf(request: ResponsesRequest): Record<string, unknown> {
  return {
    model: request.model,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    metadata: request.metadata ?? {},
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    reasoning: { effort: null, summary: null, ...request.reasoning },
    safety_identifier: request.safety_identifier ?? null,
    service_tier: 'default',
    store: false,
    temperature: request.temperature ?? null,
    text: { format: { type: 'text' }, ...request.text },
    tool_choice: request.tool_choice ?? 'auto',
    tools: request.tools ?? [],
    top_logprobs: 0,
    top_p: request.top_p ?? null,
    truncation: 'disabled',
    ...(request.user ? { user: request.user } : {}),
  }
}
