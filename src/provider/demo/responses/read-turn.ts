import { isRecord } from '../../../kit/json.ts'
import { recordsOf, textOf } from '../json.ts'
import { countValue } from '../messages/count-input.ts'
import type { DemoModel } from '../models.ts'
import { effortOf } from '../openai/check.ts'
import { readChoice } from '../openai/read-choice.ts'
import { type Said, toldBy } from '../told.ts'
import type { DemoTool, DemoTurn } from '../turn.ts'

type Fields = Record<string, unknown>

/** Reads a checked Responses body into what decides the answer. */
export function readResponsesTurn(body: Fields, model: DemoModel): DemoTurn {
  const { input } = body
  const said: Said[] =
    typeof input === 'string'
      ? [{ type: 'text', role: 'user', text: input }]
      : recordsOf(input).flatMap(saidBy)
  const count = countValue(body.instructions) + countValue(input) + countValue(body.tools)
  return {
    ...toldBy(said),
    ...readChoice(body.tool_choice, recordsOf(body.tools).flatMap(toolOf)),
    model,
    parallel: body.parallel_tool_calls !== false,
    thinking: thinkingOf(body.reasoning, model),
    stops: [],
    maxTokens: Number(body.max_output_tokens ?? Number.POSITIVE_INFINITY),
    schema: schemaOf(body.text),
    inputTokens: 3 + count,
    cacheWrite: 0,
    cacheRead: 0,
  }
}

function saidBy(item: Fields): Said[] {
  const id = textOf(item.call_id)
  switch (item.type) {
    case 'function_call':
    case 'custom_tool_call':
      return [{ type: 'call', id, name: textOf(item.name) }]
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [{ type: 'result', id, text: partsText(item.output), failed: false }]
    case undefined:
    case 'message':
      return messageSaid(item)
    default:
      return []
  }
}

function messageSaid(item: Fields): Said[] {
  const text = partsText(item.content)
  if (item.role === 'assistant') return [{ type: 'text', role: 'assistant', text }]
  if (item.role !== 'user') return []
  // Each part by itself: Codex puts its own notes into parts of their own.
  const parts = typeof item.content === 'string' ? [{ text }] : recordsOf(item.content)
  return parts.map((part): Said => {
    if (typeof part.text !== 'string') return { type: 'attachment' }
    return { type: 'text', role: 'user', text: part.text }
  })
}

function partsText(content: unknown): string {
  if (typeof content === 'string') return content
  return recordsOf(content)
    .map((part) => textOf(part.text))
    .join('\n')
}

/** Functions and custom tools; the ones that OpenAI's servers run are never called here. */
function toolOf(tool: Fields): DemoTool[] {
  const name = textOf(tool.name)
  if (tool.type === 'custom') return [{ name, schema: undefined }]
  if (tool.type !== 'function') return []
  return [{ name, schema: isRecord(tool.parameters) ? tool.parameters : { type: 'object' } }]
}

function thinkingOf(raw: unknown, model: DemoModel): DemoTurn['thinking'] {
  const reasoning: Fields = isRecord(raw) ? raw : {}
  const effort = effortOf(reasoning.effort, 'reasoning.effort')
  if (effort === undefined && !model.alwaysThinks) return 'off'
  return typeof reasoning.summary === 'string' ? 'shown' : 'omitted'
}

function schemaOf(text: unknown): Fields | undefined {
  const format = isRecord(text) ? text.format : undefined
  if (!isRecord(format)) return undefined
  if (format.type === 'json_object') return {}
  return format.type === 'json_schema' && isRecord(format.schema) ? format.schema : undefined
}
