import { isRecord } from '../../../kit/json.ts'
import { type DemoCall, needMethod, readBody } from '../call.ts'
import { needModel } from '../openai/check.ts'
import { reply } from '../reply.ts'
import { decide } from '../scenario.ts'
import { checkResponses } from './check-request.ts'
import { readResponsesTurn } from './read-turn.ts'
import { renderResponse, responsesWriter } from './render.ts'

/** `POST /v1/responses`, as JSON or as a stream; nothing is stored. */
export async function answerResponses(call: DemoCall): Promise<Response> {
  needMethod(call, 'POST')
  const body = await readBody(call)
  const model = needModel(body)
  checkResponses(body)
  const script = decide(readResponsesTurn(body, model), call.world)
  const included = Array.isArray(body.include) ? body.include : []
  const identity = {
    id: `resp_${call.world.id()}`,
    created: Math.floor(call.world.now()),
    model: model.id,
    items: { stem: call.world.id(), sealed: included.includes('reasoning.encrypted_content') },
    echo: echoOf(body),
  }
  return reply(call, script, body.stream === true, {
    json: () => renderResponse(script, identity),
    write: responsesWriter(script, identity),
  })
}

function echoOf(body: Record<string, unknown>): Record<string, unknown> {
  return {
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: body.reasoning ?? { effort: null, summary: null },
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: isRecord(body.text) ? body.text : { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
    user: body.user ?? null,
  }
}
