import { flatAliases, GATEWAY } from './alias.ts'
import type { Diagnostic, Source } from './diagnose.ts'
import { type Entry, joinLayers, type Layer, tableEntries, textEntries } from './entry.ts'
import { didYouMean } from './suggest.ts'
import { isTable, leafAt, type Node, type Path, ROOT, step } from './tree.ts'

/** Names and values as a process or a `.env` file has them. */
export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'CCPROXY__'
const empty: Layer = { entries: [], diagnostics: [], warnings: [] }

/**
 * Reads an environment: flat aliases, then nested names (`SERVER__PORT`), then the same with the
 * prefix `CCPROXY__`; the later wins. An empty variable counts as unset.
 */
export function readEnvironment(
  env: Environment,
  kind: 'environment' | '.env',
  providers: readonly string[],
): Layer {
  const sourceOf = (name: string): Source => ({ kind, text: `${kind} ${name}` })
  const names = Object.keys(env).filter((name) => name.includes('__') && env[name])
  const own = names.filter((name) => name.startsWith(PREFIX))
  const nested = (list: string[]) =>
    list.map((name) => readNested(name, env[name] ?? '', sourceOf(name), providers))
  return joinLayers([
    readFlat(env, sourceOf),
    ...nested(names.filter((name) => !name.startsWith(PREFIX))),
    ...nested(own),
  ])
}

function readFlat(env: Environment, sourceOf: (name: string) => Source): Layer {
  const entries: Entry[] = [...impliedByUpstream(env, sourceOf)]
  const warnings: string[] = []
  for (const alias of flatAliases()) {
    const text = env[alias.name]
    const leaf = leafAt(alias.path)
    if (!text || leaf === undefined) continue
    if (leaf.meta.unavailable === true) {
      warnings.push(`${sourceOf(alias.name).text} is ignored: it is not available in this version`)
      continue
    }
    entries.push(...textEntries(leaf, text, sourceOf(alias.name)))
  }
  return { entries, diagnostics: [], warnings }
}

/** `UPSTREAM_BASE_URL` makes a provider and the default route; first, so that any explicit key wins. */
function impliedByUpstream(env: Environment, sourceOf: (name: string) => Source): Entry[] {
  if (!env.UPSTREAM_BASE_URL) return []
  const source = sourceOf('UPSTREAM_BASE_URL')
  const kind = leafAt(['providers', GATEWAY, 'kind'])
  const route = leafAt(['routing', 'default'])
  return [
    ...(kind === undefined ? [] : textEntries(kind, 'openai', source)),
    ...(route === undefined ? [] : textEntries(route, GATEWAY, source)),
  ]
}

function readNested(name: string, text: string, source: Source, providers: readonly string[]) {
  const prefixed = name.startsWith(PREFIX)
  const words = (prefixed ? name.slice(PREFIX.length) : name).split('__')
  let node: Node = ROOT
  const path: string[] = []
  for (const word of words) {
    const key = node.type === 'named' ? providerName(word, providers) : word.toLowerCase()
    const child: Node | undefined = step(node, key)
    if (child === undefined) {
      return prefixed ? { ...empty, diagnostics: [unknown(node, [...path, key], source)] } : empty
    }
    node = child
    path.push(key)
  }
  if (node.type !== 'leaf') return readTable(node, path, text, source, prefixed)
  const leaf = { path, schema: node.schema, meta: node.meta }
  return { ...empty, entries: textEntries(leaf, text, source) }
}

function readTable(node: Node, path: Path, text: string, source: Source, prefixed: boolean): Layer {
  const value = tableFrom(text)
  if (value !== undefined) return tableEntries(node, path, value, source)
  if (!prefixed) return empty
  const message = `${path.join('.')} must be a table, written as JSON`
  return { ...empty, diagnostics: [{ path, source, message }] }
}

/** Text that is no JSON object gives `undefined`; the caller says so in the name of the variable. */
function tableFrom(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isTable(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Shells allow no `-` and custom is upper case: `MY_GATEWAY` means a provider `my-gateway` of the file. */
function providerName(word: string, providers: readonly string[]): string {
  const plain = (name: string) => name.toLowerCase().replaceAll('-', '_')
  return providers.find((name) => plain(name) === plain(word)) ?? word.toLowerCase()
}

function unknown(node: Node, path: Path, source: Source): Diagnostic {
  const known = node.type === 'section' ? Object.keys(node.keys) : []
  const names = known.map((key) => [...path.slice(0, -1), key].join('__').toUpperCase())
  const hint = didYouMean(path.join('__').toUpperCase(), names)
  return { path, source, message: `key "${path.join('.')}" is unknown${hint}` }
}
