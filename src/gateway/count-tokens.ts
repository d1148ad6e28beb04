import { ProxyError } from '../kit/error.ts'
import type { MessagesRequest } from '../protocol/protocol.ts'

/** Placeholder of the branch until the estimate lands. */
export async function estimateTokens(
  _request: MessagesRequest,
  model: string,
): Promise<{ input_tokens: number }> {
  throw new ProxyError('not_available', `Tokens of "${model}" are not counted yet`)
}
