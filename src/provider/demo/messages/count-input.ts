import { isRecord } from '../../../kit/json.ts'
import { countTokens } from '../tokens.ts'

// Anthropic counts an image by its size; without decoding one, a medium image stands for all.
const IMAGE_TOKENS = 1_500

/** The estimated prompt tokens of a Messages body: system, tools and messages. */
export function countInput(body: Record<string, unknown>): number {
  return 3 + countValue(body.system) + countValue(body.tools) + countValue(body.messages)
}

/** Strings and keys as text; pictures and files by a fixed amount, never by their base64. */
export function countValue(value: unknown): number {
  if (typeof value === 'string') return countTokens(value)
  if (Array.isArray(value)) return value.reduce<number>((sum, entry) => sum + countValue(entry), 0)
  if (!isRecord(value)) return value === undefined || value === null ? 0 : 1
  if (value.type === 'image') return IMAGE_TOKENS
  let sum = 1
  for (const [key, entry] of Object.entries(value)) {
    if (key === 'cache_control' || key === 'signature') continue
    if (key === 'data' && typeof entry === 'string') sum += IMAGE_TOKENS
    else sum += (key === 'text' || key === 'content' || key === 'role' ? 0 : 1) + countValue(entry)
  }
  return sum
}
