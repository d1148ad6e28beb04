import { type AST, parseTOML } from 'toml-eslint-parser'
import type { Path } from './tree.ts'

/** A statement of a TOML text that gives a key: an assignment or a table header. */
export interface Statement {
  readonly path: readonly string[]
  readonly node: AST.TOMLKeyValue | AST.TOMLTable
}

/** Every assignment and table header of a TOML text with its full path, in the order of the text. */
export function statements(text: string): Statement[] {
  const [top] = parseTOML(text).body
  return top.body.flatMap((node) => {
    if (node.type === 'TOMLKeyValue') return assignments(node, [])
    const path = node.resolvedKey.map(String)
    return [{ path, node }, ...node.body.flatMap((child) => assignments(child, path))]
  })
}

function assignments(node: AST.TOMLKeyValue, base: readonly string[]): Statement[] {
  const names = node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))
  const path = [...base, ...names]
  const inner = node.value.type === 'TOMLInlineTable' ? node.value.body : []
  return [{ path, node }, ...inner.flatMap((child) => assignments(child, path))]
}

/** Line and column of a key (`3:1`), of the nearest table above it where it stands in none itself. */
export function positionOf(all: readonly Statement[], path: Path): string | undefined {
  const starts = (one: Statement) => path.every((key, index) => one.path[index] === key)
  const exact = all.find(starts)
  if (exact !== undefined) {
    const { line, column } = exact.node.key.loc.start
    return `${line}:${column + 1}`
  }
  return path.length > 1 ? positionOf(all, path.slice(0, -1)) : undefined
}
