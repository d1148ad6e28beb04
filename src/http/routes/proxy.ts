import type { Elysia } from 'elysia'
import type { Endpoint, Exchange } from '../../gateway/exchange.ts'
import { answerModels } from '../../gateway/models.ts'
import { asBuffer } from '../../kit/bytes.ts'
import { ProxyError } from '../../kit/error.ts'
import type { App } from '../context.ts'
import { familyOf } from '../errors.ts'
import { incomingOf } from '../incoming.ts'
import { type Named, type Prefix, paramsOf } from '../prefixes.ts'
import { declaredLength, passingBody, readBody, tooLarge } from '../read-body.ts'

/** The model endpoints: method, path below the prefix, and what is asked for. */
const JSON_ENDPOINTS: readonly (readonly [path: string, endpoint: Endpoint, summary: string])[] = [
  ['/v1/messages', 'messages', 'Anthropic Messages, JSON or SSE'],
  ['/v1/messages/count_tokens', 'count_tokens', 'Count the tokens of a Messages request'],
  ['/v1/chat/completions', 'chat', 'OpenAI Chat Completions, JSON or SSE'],
  ['/v1/responses', 'responses', 'OpenAI Responses, JSON or SSE'],
]
const UPLOADS = ['/v1/messages/batches', '/v1/files', '/v1/skills'] as const

/** Adds every proxied endpoint under some prefixes; not as a plugin, whose routes Elysia adds twice. */
export function addProxyRoutes(app: Elysia, context: App, prefixes: readonly Prefix[]): void {
  for (const prefix of prefixes) {
    for (const [path, endpoint, summary] of JSON_ENDPOINTS) {
      const detail = { summary, tags: [prefix.tag] }
      app.post(
        prefix.path + path,
        ({ request, params: named }) => serveJson(context, request, prefix, named, endpoint),
        { ...paramsOf(prefix), parse: 'none', detail },
      )
    }
    addModels(app, context, prefix)
    addUploads(app, context, prefix)
  }
}

function addModels(app: Elysia, context: App, prefix: Prefix): void {
  const list = { summary: 'List models', tags: [prefix.tag] }
  const one = { summary: 'One model', tags: [prefix.tag] }
  app.get(
    `${prefix.path}/v1/models`,
    ({ request, params: named }) => serveModels(context, request, prefix, named, 'models'),
    { ...paramsOf(prefix), detail: list },
  )
  app.get(
    `${prefix.path}/v1/models/*`,
    ({ request, params: named }) => serveModels(context, request, prefix, named, 'model'),
    { ...paramsOf(prefix), detail: one },
  )
}

function addUploads(app: Elysia, context: App, prefix: Prefix): void {
  for (const path of UPLOADS) {
    const detail = { summary: `Passed through to ${path}`, tags: [prefix.tag] }
    const options = { ...paramsOf(prefix), parse: 'none', detail } as const
    for (const route of [prefix.path + path, `${prefix.path + path}/*`]) {
      app.all(
        route,
        ({ request, params: named }) => serveUpload(context, request, prefix, named),
        options,
      )
    }
  }
}

async function serveJson(
  context: App,
  request: Request,
  prefix: Prefix,
  named: Named | undefined,
  endpoint: Endpoint,
): Promise<Response> {
  checkContentType(request)
  checkContentEncoding(request)
  // A Buffer, once: each later look into the bytes would make one of its own.
  const body = asBuffer(await readBody(request, context.bodyLimits))
  return context.gateway.handle(exchangeOf(request, prefix, named, endpoint, body))
}

function serveModels(
  context: App,
  request: Request,
  prefix: Prefix,
  named: Named | undefined,
  endpoint: Endpoint,
): Promise<Response> {
  return answerModels(context.gateway, exchangeOf(request, prefix, named, endpoint))
}

/**
 * Batches, files and skills go through unbuffered both ways. What a browser is led to may be a page that somebody
 * uploaded: it must not become one of this origin.
 */
async function serveUpload(
  context: App,
  request: Request,
  prefix: Prefix,
  named: Named | undefined,
): Promise<Response> {
  const response = await passUpload(context, request, prefix, named)
  response.headers.set('content-security-policy', 'sandbox')
  response.headers.set('x-content-type-options', 'nosniff')
  return response
}

async function passUpload(
  context: App,
  request: Request,
  prefix: Prefix,
  named: Named | undefined,
): Promise<Response> {
  const limits = context.uploadLimits
  const length = declaredLength(request)
  if (length !== undefined && length > limits.bytes) throw tooLarge(limits.bytes)
  const exchange = exchangeOf(request, prefix, named, 'upload')
  if (request.body === null) return context.gateway.handle(exchange)
  const stopped = new AbortController()
  const body = passingBody(request.body, limits, (error) => stopped.abort(error))
  const signal = AbortSignal.any([request.signal, stopped.signal])
  return context.gateway.handle({ ...exchange, body, signal })
}

function exchangeOf(
  request: Request,
  prefix: Prefix,
  named: Named | undefined,
  endpoint: Endpoint,
  body?: Uint8Array,
): Exchange {
  const { id, started, path, query, admission, connection } = incomingOf(request)
  // A provider may bear the name of what begins each endpoint.
  const prefixed = named?.provider === undefined ? 0 : '/to/'.length
  return {
    id,
    endpoint,
    mode: prefix.mode,
    provider: prefix.provider ?? named?.provider,
    session: named?.session_id,
    shape: SHAPES[familyOf(path, request.headers)],
    method: request.method,
    path: path.slice(path.indexOf('/v1/', prefixed)) + query,
    headers: request.headers,
    body,
    signal: request.signal,
    client: admission.client,
    credential: admission.credential,
    callerKey: admission.callerKey,
    started,
    hold: () => connection.hold(),
  }
}

/** The protocol whose lists and errors a path's clients read. */
const SHAPES = { anthropic: 'messages', openai: 'chat', service: 'chat' } as const

function checkContentType(request: Request): void {
  const type = request.headers.get('content-type')
  if (type === null || /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) return
  throw new ProxyError(
    'unsupported_media_type',
    `Content-Type "${type.slice(0, 100)}" is not supported: send application/json`,
  )
}

/** A compressed body would be told of as one that is no JSON; the header says what is taken (RFC 9110, 12.5.3). */
function checkContentEncoding(request: Request): void {
  const coding = request.headers.get('content-encoding')
  if (coding === null || /^\s*(identity)?\s*$/i.test(coding)) return
  throw new ProxyError(
    'unsupported_media_type',
    `Content-Encoding "${coding.slice(0, 100)}" is not supported: send the body uncompressed`,
    { headers: { 'accept-encoding': 'identity' } },
  )
}
