import { isRecord } from '../../kit/json.ts'
import { textOf } from './json.ts'
import { sampleOfPattern } from './pattern-sample.ts'

type Schema = Record<string, unknown>

/** What a sample is filled with where the schema leaves a choice. */
export interface SampleHints {
  /** Proposes a text for the property of this name. */
  text(key: string): string
  /** Values known by property name; used where they fit. */
  readonly known: Readonly<Record<string, unknown>>
  /** Optional properties to fill in too. */
  readonly wanted: readonly string[]
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-11-21',
  time: '12:00:00Z',
  'date-time': '2026-11-21T12:00:00Z',
  duration: 'P1D',
  email: 'demo@example.com',
  hostname: 'example.com',
  ipv4: '127.0.0.1',
  ipv6: '::1',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
}

/** A JSON value that satisfies the schema: required properties, shortest arrays, hints where they fit. */
export function sampleOfSchema(schema: Schema, hints: SampleHints): unknown {
  return new Sampler(schema, hints).value(schema, '', 0)
}

class Sampler {
  constructor(
    readonly root: Schema,
    readonly hints: SampleHints,
  ) {}

  value(raw: unknown, key: string, depth: number): unknown {
    if (depth > 32) return null
    const schema = this.#resolve(raw, 0)
    if ('const' in schema) return schema.const
    const known = this.hints.known[key]
    if (Array.isArray(schema.enum)) return this.#choice(schema.enum, key)
    if (depth > 0 && known !== undefined && matchesType(known, schema)) return known
    switch (typeOf(schema)) {
      case 'object':
        return this.#object(schema, depth)
      case 'array':
        return this.#array(schema, key, depth)
      case 'string':
        return this.#string(schema, key)
      case 'integer':
        return number(schema, true)
      case 'number':
        return number(schema, false)
      case 'boolean':
        return true
      case 'null':
        return null
      default:
        return this.hints.text(key)
    }
  }

  /** Follows `$ref`, takes the first of anyOf and oneOf, merges allOf. */
  #resolve(raw: unknown, depth: number): Schema {
    if (!isRecord(raw) || depth > 32) return {}
    if (typeof raw.$ref === 'string') return this.#resolve(this.#lookUp(raw.$ref), depth + 1)
    const union = Array.isArray(raw.anyOf) ? raw.anyOf : raw.oneOf
    if (Array.isArray(union)) {
      const { anyOf: _any, oneOf: _one, ...rest } = raw
      return merge(rest, this.#resolve(union[0], depth + 1))
    }
    if (Array.isArray(raw.allOf)) {
      const { allOf, ...rest } = raw
      return allOf.reduce<Schema>((all, part) => merge(all, this.#resolve(part, depth + 1)), rest)
    }
    return raw
  }

  #lookUp(reference: string): unknown {
    let found: unknown = this.root
    for (const part of reference.replace(/^#\/?/, '').split('/')) {
      if (part === '') continue
      found = isRecord(found) ? found[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
    }
    return found
  }

  #object(schema: Schema, depth: number): Record<string, unknown> {
    const properties = isRecord(schema.properties) ? schema.properties : {}
    const required = Array.isArray(schema.required) ? schema.required.map(textOf) : []
    const filled: Record<string, unknown> = {}
    const optional = Object.keys(properties).filter(
      (key) => this.hints.known[key] !== undefined || this.hints.wanted.includes(key),
    )
    for (const key of new Set([...required, ...optional])) {
      filled[key] = this.value(properties[key], key, depth + 1)
    }
    return filled
  }

  #array(schema: Schema, key: string, depth: number): unknown[] {
    const prefix = Array.isArray(schema.prefixItems) ? schema.prefixItems : []
    const least = typeof schema.minItems === 'number' ? schema.minItems : 1
    const most = typeof schema.maxItems === 'number' ? schema.maxItems : Number.POSITIVE_INFINITY
    const length = Math.min(Math.max(least, prefix.length), most)
    return Array.from({ length }, (_, index) =>
      this.value(prefix[index] ?? schema.items ?? {}, key, depth + 1),
    )
  }

  #choice(options: readonly unknown[], key: string): unknown {
    const wish = this.hints.text(key).toLowerCase()
    const known = this.hints.known[key]
    if (options.includes(known)) return known
    return (
      options.find((option) => typeof option === 'string' && wish.includes(option.toLowerCase())) ??
      options[0]
    )
  }

  #string(schema: Schema, key: string): string {
    const pattern = textOf(schema.pattern)
    const wish = FORMATS[textOf(schema.format)] ?? this.hints.text(key)
    if (pattern !== '' && !safeTest(pattern, wish)) return sampleOfPattern(pattern) ?? wish
    const least = typeof schema.minLength === 'number' ? schema.minLength : 0
    const most = typeof schema.maxLength === 'number' ? schema.maxLength : wish.length
    return wish.slice(0, Math.max(most, least)).padEnd(least, '.')
  }
}

function merge(left: Schema, right: Schema): Schema {
  const properties = {
    ...(isRecord(left.properties) ? left.properties : {}),
    ...(isRecord(right.properties) ? right.properties : {}),
  }
  const required = [left.required, right.required].flatMap((list) =>
    Array.isArray(list) ? list.map(textOf) : [],
  )
  const merged: Schema = { ...left, ...right }
  if (Object.keys(properties).length > 0) merged.properties = properties
  if (required.length > 0) merged.required = required
  return merged
}

function typeOf(schema: Schema): string {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type]
  const first = types.find((type) => type !== 'null') ?? types[0]
  if (typeof first === 'string') return first
  if ('properties' in schema || 'required' in schema) return 'object'
  if ('items' in schema || 'prefixItems' in schema) return 'array'
  return 'minimum' in schema || 'maximum' in schema ? 'number' : ''
}

function matchesType(value: unknown, schema: Schema): boolean {
  const type = typeOf(schema)
  if (type === 'string') {
    return (
      typeof value === 'string' &&
      (textOf(schema.pattern) === '' || safeTest(textOf(schema.pattern), value))
    )
  }
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isRecord(value)
  return type === '' || typeof value === type
}

function number(schema: Schema, integer: boolean): number {
  const step = typeof schema.multipleOf === 'number' ? schema.multipleOf : integer ? 1 : 0
  const above = typeof schema.exclusiveMinimum === 'number' ? schema.exclusiveMinimum : undefined
  const below = typeof schema.exclusiveMaximum === 'number' ? schema.exclusiveMaximum : undefined
  const most = typeof schema.maximum === 'number' ? schema.maximum : below
  let value =
    typeof schema.minimum === 'number' ? schema.minimum : (above ?? Math.min(1, most ?? 1))
  if (step > 0) value = Math.ceil(value / step) * step
  if (above !== undefined && value <= above)
    value = above + (step > 0 ? step - (above % step) : 0.5)
  if (below !== undefined && value >= below) {
    value = step > 0 ? Math.ceil(below / step - 1) * step : ((above ?? below - 1) + below) / 2
  }
  return value
}

function safeTest(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    // Not a JavaScript expression: nothing can be said of it, so the text counts as fitting.
    return true
  }
}
