import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Source files by path (`src/kit/error.ts`), with their text. */
export type SourceTree = ReadonlyMap<string, string>

/** One import of a file: the module as written, and the file it means if it is ours. */
export interface ImportEdge {
  readonly specifier: string
  readonly target: string | undefined
}

/** Reads the TypeScript files under `src`, declarations left out. */
export function readSourceTree(root: string): SourceTree {
  const files = [...new Bun.Glob('src/**/*.ts').scanSync({ cwd: root })]
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.endsWith('.d.ts'))
    .sort()
  return new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
}

/** What a file imports: static, type-only, re-exported, dynamic and `import('x')` types alike. */
export function importsOf(file: string, text: string): ImportEdge[] {
  const code = withoutComments(text)
  const patterns = [
    /\b(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])([^'"\n]+)\1/g,
    /\bimport\s*(['"])([^'"\n]+)\1/g,
    /\bimport\s*\(\s*(['"`])([^'"`\n]+)\1/g,
    /\brequire\s*\(\s*(['"`])([^'"`\n]+)\1/g,
  ]
  const specifiers = patterns.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((hit) => hit[2]!),
  )
  return [...new Set(specifiers)].map((specifier) => ({
    specifier,
    target: specifier.startsWith('.')
      ? posix.normalize(posix.join(posix.dirname(file), specifier))
      : undefined,
  }))
}

/** The code with comments and the inside of plain strings out of the way of a search for names. */
export function codeOf(text: string): string {
  return withoutComments(text).replace(/(['"])(?:\\.|(?!\1)[^\\\n])*\1/g, "''")
}

/** Drops comments but keeps strings, in which `//` is not a comment. */
export function withoutComments(text: string): string {
  const token = /(['"])(?:\\.|(?!\1)[^\\\n])*\1|`(?:\\.|[^\\`])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return text.replace(token, (found) => (/^\/[/*]/.test(found) ? ' ' : found))
}
