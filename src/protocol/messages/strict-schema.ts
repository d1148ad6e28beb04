import { isRecord } from '../../kit/json.ts'

/**
 * Whether OpenAI takes a schema as strict: every object closed and all its properties required. Claude takes optional
 * properties in a strict tool, too, so strictness must not go along with such a schema.
 */
export function isStrictSchema(schema: unknown): boolean {
  if (!isRecord(schema)) return true
  const { properties, required, additionalProperties, items, anyOf, $defs, definitions } = schema
  const named = isRecord(properties) ? properties : {}
  if (schema.type === 'object' || isRecord(properties)) {
    const all: unknown[] = Array.isArray(required) ? required : []
    if (additionalProperties !== false) return false
    if (!Object.keys(named).every((name) => all.includes(name))) return false
  }
  const inner = [named, $defs, definitions].flatMap((one) =>
    isRecord(one) ? Object.values(one) : [],
  )
  const listed = Array.isArray(anyOf) ? anyOf : []
  return [...inner, items, ...listed].every(isStrictSchema)
}
