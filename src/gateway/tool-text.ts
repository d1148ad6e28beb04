import type { Tool } from '../protocol/messages/schema.ts'

type Json = Readonly<Record<string, unknown>>

/** A schema nested deeper is written as `any`, so that a hostile one cannot exhaust the stack. */
const MAX_DEPTH = 24

/**
 * The text that stands for a request's tools in an OpenAI prompt: a TypeScript-like namespace
 * (observed, not documented), which the counts of the cookbook and of recorded requests confirm.
 */
export function openAiToolText(tools: readonly Tool[]): string {
  const lines = tools.flatMap((tool) => {
    const schema = asJson(tool.input_schema)
    const head = tool.description ? [`// ${tool.description}`] : []
    const fields = properties(schema, 0, 0)
    const type = fields === '' ? '() => any;' : `(_: {\n${fields}\n}) => any;`
    return [...head, `type ${tool.name ?? tool.type ?? ''} = ${type}`, '']
  })
  return ['namespace functions {', '', ...lines, '} // namespace functions'].join('\n')
}

/** The text that stands for one tool in most chat templates: its Chat definition as JSON. */
export function jsonToolText(tool: Tool): string {
  const { name, description, input_schema, cache_control: _, ...rest } = tool
  const isOurs = input_schema !== undefined
  if (!isOurs) return JSON.stringify({ name, description, ...rest })
  return JSON.stringify({
    type: 'function',
    function: { name, description, parameters: input_schema },
  })
}

function properties(schema: Json, indent: number, depth: number): string {
  const pad = ' '.repeat(indent)
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(asJson(schema.properties))
    .flatMap(([name, value]) => {
      const property = asJson(value)
      const { description } = property
      const head = typeof description === 'string' ? [`${pad}// ${description}`] : []
      const mark = required.includes(name) ? '' : '?'
      return [...head, `${pad}${name}${mark}: ${typeText(property, indent, depth + 1)},`]
    })
    .join('\n')
}

function typeText(schema: Json, indent: number, depth: number): string {
  if (depth > MAX_DEPTH) return 'any'
  const nested = (value: unknown) => typeText(asJson(value), indent, depth + 1)
  const choices = [schema.anyOf, schema.oneOf, schema.allOf].find(Array.isArray)
  if (choices !== undefined) return choices.map(nested).join(' | ')
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `${nested(schema.items)}[]`
    case 'object':
      return `{\n${properties(schema, indent + 2, depth)}\n${' '.repeat(indent)}}`
    default:
      return 'any'
  }
}

function asJson(value: unknown): Json {
  return isJson(value) ? value : {}
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
