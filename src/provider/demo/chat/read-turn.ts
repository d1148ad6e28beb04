import { isRecord } from '../../../kit/json.ts'
import { recordsOf, textOf } from '../json.ts'
import { countValue } from '../messages/count-input.ts'
import type { DemoModel } from '../models.ts'
import { effortOf } from '../openai/check.ts'
import { readChoice } from '../openai/read-choice.ts'
import { type Said, toldBy } from '../told.ts'
import type { DemoTool, DemoTurn } from '../turn.ts'

type Fields = Record<string, unknown>

/** Reads a checked Chat Completions body into what decides the answer. */
export function readChatTurn(body: Fields, model: DemoModel): DemoTurn {
  const effort = effortOf(body.reasoning_effort, 'reasoning_effort')
  return {
    ...toldBy(recordsOf(body.messages).flatMap(saidBy)),
    ...readChoice(body.tool_choice, recordsOf(body.tools).map(toolOf)),
    model,
    parallel: body.parallel_tool_calls !== false,
    thinking: effort === undefined && !model.alwaysThinks ? 'off' : 'shown',
    stops: stopsOf(body.stop),
    maxTokens: Number(body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY),
    schema: schemaOf(body.response_format),
    inputTokens: 3 + countValue(body.messages) + countValue(body.tools),
    cacheWrite: 0,
    cacheRead: 0,
  }
}

function saidBy(message: Fields): Said[] {
  const text = partsText(message.content)
  if (message.role === 'tool') {
    return [{ type: 'result', id: textOf(message.tool_call_id), text, failed: false }]
  }
  if (message.role === 'assistant') {
    const calls = recordsOf(message.tool_calls).map((call): Said => {
      const inner = [call.function, call.custom].find(isRecord)
      return { type: 'call', id: textOf(call.id), name: textOf(inner?.name) }
    })
    return [{ type: 'text', role: 'assistant', text }, ...calls]
  }
  if (message.role !== 'user') return []
  const pictures = recordsOf(message.content).filter((part) => part.type !== 'text')
  return [
    { type: 'text', role: 'user', text },
    ...pictures.map((): Said => ({ type: 'attachment' })),
  ]
}

function partsText(content: unknown): string {
  if (typeof content === 'string') return content
  return recordsOf(content)
    .map((part) => textOf(part.text))
    .filter((text) => text !== '')
    .join('\n')
}

function toolOf(tool: Fields): DemoTool {
  if (isRecord(tool.custom)) return { name: textOf(tool.custom.name), schema: undefined }
  const inner: Fields = isRecord(tool.function) ? tool.function : {}
  const schema = isRecord(inner.parameters) ? inner.parameters : { type: 'object' }
  return { name: textOf(inner.name), schema }
}

function stopsOf(stop: unknown): string[] {
  if (typeof stop === 'string') return [stop]
  return Array.isArray(stop) ? stop.map(textOf).filter((entry) => entry !== '') : []
}

function schemaOf(format: unknown): Fields | undefined {
  if (!isRecord(format)) return undefined
  if (format.type === 'json_object') return {}
  const inner = format.json_schema
  return isRecord(inner) && isRecord(inner.schema) ? inner.schema : undefined
}
