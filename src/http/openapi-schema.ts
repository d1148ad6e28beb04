import type { TSchema } from '@sinclair/typebox'
import { isRecord } from '../kit/json.ts'

/** A JSON Schema as OpenAPI 3.0 spells it: no `const`, and `nullable` in place of the type null. */
export function openApiSchema(schema: TSchema): Record<string, unknown> {
  const spelled: unknown = respell(JSON.parse(JSON.stringify(schema)))
  return isRecord(spelled) ? spelled : {}
}

function respell(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(respell)
  if (!isRecord(value)) return value
  if ('const' in value) return { type: value.type, enum: [value.const] }
  const { anyOf, ...rest } = value
  if (!Array.isArray(anyOf)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, respell(inner)]))
  }
  const some = anyOf.filter((one) => !isRecord(one) || one.type !== 'null').map(respell)
  const nullable = some.length < anyOf.length ? { nullable: true } : {}
  const [only] = some
  if (some.length === 1 && isRecord(only)) return { ...rest, ...only, ...nullable }
  return { ...rest, anyOf: some, ...nullable }
}
