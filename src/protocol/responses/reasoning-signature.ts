import type { Block } from '../messages/schema.ts'
import { makeSignature, readSignature } from '../messages/signature.ts'
import { textOf } from '../value.ts'

/** The signature of a thinking block that came from a Responses upstream: what replays it there. */
export function reasoningSignature(encrypted: string, upstream: string): string {
  return makeSignature({ origin: 'responses', upstream, encrypted_content: encrypted })
}

/**
 * The reasoning item behind a thinking block, for the upstream it came from: another vendor could not decrypt it.
 * The visible text is not replayed; the encrypted content holds the whole.
 */
export function reasoningItem(
  block: Block,
  upstream: string,
): { type: string; [key: string]: unknown } | undefined {
  const own = readSignature(block.signature)
  if (own?.origin !== 'responses' || own.upstream !== upstream) return undefined
  const encrypted_content = textOf(own.encrypted_content)
  if (encrypted_content === undefined) return undefined
  return { type: 'reasoning', summary: [], content: null, encrypted_content }
}
