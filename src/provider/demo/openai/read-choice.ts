import { isRecord } from '../../../kit/json.ts'
import { recordsOf, textOf } from '../json.ts'
import type { DemoTool, ToolDemand } from '../turn.ts'
import { badParam, mustBe } from './check.ts'

/** Which of the tools may be called, and whether one must be, from either OpenAI wire's `tool_choice`. */
export function readChoice(
  raw: unknown,
  tools: readonly DemoTool[],
): { demand: ToolDemand; tools: readonly DemoTool[] } {
  if (raw === undefined || raw === null || raw === 'auto')
    return { demand: { type: 'auto' }, tools }
  if (raw === 'none') return { demand: { type: 'none' }, tools }
  if (tools.length === 0) {
    throw badParam('tool_choice', "'tool_choice' is only allowed when 'tools' are specified.")
  }
  if (raw === 'required') return { demand: { type: 'any' }, tools }
  mustBe(isRecord(raw), 'tool_choice', 'none, auto, required or an object')
  if (raw.type === 'allowed_tools') return allowedTools(raw, tools)
  const name = nameOf(raw)
  if (!tools.some((tool) => tool.name === name)) {
    throw badParam('tool_choice', `Tool choice '${name}' not found in 'tools' parameter.`)
  }
  return { demand: { type: 'tool', name }, tools }
}

function allowedTools(
  raw: Record<string, unknown>,
  tools: readonly DemoTool[],
): ReturnType<typeof readChoice> {
  const inner = isRecord(raw.allowed_tools) ? raw.allowed_tools : raw
  const names = recordsOf(inner.tools).map(nameOf)
  return {
    demand: { type: inner.mode === 'required' ? 'any' : 'auto' },
    tools: tools.filter((tool) => names.includes(tool.name)),
  }
}

/** Chat nests the name in `function` or `custom`; Responses has it flat. */
function nameOf(entry: Record<string, unknown>): string {
  const nested = [entry.function, entry.custom].find(isRecord)
  return textOf(nested?.name ?? entry.name)
}
