import { isRecord, parseJson } from '../kit/json.ts'
import type { Exchange } from './exchange.ts'
import type { Gateway } from './gateway.ts'

/** More pages than this are not asked for: no account has that many models. */
const MAX_PAGES = 10
const PAGE = 1000

/** Lists models, or one model, in the client's shape; Anthropic's own passes as it is. */
export async function answerModels(gateway: Gateway, exchange: Exchange): Promise<Response> {
  if (exchange.shape === 'messages') return gateway.handle(exchange)
  return exchange.endpoint === 'model' ? oneModel(gateway, exchange) : allModels(gateway, exchange)
}

async function oneModel(gateway: Gateway, exchange: Exchange): Promise<Response> {
  const reply = await gateway.handle(exchange)
  if (!reply.ok) return reply
  const model = toOpenAi(parseJson(await reply.text()))
  return model === undefined ? withBody(reply, {}) : withBody(reply, model)
}

async function allModels(gateway: Gateway, exchange: Exchange): Promise<Response> {
  const data: object[] = []
  let after = ''
  for (let page = 0; ; page += 1) {
    const path = `/v1/models?limit=${PAGE}${after && `&after_id=${encodeURIComponent(after)}`}`
    const reply = await gateway.handle({ ...exchange, path })
    if (!reply.ok) return reply
    const list = parseJson(await reply.text())
    const models = isRecord(list) && Array.isArray(list.data) ? list.data : []
    data.push(...models.map(toOpenAi).filter((model) => model !== undefined))
    const last = isRecord(list) && list.has_more === true ? list.last_id : undefined
    if (typeof last !== 'string' || page + 1 === MAX_PAGES) {
      return withBody(reply, { object: 'list', data })
    }
    after = last
  }
}

/** Anthropic's ModelInfo as OpenAI's model object. @see wire.md 1.9, 2.4 */
function toOpenAi(model: unknown): object | undefined {
  if (!isRecord(model) || typeof model.id !== 'string') return undefined
  const created = typeof model.created_at === 'string' ? Date.parse(model.created_at) / 1000 : 0
  return {
    id: model.id,
    object: 'model',
    created: Number.isFinite(created) ? created : 0,
    owned_by: 'anthropic',
  }
}

function withBody(reply: Response, body: object): Response {
  return new Response(JSON.stringify(body), { status: reply.status, headers: reply.headers })
}
