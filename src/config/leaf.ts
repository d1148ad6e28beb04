import { type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox'
import type { Secret } from '../kit/secret.ts'

/** What every leaf says beside its type; TOML, env, flags, help, JSON Schema and README read it. */
export interface LeafMeta {
  readonly description: string
  /** Flat environment aliases; the nested name (`SERVER__PORT`) exists without being listed. */
  readonly env?: readonly string[]
  /** The command-line flag, without its dashes. */
  readonly flag?: string
  /** The flag's one-letter form. */
  readonly short?: string
  /** Promised in interface.md but not built yet: a value answers "not available in this version". */
  readonly unavailable?: boolean
  /** The same for single values of an enumeration. */
  readonly unavailableValues?: readonly string[]
  /** Shown as `***` wherever settings are printed. */
  readonly secret?: boolean
  /** Provider leaves that mean something for these kinds only; elsewhere they are a contradiction. */
  readonly kinds?: readonly string[]
  /** Other spellings of enumerated values: `warning` for `warn`. */
  readonly synonyms?: Readonly<Record<string, string>>
  /** What `config init` shows for a leaf without a default. */
  readonly example?: unknown
}

const closed = { additionalProperties: false } as const

/** A schema with its leaf's description, names and marks. */
export function leaf<Schema extends TSchema>(schema: Schema, meta: LeafMeta): Schema {
  return Object.assign({}, schema, { description: meta.description, ccproxy: meta })
}

/** A closed table of leaves or further sections. */
export function section<Keys extends TProperties>(description: string, keys: Keys): TObject<Keys> {
  return Type.Object(keys, { ...closed, description })
}

/** One of a few words. */
export function oneOf<const Value extends string>(
  values: readonly Value[],
  options: { readonly default?: NoInfer<Value> } = {},
) {
  return Type.Union(
    values.map((value) => Type.Literal(value)),
    options,
  )
}

/** A key or token: a string in the file, a `Secret` from the loader on. */
export const SecretText = Type.Unsafe<Secret>(Type.String({ minLength: 1 }))

/** A map from names to text, merged name by name. */
export function textMap(options: { readonly default?: Record<string, string> } = {}) {
  return Type.Record(Type.String(), Type.String(), options)
}

/** The meta data of a leaf; `undefined` for a section. */
export function metaOf(schema: TSchema): LeafMeta | undefined {
  return 'ccproxy' in schema ? schema.ccproxy : undefined
}
