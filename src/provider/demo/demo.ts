import { messageOf, ProxyError } from '../../kit/error.ts'
import { type DemoCall, needMethod } from './call.ts'
import { answerChat } from './chat/endpoint.ts'
import { failure } from './failure.ts'
import { answerCount, answerMessages, needVersion } from './messages/endpoint.ts'
import { getModel, listModels } from './messages/list-models.ts'
import { errorBody } from './messages/render.ts'
import { openAiError } from './openai/error-body.ts'
import { getOpenAiModel, listOpenAiModels } from './openai/list-models.ts'
import { PromptCache } from './prompt-cache.ts'
import { RateWindow } from './rate-headers.ts'
import { answerResponses } from './responses/endpoint.ts'
import type { DemoWorld } from './world.ts'

/** An upstream that answers in-process. */
export interface DemoUpstream {
  fetch(request: Request): Promise<Response>
}

/**
 * Makes an upstream that needs no account and answers by rule, as strict as the real API about what
 * it is sent. The user's last real text chooses the answer; commands combine with commas:
 *
 * - `help` lists all this; `say X` answers X; `long 2000` answers about that many tokens
 * - `slow 5s` spreads the answer, `slow start 5s` starts late, `silence 20s` pauses after the first delta
 * - `error 429` (400 401 402 403 404 409 413 429 500 503 504 529) fails with that status and type;
 *   `error 429 3s` sets retry-after (1 s where none is said)
 * - `error mid-stream` and `cut mid-stream` end a stream half way; a reply as JSON stays whole
 * - `refuse` gives a refusal; `redacted` adds a redacted_thinking block where thinking is on
 * - run `cmd` calls a shell tool; run `a` and `b`, then `c` gives two rounds, the first of two calls
 * - the name of a tool calls it with an input that satisfies its schema; several names, several
 *   places ("in Paris and London"), `parallel 3` or `3 times` give parallel calls; JSON and quoted
 *   text in the prompt fill the input
 * - after tool results it reports them; a JSON schema for the output is satisfied
 *
 * Thinking, max_tokens, stop sequences, tool choice and prompt caching are honoured. The same core
 * answers Messages, Chat Completions and Responses; batches, files and skills answer 404. `world` gives ids, the time in seconds and sleep.
 */
export function createDemoUpstream(world: DemoWorld): DemoUpstream {
  const cache = new PromptCache(() => world.now())
  const rates = new RateWindow(() => world.now())
  return {
    async fetch(request) {
      const url = new URL(request.url)
      const requestId = `req_${world.id()}`
      const path = url.pathname.replace(/(.)\/+$/, '$1')
      const call = { request, path, query: url.searchParams, requestId, world, cache }
      const openAi = isOpenAi(call)
      const response = await answer(call, openAi)
      const headers = openAi ? rates.openAi() : rates.anthropic()
      response.headers.set(openAi ? 'x-request-id' : 'request-id', requestId)
      for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
      return response
    },
  }
}

/** Both vendors' clients ask for models at the same path; only Anthropic's send a version. */
function isOpenAi({ path, request }: DemoCall): boolean {
  if (path === '/v1/chat/completions' || path === '/v1/responses') return true
  return isModels(path) && !request.headers.has('anthropic-version')
}

function isModels(path: string): boolean {
  return path === '/v1/models' || path.startsWith('/v1/models/')
}

async function answer(call: DemoCall, openAi: boolean): Promise<Response> {
  try {
    return await route(call, openAi)
  } catch (error) {
    if (call.request.signal.aborted) throw error
    const known =
      error instanceof ProxyError ? error : failure(500, messageOf(error), { cause: error })
    const body = openAi ? { error: openAiError(known) } : errorBody(known, call.requestId)
    return Response.json(body, { status: known.status, headers: known.headers })
  }
}

async function route(call: DemoCall, openAi: boolean): Promise<Response> {
  const { path } = call
  if (path === '/v1/messages') return answerMessages(call)
  if (path === '/v1/messages/count_tokens') return answerCount(call)
  if (path === '/v1/chat/completions') return answerChat(call)
  if (path === '/v1/responses') return answerResponses(call)
  if (isModels(path)) return answerModels(call, openAi)
  const missing = path.match(/^\/v1\/(messages\/batches|files|skills)(?:\/|$)/)?.[1]
  if (missing !== undefined) {
    throw failure(404, `The demo upstream has no ${missing.replace('messages/', '')}: ${path}`)
  }
  throw failure(404, `Not found: ${path}`)
}

function answerModels(call: DemoCall, openAi: boolean): Response {
  needMethod(call, 'GET')
  const id = decodeURIComponent(call.path.slice('/v1/models/'.length))
  if (openAi) return id === '' ? listOpenAiModels() : getOpenAiModel(id)
  needVersion(call.request.headers)
  return id === '' ? listModels(call.query) : getModel(id)
}
