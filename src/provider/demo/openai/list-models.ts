import { failure } from '../failure.ts'
import { DEMO_MODELS, type DemoModel, findModel } from '../models.ts'

/** `GET /v1/models` in OpenAI's shape. */
export function listOpenAiModels(): Response {
  return Response.json({ object: 'list', data: DEMO_MODELS.map(infoOf) })
}

/** `GET /v1/models/{id}` in OpenAI's shape. */
export function getOpenAiModel(id: string): Response {
  const model = findModel(id)
  if (model !== undefined) return Response.json(infoOf(model))
  throw failure(404, `The model '${id}' does not exist`, {
    field: 'model',
    code: 'model_not_found',
  })
}

function infoOf(model: DemoModel): Record<string, unknown> {
  const created = Math.floor(Date.parse(model.created) / 1000)
  return { id: model.id, object: 'model', created, owned_by: 'anthropic' }
}
