import { messagesCodec } from '../protocol/messages/codec.ts'
import type { Exchange } from './exchange.ts'
import type { Route } from './route.ts'
import type { Settlement } from './settlement.ts'
import { parseBody } from './translate.ts'

/** count_tokens for an upstream that has no such endpoint: an estimate, by a tokenizer that loads when first asked. */
export async function answerCount(
  exchange: Exchange,
  route: Route,
  settlement: Settlement,
): Promise<Response> {
  const body = exchange.body instanceof Uint8Array ? exchange.body : new Uint8Array(0)
  const { request } = messagesCodec.requestIn(parseBody(body))
  const { estimateTokens } = await import('./count-tokens.ts')
  const count = await estimateTokens(request, route.model ?? request.model)
  const json = JSON.stringify(count)
  settlement.firstByte()
  settlement.settle('complete', json.length)
  return new Response(json, { headers: { 'content-type': 'application/json' } })
}
