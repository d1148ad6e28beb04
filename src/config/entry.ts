import { KindGuard, type TSchema } from '@sinclair/typebox'
import { coerceText } from './coerce.ts'
import type { Diagnostic, Source } from './diagnose.ts'
import type { LeafMeta } from './leaf.ts'
import { didYouMean, nearest } from './suggest.ts'
import { isTable, keyText, type Leaf, leaves, type Node, type Path, step } from './tree.ts'

/** One value that one source gives to one leaf, or to one name of a map leaf. */
export interface Entry {
  readonly path: Path
  readonly schema: TSchema
  readonly meta: LeafMeta
  readonly value: unknown
  readonly source: Source
}

/** What one source says, and what of it cannot be read. */
export interface Layer {
  readonly entries: readonly Entry[]
  readonly diagnostics: readonly Diagnostic[]
  readonly warnings: readonly string[]
}

/** The entries of one leaf's value: one, or one for each name of a map. */
export function leafEntries(leaf: Leaf, value: unknown, source: Source): Entry[] {
  const { schema } = leaf
  if (!KindGuard.IsRecord(schema) || !isTable(value)) return [{ ...leaf, value, source }]
  const [mapValue = schema] = Object.values(schema.patternProperties)
  return Object.entries(value).map(([name, item]) => ({
    path: [...leaf.path, name],
    schema: mapValue,
    meta: leaf.meta,
    value: item,
    source,
  }))
}

/** The same for a value that came as text. */
export function textEntries(leaf: Leaf, text: string, source: Source): Entry[] {
  return leafEntries(leaf, coerceText(leaf.schema, text), source)
}

/** Walks a table beside the tree: its leaves as entries, its unknown keys as diagnostics. */
export function tableEntries(node: Node, path: Path, value: unknown, source: Source): Layer {
  if (node.type === 'leaf') {
    const leaf = { path, schema: node.schema, meta: node.meta }
    return { entries: leafEntries(leaf, value, source), diagnostics: [], warnings: [] }
  }
  if (!isTable(value)) {
    const message = `${keyText(path)} must be a table`
    return { entries: [], diagnostics: [{ path, source, message }], warnings: [] }
  }
  const layers = Object.entries(value).map(([key, item]) => {
    const child = step(node, key)
    if (child === undefined) return unknownKey(node, [...path, key], source)
    return tableEntries(child, [...path, key], item, source)
  })
  return joinLayers(layers)
}

/** Several layers as one, in their order. */
export function joinLayers(layers: readonly Layer[]): Layer {
  return {
    entries: layers.flatMap((layer) => layer.entries),
    diagnostics: layers.flatMap((layer) => layer.diagnostics),
    warnings: layers.flatMap((layer) => layer.warnings),
  }
}

function unknownKey(node: Node, path: Path, source: Source): Layer {
  const key = path.at(-1) ?? ''
  const message =
    node.type === 'named'
      ? `${keyText(path)} is no usable name: use letters, digits, "-" and "_"`
      : `key "${keyText(path)}" is unknown${suggestion(node, key, path)}`
  return { entries: [], diagnostics: [{ path, source, message }], warnings: [] }
}

function suggestion(node: Node, key: string, path: Path): string {
  if (node.type !== 'section') return ''
  const hint = didYouMean(key, Object.keys(node.keys))
  if (hint !== '') return hint
  // The right key in the wrong section, or in none.
  const elsewhere = leaves([]).filter(
    (leaf) => nearest(key, [leaf.path.at(-1) ?? '']) !== undefined,
  )
  const best = nearest(key, [...new Set(elsewhere.map((leaf) => leaf.path.at(-1) ?? ''))])
  const found = elsewhere.find((leaf) => leaf.path.at(-1) === best)
  if (found !== undefined) return ` (did you mean "${keyText(found.path)}"?)`
  const known = Object.keys(node.keys).join(', ')
  return path.length === 1 ? ` (the sections are ${known})` : ` (the keys there are ${known})`
}
