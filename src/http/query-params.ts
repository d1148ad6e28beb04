import { Kind, type Static, type TObject, type TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { ProxyError } from '../kit/error.ts'
import { ownValue } from '../kit/own-value.ts'

/** Reads a query string by a schema; throws a ProxyError that names the parameter at fault. */
export type ReadQuery<Schema extends TObject> = (query: string) => Static<Schema>

/** A reader of query strings by one schema: its numbers, texts, words and lists of these. */
export function queryReader<Schema extends TObject>(schema: Schema): ReadQuery<Schema> {
  let compiled: TypeCheck<Schema> | undefined
  return (query) => {
    const values = valuesOf(schema, new URLSearchParams(query))
    compiled ??= TypeCompiler.Compile(schema)
    if (compiled.Check(values)) return values
    const error = compiled.Errors(values).First()
    const field = error?.path.split('/')[1] ?? ''
    throw wrongParameter(field, expected(schema.properties[field]))
  }
}

/** The error for a parameter that cannot be used. */
export function wrongParameter(field: string, issue: string): ProxyError {
  return new ProxyError('invalid_request', `${field}: ${issue}`, { field })
}

/** Texts as what the schema wants; what does not fit stays text, for the check to find. */
function valuesOf(schema: TObject, params: URLSearchParams): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const name of new Set(params.keys())) {
    const property = ownValue(schema.properties, name)
    if (property === undefined) {
      const known = Object.keys(schema.properties).join(', ')
      throw wrongParameter(name.slice(0, 50), `Is not known here: there are ${known}`)
    }
    const texts = params.getAll(name)
    if (property[Kind] === 'Array') {
      values[name] = texts.flatMap(listed)
      continue
    }
    if (texts.length > 1) throw wrongParameter(name, 'Must be given once')
    values[name] = property[Kind] === 'Integer' ? numberOf(texts[0]) : texts[0]
  }
  return values
}

/** The values between commas; one that has a comma itself puts a backslash before it. */
function listed(text: string): string[] {
  return text.split(/(?<!\\),/).map((value) => value.trim().replaceAll('\\,', ','))
}

function numberOf(text = ''): unknown {
  return /^-?\d{1,16}$/.test(text) ? Number(text) : text
}

function expected(property: TSchema | undefined): string {
  if (property === undefined) return 'Is not valid'
  const { minimum, maximum, anyOf, items, maxItems, maxLength } = property
  if (property[Kind] === 'Integer') {
    return maximum === undefined
      ? `Must be a whole number from ${minimum} on`
      : `Must be a whole number from ${minimum} to ${maximum}`
  }
  if (property[Kind] === 'Array') {
    return `${expected(items)}${maxItems === undefined ? '' : `; ${maxItems} values at most`}`
  }
  if (Array.isArray(anyOf)) {
    return `Must be one of ${anyOf.map((one: TSchema) => `"${one.const}"`).join(', ')}`
  }
  if (property.error !== undefined) return String(property.error)
  return `Must be 1 to ${maxLength} characters`
}
