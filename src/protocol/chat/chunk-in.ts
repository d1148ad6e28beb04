import { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { readErrorValue } from '../read-error.ts'
import { recordsIn, textOf } from '../value.ts'

/** The one choice that was asked for: what an upstream says in others beside it is not this answer. */
export function choiceOf(choices: unknown): Record<string, unknown> | undefined {
  return recordsIn(choices).find(({ index }) => index === 0 || typeof index !== 'number')
}

/** OpenRouter and Moonshot put usage in the choice, Groq in a field of its own. */
export function usageOf(
  value: Record<string, unknown>,
  choice: Record<string, unknown> | undefined,
): unknown {
  const groq = isRecord(value.x_groq) ? value.x_groq.usage : undefined
  return value.usage ?? choice?.usage ?? groq ?? undefined
}

/**
 * Finish reasons that say that the answer is none: OpenRouter's and Mistral's, GLM's, DeepSeek's, vLLM's, and Gemini's
 * `function_call_filter: MALFORMED_FUNCTION_CALL` for a call that it could not read itself (2026-11).
 */
const FAILURES =
  /^(error|network_error|insufficient_system_resource|abort|function_call_filter(:.*)?)$/

function failure(finish: string): ProxyError {
  if (finish === 'error') {
    return new ProxyError('upstream_protocol', 'Upstream ended the answer with an error', {
      status: 500,
    })
  }
  const text = `Upstream broke the answer off, its finish reason is "${finish}": try again`
  if (finish === 'insufficient_system_resource') return new ProxyError('overloaded', text)
  return new ProxyError('upstream_protocol', text, { status: 500 })
}

/** MiniMax's own codes in the words of HTTP. */
const MINIMAX: Readonly<Record<number, number>> = {
  1002: 429,
  1004: 401,
  1008: 402,
  1039: 429,
  1041: 429,
  2013: 400,
  2049: 401,
  2056: 429,
  2062: 429,
}

/** MiniMax says at 200, beside no choices, why it has none (2026-11); zero says that all is well. */
function minimaxError({ base_resp: said }: Record<string, unknown>): ProxyError | undefined {
  if (!isRecord(said) || typeof said.status_code !== 'number' || said.status_code === 0) {
    return undefined
  }
  return readErrorValue({ message: said.status_msg, code: MINIMAX[said.status_code] ?? 500 })
}

/** An error in place of a chunk, or inside a choice. */
export function errorIn(
  value: Record<string, unknown>,
  choice: Record<string, unknown> | undefined,
): ProxyError | undefined {
  if (value.error !== undefined && value.error !== null) return readErrorValue(value)
  if (isRecord(choice?.error)) return readErrorValue(choice.error)
  const finish = textOf(choice?.finish_reason)
  if (finish !== undefined && FAILURES.test(finish)) return failure(finish)
  const own = minimaxError(value)
  if (own !== undefined) return own
  const bare = value.choices === undefined && (value.object === 'error' || value.type === 'error')
  const detail =
    value.choices === undefined && (value.detail ?? value.message ?? value.msg) !== undefined
  return bare || detail ? readErrorValue(value) : undefined
}
