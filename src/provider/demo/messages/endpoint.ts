import { type DemoCall, needMethod, readBody } from '../call.ts'
import { failure } from '../failure.ts'
import { reply } from '../reply.ts'
import { decide } from '../scenario.ts'
import { checkRequest, type RequestContext } from './check-request.ts'
import { countInput } from './count-input.ts'
import { readTurn } from './read-turn.ts'
import { messageWriter, renderMessage } from './render.ts'

const VERSIONS = ['2023-06-01', '2026-10-21']

/** `POST /v1/messages`, as JSON or as a stream. */
export async function answerMessages(call: DemoCall): Promise<Response> {
  needMethod(call, 'POST')
  const context = contextOf(call, false)
  const body = await readBody(call)
  const model = checkRequest(body, context)
  const { world, requestId } = call
  const script = decide(readTurn(body, model, call.cache), world)
  const identity = { id: `msg_${world.id()}`, model: model.id, requestId }
  return reply(call, script, body.stream === true, {
    json: () => renderMessage(script, identity),
    write: messageWriter(script, identity),
  })
}

/** `POST /v1/messages/count_tokens`. */
export async function answerCount(call: DemoCall): Promise<Response> {
  needMethod(call, 'POST')
  const context = contextOf(call, true)
  const body = await readBody(call)
  checkRequest(body, context)
  return Response.json({ input_tokens: countInput(body) })
}

function contextOf({ request }: DemoCall, counting: boolean): RequestContext {
  return { version: needVersion(request.headers), betas: betasOf(request.headers), counting }
}

/** The API version; 400 where it is missing or unknown. */
export function needVersion(headers: Headers): string {
  const version = headers.get('anthropic-version')
  if (version === null) throw failure(400, 'anthropic-version: header is required')
  if (!VERSIONS.includes(version)) {
    throw failure(400, `anthropic-version: "${version}" is not a valid version`)
  }
  return version
}

function betasOf(headers: Headers): string[] {
  const listed = headers.get('anthropic-beta') ?? ''
  return listed
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => beta !== '')
}
