import { isRecord } from '../../../kit/json.ts'
import { type DemoCall, needMethod, readBody } from '../call.ts'
import { needModel } from '../openai/check.ts'
import { reply } from '../reply.ts'
import { decide } from '../scenario.ts'
import { checkChat } from './check-request.ts'
import { readChatTurn } from './read-turn.ts'
import { chatWriter, renderCompletion } from './render.ts'

/** `POST /v1/chat/completions`, as JSON or as a stream. */
export async function answerChat(call: DemoCall): Promise<Response> {
  needMethod(call, 'POST')
  const body = await readBody(call)
  const model = needModel(body)
  checkChat(body)
  const script = decide(readChatTurn(body, model), call.world)
  const options = body.stream_options
  const identity = {
    id: `chatcmpl-${call.world.id()}`,
    model: model.id,
    created: Math.floor(call.world.now()),
    includeUsage: isRecord(options) && options.include_usage === true,
  }
  return reply(call, script, body.stream === true, {
    json: () => renderCompletion(script, identity),
    write: chatWriter(script, identity),
  })
}
