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

/** Finish reasons that say that the answer is none: OpenRouter's and Mistral's, GLM's, DeepSeek's, vLLM's (2026-11). */
const FAILURES = new Set(['error', 'network_error', 'insufficient_system_resource', 'abort'])

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

/** An error in place of a chunk, or inside a choice. */
export function errorIn(
  value: Record<string, unknown>,
  choice: Record<string, unknown> | undefined,
): ProxyError | undefined {
  if (value.error !== undefined && value.error !== null) return readErrorValue(value)
  if (isRecord(choice?.error)) return readErrorValue(choice.error)
  const finish = textOf(choice?.finish_reason)
  if (finish !== undefined && FAILURES.has(finish)) return failure(finish)
  const bare = value.choices === undefined && (value.object === 'error' || value.type === 'error')
  const detail = value.choices === undefined && (value.detail ?? value.message) !== undefined
  return bare || detail ? readErrorValue(value) : undefined
}
