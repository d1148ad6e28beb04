import { parse, TomlError } from 'smol-toml'
import { messageOf, ProxyError } from '../kit/error.ts'
import { coerceText } from './coerce.ts'
import type { Diagnostic, Source } from './diagnose.ts'
import { type Entry, type Layer, tableEntries } from './entry.ts'
import type { Environment } from './env.ts'
import { candidates, type Places, shownPath } from './paths.ts'
import { isTable, keyText, type Path, ROOT } from './tree.ts'

/** The config file that is read: where it is and what it holds. */
export interface ConfigFile {
  readonly path: string
  /** As messages name it: `./ccproxy.toml`. */
  readonly shown: string
  readonly text: string
}

/** Finds the one config file; an explicit file that is not there is a diagnostic. */
export function findFile(places: Places): ConfigFile | Diagnostic | undefined {
  for (const { path, origin } of candidates(places)) {
    const shown = shownPath(path, places.cwd, places.home)
    const source: Source = { kind: 'file', text: `file ${shown}` }
    try {
      const text = places.readFile(path)
      if (text !== undefined) return { path, shown, text: text.replace(/^\uFEFF/, '') }
    } catch (error) {
      const hint = error instanceof ProxyError ? '' : ' (check its type and its mode)'
      return { path: [], source, message: `${messageOf(error)}${hint}` }
    }
    if (origin !== 'search') {
      const message = `it does not exist, but ${origin} names it (run "ccproxy config init" to make one)`
      return { path: [], source, message }
    }
  }
  return undefined
}

/** Reads a config file's TOML; `$NAME` and `${NAME}` in its strings come from the environment. */
export function readFileLayer(file: ConfigFile, environments: readonly Environment[]): Layer {
  const source: Source = { kind: 'file', text: `file ${file.shown}` }
  let table: unknown
  try {
    table = plain(parse(file.text))
  } catch (error) {
    return { entries: [], diagnostics: [syntaxProblem(error, source)], warnings: [] }
  }
  const layer = tableEntries(ROOT, [], table, source)
  const diagnostics = [...layer.diagnostics]
  const entries = layer.entries.flatMap((entry) => expandEntry(entry, environments, diagnostics))
  return { entries, diagnostics, warnings: layer.warnings }
}

function syntaxProblem(error: unknown, source: Source): Diagnostic {
  if (!(error instanceof TomlError)) throw error
  const [line = ''] = error.message.split('\n')
  const detail = line.replace(/^Invalid TOML document: /, '')
  const position = `${error.line}:${error.column}`
  return { path: [], source, message: `invalid TOML: ${detail}`, position }
}

/** TOML dates become ISO text: a setting is text, number, truth value, list or table. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (!isTable(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function expandEntry(entry: Entry, environments: readonly Environment[], into: Diagnostic[]) {
  const missing = new Set<string>()
  const value = expand(entry.value, (name) => {
    const found = environments.map((env) => env[name]).find((text) => text !== undefined)
    if (found === undefined) missing.add(name)
    return found ?? ''
  })
  for (const name of missing) into.push(unset(name, entry.path, entry.source))
  if (missing.size > 0) return []
  const replaced = typeof value === 'string' && value !== entry.value
  return [{ ...entry, value: replaced ? coerceText(entry.schema, value) : value }]
}

function unset(name: string, path: Path, source: Source): Diagnostic {
  const message = `${keyText(path)} uses $${name}, which is not set (set it, or write $$${name} for the text itself)`
  return { path, source, message }
}

function expand(value: unknown, lookup: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => expand(item, lookup))
  if (isTable(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, expand(item, lookup)]),
    )
  }
  if (typeof value !== 'string') return value
  return value.replaceAll(
    /\$(?:(\$)|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g,
    (_, escaped?: string, braced?: string, bare?: string) =>
      escaped === undefined ? lookup(braced ?? bare ?? '') : '$',
  )
}
