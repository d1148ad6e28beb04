import { ownValue } from '../../kit/own-value.ts'

/** Keywords that only one type has, and which go with it into its branch. */
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  array: ['items', 'minItems', 'maxItems'],
  object: ['properties', 'required'],
}

/** A schema with one type where it had a list: null becomes `nullable`, several others branches of an anyOf. */
export function singleType(schema: Record<string, unknown>): Record<string, unknown> {
  const { type, ...rest } = schema
  if (!Array.isArray(type)) return schema
  const types = type.filter((one) => one !== 'null')
  const out: Record<string, unknown> = types.length < type.length ? orNull(rest) : rest
  if (types.length < 2) return types.length === 0 ? out : { type: types[0], ...out }
  // Beside branches of its own there is no place for others: the types then go without saying.
  if (Array.isArray(out.anyOf)) return out
  const anyOf = types.map((one: unknown) => {
    const branch: Record<string, unknown> = { type: one }
    for (const key of ownValue(OF_TYPE, String(one)) ?? []) {
      if (key in out) branch[key] = out[key]
      delete out[key]
    }
    return branch
  })
  return { ...out, anyOf }
}

function orNull(schema: Record<string, unknown>): Record<string, unknown> {
  const { enum: values, ...rest } = schema
  if (!Array.isArray(values)) return { ...rest, nullable: true }
  return { ...rest, enum: values.filter((value) => value !== null), nullable: true }
}
