import { isRecord } from '../../../kit/json.ts'
import { recordsOf, textOf } from '../json.ts'
import type { DemoModel } from '../models.ts'
import type { PromptCache } from '../prompt-cache.ts'
import { type Said, toldBy } from '../told.ts'
import type { DemoTool, DemoTurn, ToolDemand } from '../turn.ts'
import { countInput } from './count-input.ts'

type Fields = Record<string, unknown>

/** Reads a checked Messages body into what decides the answer. */
export function readTurn(body: Fields, model: DemoModel, cache: PromptCache): DemoTurn {
  const format = isRecord(body.output_config) ? body.output_config.format : undefined
  const choice: Fields = isRecord(body.tool_choice) ? body.tool_choice : {}
  const told = toldBy(recordsOf(body.messages).flatMap(saidBy))
  const total = countInput(body)
  const cached = cache.look(body, total)
  return {
    ...told,
    model,
    tools: recordsOf(body.tools).flatMap(toolOf),
    demand: demandOf(choice),
    parallel: choice.disable_parallel_tool_use !== true,
    thinking: thinkingOf(body, model, told.rounds),
    stops: Array.isArray(body.stop_sequences) ? body.stop_sequences.map(textOf) : [],
    maxTokens: Number(body.max_tokens),
    schema: isRecord(format) && isRecord(format.schema) ? format.schema : undefined,
    inputTokens: total - cached.read - cached.write,
    cacheWrite: cached.write,
    cacheRead: cached.read,
  }
}

/** What one message says, block by block. */
function saidBy(message: Fields): Said[] {
  if (message.role === 'system') return []
  const role = message.role === 'assistant' ? 'assistant' : 'user'
  if (typeof message.content === 'string') return [{ type: 'text', role, text: message.content }]
  return recordsOf(message.content).flatMap((block): Said[] => {
    if (block.type === 'text') return [{ type: 'text', role, text: textOf(block.text) }]
    if (block.type === 'tool_use') {
      return [{ type: 'call', id: textOf(block.id), name: textOf(block.name) }]
    }
    if (block.type === 'tool_result') {
      const text = resultText(block.content)
      return [
        { type: 'result', id: textOf(block.tool_use_id), text, failed: block.is_error === true },
      ]
    }
    return block.type === 'image' || block.type === 'document' ? [{ type: 'attachment' }] : []
  })
}

function resultText(content: unknown): string {
  if (typeof content === 'string') return content
  return recordsOf(content)
    .map((part) => (part.type === 'text' ? textOf(part.text) : `[${textOf(part.type)}]`))
    .join('\n')
}

/** Tools that the client runs itself; the ones that Anthropic's servers run are never called here. */
function toolOf(tool: Fields): DemoTool[] {
  const type = textOf(tool.type)
  const name = textOf(tool.name)
  if (type === '' || type === 'custom') {
    return isRecord(tool.input_schema) ? [{ name, schema: tool.input_schema }] : []
  }
  const text = { type: 'string' }
  if (type.startsWith('bash_')) return [{ name, schema: objectOf({ command: text }) }]
  if (type.startsWith('text_editor_') || type.startsWith('memory_')) {
    return [{ name, schema: objectOf({ command: { const: 'view' }, path: text }) }]
  }
  return []
}

function objectOf(properties: Fields): Fields {
  return { type: 'object', properties, required: Object.keys(properties) }
}

function demandOf(choice: Fields): ToolDemand {
  if (choice.type === 'tool') return { type: 'tool', name: textOf(choice.name) }
  return choice.type === 'any' || choice.type === 'none' ? { type: choice.type } : { type: 'auto' }
}

function thinkingOf(body: Fields, model: DemoModel, rounds: number): DemoTurn['thinking'] {
  const thinking: Fields = isRecord(body.thinking) ? body.thinking : {}
  const type = thinking.type ?? (model.alwaysThinks ? 'adaptive' : 'disabled')
  if (type === 'disabled' || (type === 'between_tools' && rounds === 0)) return 'off'
  const omitted =
    thinking.display === undefined ? model.omitsThinking : thinking.display === 'omitted'
  return omitted ? 'omitted' : 'shown'
}
