import { isRecord } from '../../kit/json.ts'
import type { Note } from '../protocol.ts'

/**
 * Whether OpenAI takes a schema as strict: every object closed and all its properties required. Claude takes optional
 * properties in a strict tool, too, so strictness must not go along with such a schema.
 */
export function isStrictSchema(schema: unknown): boolean {
  if (!isRecord(schema)) return true
  if (schema.type === 'object' || isRecord(schema.properties)) {
    if (schema.additionalProperties !== false || hasOptional(schema)) return false
  }
  return inside(schema).every(isStrictSchema)
}

/** Whether an answer's schema is to be enforced: with optional properties, which Claude enforces, OpenAI refuses to. */
export function strictFormat(schema: unknown, notes: Note[]): boolean {
  if (!isLooselyClosed(schema)) return true
  notes.push('output_config.format: not enforced, the schema has optional properties')
  return false
}

function isLooselyClosed(schema: unknown): boolean {
  if (!isRecord(schema)) return false
  if (schema.additionalProperties === false && hasOptional(schema)) return true
  return inside(schema).some(isLooselyClosed)
}

function hasOptional({ properties, required }: Record<string, unknown>): boolean {
  const all: unknown[] = Array.isArray(required) ? required : []
  return isRecord(properties) && !Object.keys(properties).every((name) => all.includes(name))
}

function inside({
  properties,
  $defs,
  definitions,
  items,
  anyOf,
}: Record<string, unknown>): unknown[] {
  const named = [properties, $defs, definitions].flatMap((one) =>
    isRecord(one) ? Object.values(one) : [],
  )
  return [...named, items, ...(Array.isArray(anyOf) ? anyOf : [])]
}
