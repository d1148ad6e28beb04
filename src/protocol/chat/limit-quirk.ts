import { headOf } from '../error-head.ts'
import type { Profile } from '../profile.ts'
import { saysOverflow } from '../says-overflow.ts'

/** How upstreams name the longest answer that a model gives (2026-11). */
const CAPS: readonly RegExp[] = [
  // Qwen's "Range of max_tokens should be [1, 8192]", DeepSeek's and SiliconFlow's kin
  /max(?:_completion)?_tokens\b[^[\d]{0,40}\[\d{1,3}, ?(\d{3,7})\]/i,
  // Groq
  /max(?:_completion)?_tokens\W{1,3}must be less than or equal to \W?(\d{3,7})/i,
  // OpenAI and Azure
  /max(?:_completion)?_tokens is too large: \d{1,9}\. This model supports at most (\d{3,7})/i,
  // Claude behind a gateway, and on Bedrock
  /max_tokens: \d{1,9} > (\d{3,7}), which is the maximum/i,
  /maximum tokens you requested exceeds the model limit of (\d{3,7})/i,
]

/** What an upstream's 400 teaches of an answer's limit: the other name of its field, or that the most is less. */
export function limitQuirk(message: string, profile: Profile): Partial<Profile> | undefined {
  const { max_tokens_field: sent, max_output_tokens: known } = profile
  // vLLM names both fields where prompt and answer together do not fit into the window.
  if (saysOverflow(message)) return undefined
  const other = sent === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
  const head = headOf(message)
  if (names(head, other) && names(head, sent)) return { max_tokens_field: other }
  const cap = Number(CAPS.map((form) => form.exec(head)?.[1]).find(Boolean))
  return cap > 0 && (known === 0 || cap < known) ? { max_output_tokens: cap } : undefined
}

function names(message: string, field: string): boolean {
  return new RegExp(`\\b${field}\\b`).test(message)
}
