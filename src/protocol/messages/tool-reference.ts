import type { Block } from './schema.ts'
import type { ToolNames } from './tool-names.ts'

/**
 * What a tool search found, as a model reads it that does not know references: Claude is shown the definition of the
 * tool in its place, other models have it among their tools, under the name that goes up.
 * @see https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
 */
export function toolReferenceText(block: Block, names: ToolNames): string | undefined {
  const { tool_name }: Record<string, unknown> = block
  if (block.type !== 'tool_reference' || typeof tool_name !== 'string') return undefined
  return `The tool ${names.up(tool_name)} is loaded and can be called.`
}
