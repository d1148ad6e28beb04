import { isRecord } from '../kit/json.ts'
import { ownValue } from '../kit/own-value.ts'
import { normalize, problemsOf } from './coerce.ts'
import type { Diagnostic, Source } from './diagnose.ts'
import type { Entry } from './entry.ts'
import { isMap, keyText, type Leaf, leaves, type Path } from './tree.ts'

/** Anthropic's own address, the default of every provider of that kind. */
export const ANTHROPIC_URL = 'https://api.anthropic.com'

const DEFAULT: Source = { kind: 'default', text: 'default' }

/** Plain settings, complete but with secrets still as text, and each leaf's source. */
export interface Merged {
  readonly plain: Record<string, unknown>
  readonly sources: Map<string, Source>
  readonly diagnostics: Diagnostic[]
}

/** The entry that wins for each key: the last. */
export function winners(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [keyText(entry.path), entry]))
}

/** The providers that the entries name, and the one that always exists. */
export function providerNames(entries: readonly Entry[]): string[] {
  const named = entries.map(({ path }) => (path[0] === 'providers' ? path[1] : undefined))
  return [...new Set(['anthropic', ...named.filter((name) => name !== undefined)])]
}

/** Lays the winning entries over the defaults; wrong ones become diagnostics and are left out. */
export function merge(entries: readonly Entry[]): Merged {
  const won = winners(entries)
  const diagnostics: Diagnostic[] = []
  const fromFile = entries.filter((entry) => entry.source.kind === 'file')
  // A file is checked whole, so that nothing in it breaks on the day a variable goes away.
  for (const entry of new Set([...fromFile, ...won.values()])) {
    const problems = entryProblems(entry, kindOf(won, entry.path))
    const { path, source } = entry
    diagnostics.push(...problems.map((message) => ({ path, source, message })))
    if (problems.length > 0 && won.get(keyText(path)) === entry) won.delete(keyText(path))
  }
  const merged: Merged = { plain: {}, sources: new Map(), diagnostics }
  for (const leaf of leaves(providerNames(entries))) place(leaf, won, merged)
  reportKinds(entries, won, diagnostics)
  return merged
}

function kindOf(won: ReadonlyMap<string, Entry>, path: Path): string | undefined {
  if (path[0] !== 'providers') return undefined
  const value = won.get(keyText([...path.slice(0, 2), 'kind']))?.value
  if (typeof value === 'string') return value
  return path[1] === 'anthropic' ? 'anthropic' : undefined
}

function entryProblems(entry: Entry, kind: string | undefined): string[] {
  const key = keyText(entry.path)
  const { meta, schema } = entry
  if (meta.unavailable === true) return [`${key} is not available in this version: remove it`]
  const value = normalize(schema, meta, entry.value)
  if (typeof value === 'string' && meta.unavailableValues?.includes(value)) {
    return [`${key} "${value}" is not available in this version`]
  }
  if (kind !== undefined && meta.kinds?.includes(kind) === false) {
    return [`${key} is for kind "${meta.kinds.join('" or "')}", not for kind "${kind}": remove it`]
  }
  return problemsOf(schema, meta, value).map((problem) => `${key} ${problem}`)
}

function place(leaf: Leaf, won: ReadonlyMap<string, Entry>, merged: Merged): void {
  const { path, schema, meta } = leaf
  if (isMap(schema)) {
    placeMap(leaf, won, merged)
    return
  }
  const entry = won.get(keyText(path))
  const kind = kindOf(won, path)
  if (entry === undefined && kind !== undefined && meta.kinds?.includes(kind) === false) return
  const value = entry === undefined ? defaultOf(leaf, kind) : normalize(schema, meta, entry.value)
  if (value === undefined) return
  put(merged.plain, path, value)
  merged.sources.set(keyText(path), entry?.source ?? DEFAULT)
}

function placeMap(leaf: Leaf, won: ReadonlyMap<string, Entry>, merged: Merged): void {
  const { path, schema } = leaf
  if (schema.default !== undefined) put(merged.plain, path, {})
  merged.sources.set(keyText(path), DEFAULT)
  for (const [key, entry] of won) {
    const inside = entry.path.length === path.length + 1
    if (!inside || !path.every((name, index) => entry.path[index] === name)) continue
    put(merged.plain, entry.path, entry.value)
    merged.sources.set(key, entry.source)
    merged.sources.delete(keyText(path))
  }
}

function defaultOf({ path, schema }: Leaf, kind: string | undefined): unknown {
  const key = path.at(-1)
  if (path[0] === 'providers' && kind === 'anthropic') {
    if (key === 'kind') return 'anthropic'
    if (key === 'base_url') return ANTHROPIC_URL
  }
  // Its kind is reported as missing or wrong; with a stand-in the rest can be checked in one go.
  if (path[0] === 'providers' && key === 'kind') return 'demo'
  return structuredClone(schema.default)
}

/** A provider without a kind is reported once, at the first key that names it. */
function reportKinds(
  entries: readonly Entry[],
  won: ReadonlyMap<string, Entry>,
  into: Diagnostic[],
): void {
  for (const name of providerNames(entries)) {
    const path = ['providers', name, 'kind']
    const first = entries.find((entry) => entry.path[0] === 'providers' && entry.path[1] === name)
    const tried = entries.some((entry) => keyText(entry.path) === keyText(path))
    if (first === undefined || tried || kindOf(won, path) !== undefined) continue
    const message = `${keyText(path)} is missing: set it to "anthropic" or "openai"`
    into.push({ path, source: first.source, message })
  }
}

function put(root: Record<string, unknown>, path: Path, value: unknown): void {
  let table = root
  for (const key of path.slice(0, -1)) {
    const next = ownValue(table, key)
    const child: Record<string, unknown> = {}
    if (isRecord(next)) table = next
    else {
      define(table, key, child)
      table = child
    }
  }
  define(table, path.at(-1) ?? '', value)
}

/** Names come from files: `__proto__` must become a key like any other. */
function define(table: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(table, key, { value, enumerable: true, writable: true, configurable: true })
}
