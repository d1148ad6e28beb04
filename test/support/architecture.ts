import { codeOf, importsOf, type SourceTree, withoutComments } from './source-tree.ts'

/** Folders of `src` and the floor of each; a file imports from its own folder or a lower floor. */
const FLOORS: Readonly<Record<string, number>> = {
  kit: 0,
  protocol: 1,
  auth: 2,
  record: 2,
  provider: 3,
  config: 4,
  gateway: 5,
  http: 6,
  cli: 7,
  'main.ts': 8,
}

/** Built-in modules that are there at once, or are needed by every start. */
const QUICK_BUILTINS = new Set(['node:fs', 'node:fs/promises', 'node:os', 'node:path'])

const MAX_LINES = 300
const MAX_SCHEMA_LINES = 400

/** Every break of a rule, as `file: what is wrong`. */
export function violations(tree: SourceTree): string[] {
  const perFile = [...tree].flatMap(([file, text]) =>
    [
      ...floors(file, text, tree),
      ...packages(file, text),
      ...slowBuiltins(text),
      ...names(file, text),
      ...size(file, text),
    ].map((problem) => `${file}: ${problem}`),
  )
  return [...perFile, ...cycles(tree)]
}

function folderOf(file: string): string {
  return file.split('/')[1] ?? ''
}

function floors(file: string, text: string, tree: SourceTree): string[] {
  const folder = folderOf(file)
  const floor = FLOORS[folder]
  if (floor === undefined) return [`"${folder}" is on no floor`]
  return importsOf(file, text).flatMap(({ specifier, target }) => {
    if (target === undefined) return []
    if (!target.startsWith('src/')) {
      return target === 'package.json' ? [] : [`imports "${specifier}" from outside src`]
    }
    if (target.endsWith('.ts') && !tree.has(target))
      return [`imports "${specifier}", which is no file`]
    if (folderOf(target) === folder) return []
    const below = FLOORS[folderOf(target)] ?? Number.POSITIVE_INFINITY
    return below < floor ? [] : [`imports "${specifier}", which is not on a lower floor`]
  })
}

function packages(file: string, text: string): string[] {
  const folder = folderOf(file)
  return importsOf(file, text).flatMap(({ specifier }) => {
    if (/^(?:elysia|@elysiajs\/[^/]+)(?:\/|$)/.test(specifier) && folder !== 'http') {
      return [`imports "${specifier}": only http/ knows the framework`]
    }
    if (specifier === 'bun:sqlite' && folder !== 'record') {
      return ['imports "bun:sqlite": only record/ speaks SQL']
    }
    return []
  })
}

/** In a compiled binary a static import of a built-in module runs at every start, however lazily its file is loaded. */
function slowBuiltins(text: string): string[] {
  const imports = /\bimport\s+(?!type\b)[^'"`;]*?\bfrom\s*(['"])(node:[^'"\n]+)\1/g
  return [...withoutComments(text).matchAll(imports)]
    .map((hit) => hit[2] ?? '')
    .filter((name) => !QUICK_BUILTINS.has(name))
    .map((name) => `imports "${name}", which delays every start: process.getBuiltinModule does not`)
}

function names(file: string, text: string): string[] {
  const code = codeOf(text)
  const folder = folderOf(file)
  const mayPrint =
    folder === 'cli' || file === 'src/record/log.ts' || file === 'src/record/panels.ts'
  const problems: string[] = []
  if (file !== 'src/main.ts' && /\b(?:process|Bun|import\.meta)\s*\.\s*env\b/.test(code)) {
    problems.push('reads the environment: only main.ts does')
  }
  if (!mayPrint && /\bconsole\s*\./.test(code)) {
    problems.push('uses console: only cli/ and record/{log,panels}.ts do')
  }
  if (folder !== 'record' && isSql(text)) problems.push('holds SQL: only record/ does')
  if (/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/.test(code)) {
    problems.push('has a default export: exports are named')
  }
  if (!/^(?:[a-z0-9]+(?:-[a-z0-9]+)*)\.ts$/.test(file.split('/').at(-1) ?? '')) {
    problems.push('is not named in kebab-case')
  }
  return problems
}

function isSql(text: string): boolean {
  return /['"`]\s*(?:SELECT\s[^'"`]*\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(?:TABLE|INDEX)\s|PRAGMA\s)/.test(
    text,
  )
}

function size(file: string, text: string): string[] {
  const lines = text.trimEnd().split('\n').length
  const limit = /(?:^|[/-])schema\.ts$/.test(file) ? MAX_SCHEMA_LINES : MAX_LINES
  return lines > limit ? [`has ${lines} lines, the limit is ${limit}`] : []
}

/** Cycles between files, each named once, from its alphabetically first file. */
function cycles(tree: SourceTree): string[] {
  const found = new Set<string>()
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const seenAt = path.indexOf(file)
    if (seenAt >= 0) {
      found.add(cycleName(path.slice(seenAt)))
      return
    }
    if (done.has(file)) return
    for (const { target } of importsOf(file, tree.get(file) ?? '')) {
      if (target !== undefined && tree.has(target)) visit(target, [...path, file])
    }
    done.add(file)
  }
  for (const file of tree.keys()) visit(file, [])
  return [...found].sort()
}

function cycleName(files: readonly string[]): string {
  const first = [...files].sort()[0]!
  const at = files.indexOf(first)
  const turned = [...files.slice(at), ...files.slice(0, at), first]
  return `cycle: ${turned.join(' → ')}`
}
