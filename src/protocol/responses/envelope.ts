import { isRecord } from '../../kit/json.ts'
import { objectIn } from '../value.ts'

// Decided 2026-11: the envelope carries the thinking's own text, not only its signature, because a client may
// cut or drop the summary, and Claude refuses a thinking block that is not byte for byte its own.
const THINKING = 'ccproxy.thinking.1.'
const REDACTED = 'ccproxy.redacted.1.'

/** What a reasoning item of our making holds for the hub. */
export type Sealed =
  | { readonly kind: 'thinking'; readonly thinking: string; readonly signature: string | undefined }
  | { readonly kind: 'redacted'; readonly data: string }

/** Puts a thinking block into an `encrypted_content` that a stateless client sends back. */
export function sealThinking(thinking: string, signature: string | undefined): string {
  const json = JSON.stringify(signature === undefined ? { thinking } : { thinking, signature })
  return THINKING + Buffer.from(json).toString('base64url')
}

/** Puts a redacted_thinking block's data into an `encrypted_content`. */
export function sealRedacted(data: string): string {
  return REDACTED + data
}

/** Reads an `encrypted_content` of our making; another vendor's gives nothing. */
export function openSealed(content: string): Sealed | undefined {
  if (content.startsWith(REDACTED))
    return { kind: 'redacted', data: content.slice(REDACTED.length) }
  if (!content.startsWith(THINKING)) return undefined
  const json = Buffer.from(content.slice(THINKING.length), 'base64url').toString()
  const value = objectIn(json)
  if (!isRecord(value) || typeof value.thinking !== 'string') return undefined
  const signature = typeof value.signature === 'string' ? value.signature : undefined
  return { kind: 'thinking', thinking: value.thinking, signature }
}

/**
 * Whether an `encrypted_content` is a bare Claude signature: base64 of a message whose first field is
 * length-delimited (`E…`), where OpenAI's are Fernet tokens (`gAAAA…`). Observed 2026-11.
 */
export function isClaudeSignature(content: string): boolean {
  return /^E[A-Za-z0-9+/]{15,}={0,2}$/.test(content)
}
