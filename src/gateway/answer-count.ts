import { messagesCodec } from '../protocol/messages/codec.ts'
import { settled } from '../protocol/messages/settled.ts'
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
  // As it goes up: with the tools that were added on the way, without reminders that are over.
  const sent = route.provider.wire === 'messages' ? request : settled(request, [])
  const count = await estimateTokens(sent, route.model ?? request.model)
  const json = JSON.stringify(count)
  settlement.firstByte()
  settlement.settle('complete', json.length)
  return new Response(json, { headers: { 'content-type': 'application/json' } })
}
