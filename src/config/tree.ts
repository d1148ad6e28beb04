import { KindGuard, type TSchema } from '@sinclair/typebox'
import { ownValue } from '../kit/own-value.ts'
import { type LeafMeta, metaOf } from './leaf.ts'
import { SettingsSchema } from './schema.ts'

/** A key as its segments; a segment may hold dots, as model names do. */
export type Path = readonly string[]

/** One leaf of the tree with its schema and its meta data. */
export interface Leaf {
  readonly path: Path
  readonly schema: TSchema
  readonly meta: LeafMeta
}

/** What a path leads to: a table with known keys, a table of named tables, or a leaf. */
export type Node =
  | { readonly type: 'section'; readonly keys: Readonly<Record<string, TSchema>> }
  | { readonly type: 'named'; readonly child: TSchema; readonly pattern: RegExp }
  | { readonly type: 'leaf'; readonly schema: TSchema; readonly meta: LeafMeta }

/** Reads one schema as a node of the tree. */
export function nodeOf(schema: TSchema): Node {
  const meta = metaOf(schema)
  if (meta !== undefined) return { type: 'leaf', schema, meta }
  if (KindGuard.IsObject(schema)) return { type: 'section', keys: schema.properties }
  if (KindGuard.IsRecord(schema)) {
    const [pattern, child] = Object.entries(schema.patternProperties)[0] ?? []
    if (pattern !== undefined && child !== undefined) {
      return { type: 'named', child, pattern: new RegExp(pattern) }
    }
  }
  throw new TypeError('A settings schema is neither leaf nor table')
}

/** The root of the tree. */
export const ROOT: Node = nodeOf(SettingsSchema)

/** One step down; `undefined` where the key is unknown. */
export function step(node: Node, key: string): Node | undefined {
  if (node.type === 'leaf') return undefined
  if (node.type === 'named') return node.pattern.test(key) ? nodeOf(node.child) : undefined
  const child = ownValue(node.keys, key)
  return child === undefined ? undefined : nodeOf(child)
}

/** The leaf at a path, if there is one. */
export function leafAt(path: Path): Leaf | undefined {
  let node: Node | undefined = ROOT
  for (const key of path) {
    node = step(node, key)
    if (node === undefined) return undefined
  }
  return node.type === 'leaf' ? { path, schema: node.schema, meta: node.meta } : undefined
}

/** Every leaf below a node in the order of the schema; tables of named tables are given their names. */
export function leaves(names: readonly string[], node: Node = ROOT, path: Path = []): Leaf[] {
  if (node.type === 'leaf') return [{ path, schema: node.schema, meta: node.meta }]
  if (node.type === 'named') {
    return names.flatMap((name) => leaves(names, nodeOf(node.child), [...path, name]))
  }
  return Object.entries(node.keys).flatMap(([key, schema]) =>
    leaves(names, nodeOf(schema), [...path, key]),
  )
}

/** Whether a leaf is a map that is merged name by name. */
export function isMap(schema: TSchema): boolean {
  return KindGuard.IsRecord(schema)
}

/** A path as one writes it in TOML: `providers.gateway.models."gpt-4.1"`. */
export function keyText(path: Path): string {
  return path.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key))).join('.')
}

/** The value below a plain object at a path. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const key of path) {
    if (!isTable(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

/** Whether a value is a plain table, as TOML and JSON have them. */
export function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
