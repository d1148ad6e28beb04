import type { Profile } from '../profile.ts'
import type { Tool } from './schema.ts'
import { isStrictSchema } from './strict-schema.ts'

const CARRIED: ReadonlySet<string> = new Set([
  ...['type', 'name', 'description', 'input_schema', 'cache_control'],
])

/** Whether the client runs a tool itself, so that it is a function in OpenAI's protocols. */
export function isFunctionTool(tool: Tool): boolean {
  return tool.type === undefined || tool.type === null || tool.type === 'custom'
}

/** Whether a function goes up as strict: asked for, known there, and of a schema that OpenAI takes so. */
export function goesStrict(tool: Tool, profile: Profile): boolean {
  const strict = tool.strict === true && profile.strict_tools
  return strict && isStrictSchema({ type: 'object', ...tool.input_schema })
}

/** The fields of a function that do not go up. */
export function lostFields(tool: Tool, profile: Profile): string[] {
  const said = Object.entries(tool).filter(([, value]) => value !== null && value !== false)
  return said
    .map(([key]) => key)
    .filter((key) => (key === 'strict' ? !goesStrict(tool, profile) : !CARRIED.has(key)))
}
