import { failure } from '../failure.ts'
import { DEMO_MODELS, type DemoModel, findModel } from '../models.ts'

/** `GET /v1/models` in Anthropic's shape: newest first, a page by `before_id` or `after_id`. */
export function listModels(query: URLSearchParams): Response {
  const limit = limitOf(query)
  const before = indexOf(query, 'before_id')
  const after = indexOf(query, 'after_id')
  const wanted = query.getAll('lifecycle').concat(query.getAll('lifecycle[]'))
  const known = wanted.length === 0 || wanted.includes('active') ? DEMO_MODELS : []
  const start = after === undefined ? Math.max(0, (before ?? limit) - limit) : after + 1
  const end = before === undefined || after !== undefined ? start + limit : before
  const page = known.slice(start, end).map(infoOf)
  const more = before === undefined ? end < known.length : start > 0
  return Response.json({
    data: page,
    has_more: more,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  })
}

/** `GET /v1/models/{id}` in Anthropic's shape; an alias gives the model that it stands for. */
export function getModel(id: string): Response {
  const model = findModel(id)
  if (model === undefined) throw failure(404, `model: ${id}`)
  return Response.json(infoOf(model))
}

function limitOf(query: URLSearchParams): number {
  const raw = query.get('limit')
  if (raw === null) return 20
  const limit = Number(raw)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit
  throw failure(400, 'limit: Input should be an integer from 1 to 1000', { field: 'limit' })
}

function indexOf(query: URLSearchParams, key: string): number | undefined {
  const id = query.get(key)
  if (id === null) return undefined
  const index = DEMO_MODELS.findIndex((model) => model.id === id)
  if (index < 0) throw failure(400, `${key}: no such model: ${id}`, { field: key })
  return index
}

function infoOf(model: DemoModel): { id: string; [key: string]: unknown } {
  return {
    type: 'model',
    id: model.id,
    display_name: model.name,
    created_at: model.created,
    max_input_tokens: model.context,
    max_tokens: model.output,
    lifecycle: 'active',
    deprecated_at: null,
    retires_at: null,
    line: model.line,
    capabilities: capabilitiesOf(model),
  }
}

const yes = { supported: true }
const no = { supported: false }

/** What this upstream can do, not what the model of that name could elsewhere. */
function capabilitiesOf({ thinking, omitsThinking }: DemoModel): Record<string, unknown> {
  const effort = thinking.adaptive ? yes : no
  const says = (supported: boolean) => ({ supported })
  return {
    batch: no,
    citations: no,
    code_execution: no,
    context_management: {
      ...no,
      clear_thinking_20251015: no,
      clear_tool_uses_20250919: no,
      compact_20260112: no,
    },
    effort: {
      ...effort,
      low: effort,
      medium: effort,
      high: effort,
      max: effort,
      xhigh: says(omitsThinking),
    },
    image_input: yes,
    pdf_input: yes,
    server_tools: { ...no, code_execution: no, web_search: no },
    structured_outputs: yes,
    thinking: {
      ...yes,
      types: {
        adaptive: says(thinking.adaptive),
        between_tools: says(thinking.betweenTools),
        disabled: says(thinking.disabled),
        enabled: says(thinking.enabled),
      },
    },
  }
}
