import { isRecord } from '../../../kit/json.ts'
import { badField } from '../failure.ts'

export type Fields = Record<string, unknown>

/** Throws Anthropic's 400 naming the field, unless the condition holds. */
export function must(condition: boolean, field: string, issue: string): asserts condition {
  if (!condition) throw badField(field, issue)
}

/** The field as a string; 400 where it is missing or something else. */
export function needText(fields: Fields, key: string, path: string): string {
  const value = fields[key]
  const field = path === '' ? key : `${path}.${key}`
  must(value !== undefined, field, 'Field required')
  must(typeof value === 'string', field, 'Input should be a valid string')
  return value
}

/** The value as an object; 400 where it is something else. */
export function needRecord(value: unknown, field: string): Fields {
  must(value !== undefined, field, 'Field required')
  must(isRecord(value), field, 'Input should be an object')
  return value
}

/** The value as a list; 400 where it is something else. */
export function needList(value: unknown, field: string): unknown[] {
  must(value !== undefined, field, 'Field required')
  must(Array.isArray(value), field, 'Input should be a valid list')
  return value
}

/** The value as one of the literals; 400 naming them otherwise. */
export function needOneOf(value: unknown, allowed: readonly string[], field: string): string {
  const listed = allowed.map((entry) => `'${entry}'`).join(', ')
  must(
    typeof value === 'string' && allowed.includes(value),
    field,
    `Input should be one of ${listed}`,
  )
  return value
}
