import { isRecord } from '../../../kit/json.ts'
import { failure } from '../failure.ts'
import { recordsOf } from '../json.ts'
import type { DemoModel } from '../models.ts'
import { type Fields, must, needList, needOneOf, needRecord, needText } from './check.ts'

/** Checks `tools`: names, uniqueness, and an object schema on each custom tool. */
export function checkTools(raw: unknown): void {
  if (raw === undefined) return
  const seen = new Set<string>()
  for (const [index, value] of needList(raw, 'tools').entries()) {
    const path = `tools.${index}`
    const tool = needRecord(value, path)
    const builtIn = tool.type != null && tool.type !== 'custom'
    if (builtIn && tool.name === undefined) continue
    const name = needText(tool, 'name', builtIn ? path : `${path}.custom`)
    must(
      /^[a-zA-Z0-9_-]{1,128}$/.test(name),
      `${path}.custom.name`,
      "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    )
    must(!seen.has(name), 'tools', 'Tool names must be unique.')
    seen.add(name)
    if (!builtIn) checkSchema(tool, `${path}.custom.input_schema`)
  }
}

function checkSchema(tool: Fields, path: string): void {
  const schema = needRecord(tool.input_schema, path)
  must(schema.type !== undefined, `${path}.type`, 'Field required')
  must(schema.type === 'object', `${path}.type`, "Input should be 'object'")
}

/** Checks `tool_choice` against the tools, the thinking and the model. */
export function checkToolChoice(body: Fields, model: DemoModel): void {
  if (body.tool_choice === undefined) return
  const choice = needRecord(body.tool_choice, 'tool_choice')
  const type = needOneOf(choice.type, ['auto', 'any', 'tool', 'none'], 'tool_choice.type')
  const tools = recordsOf(body.tools)
  must(
    tools.length > 0 || type === 'none',
    'tool_choice',
    'may only be specified while providing `tools`',
  )
  if (type !== 'any' && type !== 'tool') return
  must(model.forcedTools, 'tool_choice.type', `"${type}" is not supported by ${model.id}`)
  const thinks = isRecord(body.thinking) && body.thinking.type !== 'disabled'
  if (thinks) throw failure(400, 'Thinking may not be enabled when tool_choice forces tool use.')
  if (type === 'any') return
  const name = needText(choice, 'name', 'tool_choice')
  must(
    tools.some((tool) => tool.name === name),
    'tool_choice.name',
    `Tool '${name}' not found in provided tools`,
  )
}
