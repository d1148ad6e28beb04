import { asJson, head, type Json, json, type Reply, UPSTREAM_HEADERS } from './fake-reply.ts'
import type { RecordedRequest } from './raw-server.ts'

/** Models that the fake lists, newest first, two to a page unless asked. */
export const MODELS = [
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'claude-sonnet-4-6',
  'claude-haiku-4-5-20251001',
].map((id) => ({
  ...{ type: 'model', id, display_name: `Fake ${id}`, created_at: '2026-09-22T00:00:00Z' },
  ...{ max_input_tokens: 1000000, max_tokens: 128000, lifecycle: 'active', capabilities: null },
}))

/** Bytes that are no UTF-8: what a file download must carry unharmed. */
export const FILE_BYTES = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))

/** JSONL results with a number that a JSON round trip would alter. */
export const BATCH_RESULTS =
  '{"custom_id":"one","result":{"type":"succeeded","n":1.0}}\n{"custom_id":"two","n":12345678901234567890}\n'

/** Answers the endpoints beside Messages, or undefined for a path that the API has not. */
export function resource(request: RecordedRequest): Reply | undefined {
  const { method, path } = request
  const route = `${method} ${path}`
  if (route === 'GET /v1/models') return json(200, modelPage(request))
  const model = /^GET \/v1\/models\/(.+)$/.exec(route)?.[1]
  if (model !== undefined) return oneModel(decodeURIComponent(model))
  if (/^(GET|POST|DELETE) \/v1\/messages\/batches/.test(route)) return batches(route)
  if (/^(GET|POST|DELETE) \/v1\/files/.test(route)) return files(route, request)
  if (route === 'GET /v1/skills') return json(200, { data: [], has_more: false, next_page: null })
  return undefined
}

function modelPage(request: RecordedRequest): Json {
  const query = new URL(request.target, 'http://fake').searchParams
  const limit = Number(query.get('limit') ?? '20')
  const after = MODELS.findIndex((entry) => entry.id === query.get('after_id')) + 1
  const data = MODELS.slice(after, after + limit)
  const more = after + limit < MODELS.length
  return { data, has_more: more, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
}

function oneModel(id: string): Reply {
  const found = MODELS.find((entry) => entry.id === id)
  if (found !== undefined) return json(200, found)
  const error = { type: 'not_found_error', message: `model: ${id}` }
  return json(404, { type: 'error', error, request_id: UPSTREAM_HEADERS['request-id'] })
}

function batch(id: string, status: string): Json {
  return {
    ...{ id, type: 'message_batch', processing_status: status, results_url: null },
    request_counts: { processing: 2, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    ...{ created_at: '2026-11-21T00:00:00Z', expires_at: '2026-11-22T00:00:00Z', ended_at: null },
  }
}

function batches(route: string): Reply {
  const [, id = 'msgbatch_1', rest = ''] = /batches\/([^/]+)(\/.*)?$/.exec(route) ?? []
  if (rest === '/results') return raw(Buffer.from(BATCH_RESULTS), 'application/x-jsonl')
  if (rest === '/cancel') return json(200, batch(id, 'canceling'))
  if (route.startsWith('DELETE')) return json(200, { id, type: 'message_batch_deleted' })
  if (route === 'GET /v1/messages/batches') {
    return json(200, { data: [batch('msgbatch_1', 'ended')], has_more: false })
  }
  return json(200, batch(id, 'in_progress'))
}

function files(route: string, request: RecordedRequest): Reply {
  const [, id = 'file_1', rest = ''] = /files\/([^/]+)(\/.*)?$/.exec(route) ?? []
  if (rest === '/content') return raw(FILE_BYTES, 'application/octet-stream')
  if (route.startsWith('DELETE')) return json(200, { id, type: 'file_deleted' })
  if (route === 'GET /v1/files') return json(200, { data: [], has_more: false, next_page: null })
  return async (exchange, context) => {
    await request.complete
    const size = request.body.length
    const meta = { id, type: 'file', filename: 'x.bin', mime_type: 'application/octet-stream' }
    const body = { ...meta, size_bytes: size, created_at: '2026-11-21T00:00:00Z' }
    await json(200, asJson(body))(exchange, context)
  }
}

function raw(bytes: Buffer, type: string): Reply {
  return async (exchange) => {
    const headers = { 'content-type': type, 'content-length': String(bytes.length) }
    const start = Buffer.from(head(200, { ...headers, ...UPSTREAM_HEADERS }))
    await exchange.write(Buffer.concat([start, bytes]))
    exchange.finish()
  }
}
