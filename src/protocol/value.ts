import { isRecord } from '../kit/json.ts'
import { DEEPEST, isDeeper } from '../kit/json-depth.ts'
import { parseExact } from '../kit/json-exact.ts'

/** A string that holds something, else nothing. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Whether a text has nothing but white space; it looks no further than the first word of a long one. */
export function isBlank(text: string): boolean {
  return !/\S/.test(text)
}

/** A whole count of at least zero, else nothing: some vendors send fractions and booleans. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}

/** The objects in an array of outside data; none where it is not an array. */
export function recordsIn(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** The object that a JSON text holds, else nothing: one that nobody could write again counts as none. */
export function objectIn(json: string): Record<string, unknown> | undefined {
  const value = parseExact(json)
  if (!isRecord(value)) return undefined
  return json.length > 2 * DEEPEST && isDeeper(value) ? undefined : value
}
