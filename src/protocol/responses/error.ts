import type { ProxyError } from '../../kit/error.ts'
import { isOpenAiError, openAiError } from '../chat/error.ts'
import type { ErrorShape } from '../protocol.ts'

/** An error as a response carries it. @see wire.md 2.6, 2.7 */
export interface ResponseError {
  readonly code: string
  readonly message: string
}

/** Codes that clients act on: Codex compacts, waits or gives up by them. */
const CODE_OF_KIND: Readonly<Partial<Record<ProxyError['kind'], string>>> = {
  rate_limit: 'rate_limit_exceeded',
  invalid_request: 'invalid_prompt',
  too_large: 'invalid_prompt',
}

/** An error in a response's words; a code of OpenAI's own is kept. */
export function responseError(error: ProxyError): ResponseError {
  const { message } = error
  const overflow = /prompt is too long/i.test(message)
  if (overflow) return { code: 'context_length_exceeded', message }
  return { code: error.vendorCode ?? CODE_OF_KIND[error.kind] ?? 'server_error', message }
}

/**
 * Errors as Responses writes them. The event stands alone, for a stream that was passed through untouched; one
 * that we write ourselves ends with its whole response inside (stream-out). Never the bare `error` event: clients
 * such as LangChain take it for the end of an answer.
 */
export const responsesErrors: ErrorShape = {
  isOwn: isOpenAiError,
  body: (error) => JSON.stringify({ error: openAiError(error) }),
  event(error, requestId) {
    const response = {
      id: `resp_${requestId.replace(/[^A-Za-z0-9]/g, '')}`,
      object: 'response',
      created_at: 0,
      status: 'failed',
      error: responseError(error),
      incomplete_details: null,
      instructions: null,
      metadata: {},
      model: '',
      output: [],
      parallel_tool_calls: true,
      temperature: null,
      tool_choice: 'auto',
      tools: [],
      top_p: null,
    }
    const type = 'response.failed'
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 0, response })}\n\n`
  },
}
