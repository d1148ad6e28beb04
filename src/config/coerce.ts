import { KindGuard, type TSchema } from '@sinclair/typebox'
import { Value, type ValueError, ValueErrorType } from '@sinclair/typebox/value'
import { type LeafMeta, metaOf } from './leaf.ts'
import { didYouMean } from './suggest.ts'
import { isTable } from './tree.ts'

/** Reads text from a flag or the environment as the leaf's type; text that does not fit stays text. */
export function coerceText(schema: TSchema, text: string): unknown {
  if (KindGuard.IsInteger(schema) || KindGuard.IsNumber(schema)) return numberFrom(text)
  if (KindGuard.IsBoolean(schema)) return booleanFrom(text)
  if (KindGuard.IsArray(schema)) return listFrom(text)
  if (KindGuard.IsRecord(schema)) return mapFrom(text)
  if (KindGuard.IsUnion(schema) && schema.anyOf.some((one) => KindGuard.IsArray(one))) {
    return text.trimStart().startsWith('[') ? listFrom(text) : text
  }
  return text
}

function numberFrom(text: string): unknown {
  return /^\s*[+-]?(\d[\d_]*)(\.\d+)?(e[+-]?\d+)?\s*$/i.test(text)
    ? Number(text.replaceAll('_', ''))
    : text
}

function booleanFrom(text: string): unknown {
  const word = text.trim().toLowerCase()
  if (['true', '1', 'yes', 'on'].includes(word)) return true
  if (['false', '0', 'no', 'off'].includes(word)) return false
  return text
}

function listFrom(text: string): unknown {
  if (text.trimStart().startsWith('[')) return jsonOr(text)
  return commaParts(text)
}

function mapFrom(text: string): unknown {
  if (text.trimStart().startsWith('{')) return jsonOr(text)
  const parts = commaParts(text).map((part) => {
    const at = part.indexOf('=')
    return at < 1 ? undefined : ([part.slice(0, at).trim(), part.slice(at + 1).trim()] as const)
  })
  const pairs = parts.filter((part) => part !== undefined)
  return pairs.length === parts.length ? Object.fromEntries(pairs) : text
}

function commaParts(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Broken JSON stays text, and the check then says what the key must be. */
function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Accepts enumerated words in any case and by their other spellings. */
export function normalize(schema: TSchema, meta: LeafMeta, value: unknown): unknown {
  const words = wordsOf(schema)
  if (words.length === 0) return value
  const word = typeof value === 'boolean' ? String(value) : value
  if (typeof word !== 'string') return value
  const lower = word.trim().toLowerCase()
  if (words.includes(lower)) return lower
  return meta.synonyms?.[lower] ?? value
}

/** The words of an enumeration; empty for every other schema. */
export function wordsOf(schema: TSchema): string[] {
  if (!KindGuard.IsUnion(schema)) return []
  const words = schema.anyOf.map((one) => (KindGuard.IsLiteral(one) ? one.const : undefined))
  return words.every((word) => typeof word === 'string') ? words : []
}

/** What is wrong with a value of a leaf, as sentences that follow the key's name. */
export function problemsOf(schema: TSchema, meta: LeafMeta, value: unknown): string[] {
  const problems = new Map<string, string>()
  for (const error of Value.Errors(schema, value)) {
    if (!problems.has(error.path)) problems.set(error.path, problemOf(error, meta))
  }
  return [...problems.values()]
}

function problemOf(error: ValueError, meta: LeafMeta): string {
  const segments = error.path.split('/').slice(1)
  const name = segments.at(-1) ?? ''
  const inside = segments.length === 0 ? '' : `${segments.join('.')} `
  if (error.type === ValueErrorType.ObjectAdditionalProperties) {
    const known = isTable(error.schema.properties) ? Object.keys(error.schema.properties) : []
    return `has the unknown key "${name}"${didYouMean(name, known)}`
  }
  if (error.type === ValueErrorType.ObjectRequiredProperty) return `${inside}is missing`
  const hidden = meta.secret === true || metaOf(error.schema)?.secret === true
  const given = hidden ? '' : `, not ${quoted(error.value)}`
  return `${inside}must be ${wanted(error.schema)}${given}`
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** What a schema accepts, in words. */
function wanted(schema: TSchema): string {
  const words = wordsOf(schema)
  if (words.length > 0) return `one of ${words.map((word) => `"${word}"`).join(', ')}`
  if (KindGuard.IsInteger(schema)) return `an integer${range(schema)}`
  if (KindGuard.IsNumber(schema)) return `a number${range(schema)}`
  if (KindGuard.IsBoolean(schema)) return 'true or false'
  if (KindGuard.IsArray(schema)) {
    return KindGuard.IsString(schema.items) ? 'a list of strings' : 'a list of tables'
  }
  if (KindGuard.IsRecord(schema)) {
    const isText = Object.values(schema.patternProperties).every((each) => KindGuard.IsString(each))
    return isText ? 'a map from names to strings' : 'a table'
  }
  if (KindGuard.IsObject(schema)) return 'a table'
  if (KindGuard.IsUnion(schema)) return schema.anyOf.map(wanted).join(' or ')
  if (typeof schema.pattern === 'string') return `a string like ${schema.pattern}`
  return schema.minLength === undefined ? 'a string' : 'a string that is not empty'
}

function range(schema: { minimum?: number; maximum?: number }): string {
  if (schema.minimum === undefined) return ''
  if (schema.maximum === undefined) return ` of at least ${schema.minimum}`
  return ` from ${schema.minimum} to ${schema.maximum}`
}
