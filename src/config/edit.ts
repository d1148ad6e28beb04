import { parse, stringify } from 'smol-toml'
import { type Statement, statements } from './locate.ts'
import { isTable, keyText, type Path, valueAt } from './tree.ts'

/** What a key can be set to. */
export type Scalar = string | number | boolean

/**
 * Sets one key in a TOML text and leaves every other byte as it is. Throws where the text is no
 * TOML, or where its shape leaves no safe place for the key.
 */
export function setInToml(text: string, path: Path, value: Scalar): string {
  const before: unknown = parse(text)
  const edited = withKey(text, statements(text), path, value)
  const after: unknown = parse(edited)
  if (valueAt(after, path) !== value || !equalBut(before, after, path)) {
    throw new Error(`Cannot set ${keyText(path)} without touching other keys: set it by hand`)
  }
  return edited
}

function withKey(text: string, all: readonly Statement[], path: Path, value: Scalar): string {
  const parent = path.slice(0, -1)
  const key = path.at(-1) ?? ''
  const line = stringify({ [key]: value }).trimEnd()
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const exact = find(all, path, 'TOMLKeyValue')
  if (exact?.node.type === 'TOMLKeyValue') {
    const [start, end] = exact.node.value.range
    return splice(text, start, end, stringify({ v: value }).trimEnd().slice('v = '.length))
  }
  const inline = find(all, parent, 'TOMLKeyValue')
  if (inline?.node.type === 'TOMLKeyValue' && inline.node.value.type === 'TOMLInlineTable') {
    const { body, range } = inline.node.value
    const last = body.at(-1)
    const at = last === undefined ? range[0] + 1 : last.range[1]
    return splice(text, at, at, last === undefined ? ` ${line} ` : `, ${line}`)
  }
  const table = find(all, parent, 'TOMLTable')
  if (table?.node.type === 'TOMLTable') {
    const at = lineEnd(text, table.node.key.range[1])
    return splice(text, at, at, `${newline}${line}`)
  }
  const dotted = all.find((one) => one.path.length > parent.length && startsWith(one.path, parent))
  if (dotted?.node.type === 'TOMLKeyValue' && dotted.node.parent.type === 'TOMLTopLevelTable') {
    const at = dotted.node.range[0]
    return splice(text, at, at, `${stringify1(path, value)}${newline}`)
  }
  const gap = text === '' || text.endsWith('\n') ? '' : newline
  return `${text}${gap}${text === '' ? '' : newline}[${keyText(parent)}]${newline}${line}${newline}`
}

function find(all: readonly Statement[], path: Path, type: Statement['node']['type']) {
  return all.find(
    (one) =>
      one.node.type === type && one.path.length === path.length && startsWith(one.path, path),
  )
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((key, index) => path[index] === key)
}

function stringify1(path: Path, value: Scalar): string {
  return `${keyText(path)} = ${stringify({ v: value }).trimEnd().slice('v = '.length)}`
}

function splice(text: string, start: number, end: number, insert: string): string {
  return `${text.slice(0, start)}${insert}${text.slice(end)}`
}

/** The end of the line that holds an offset, before its line break. */
function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset)
  if (at === -1) return text.length
  return text[at - 1] === '\r' ? at - 1 : at
}

/** Whether two tables are equal but for one key. */
function equalBut(before: unknown, after: unknown, path: Path): boolean {
  const [key, ...rest] = path
  if (key === undefined) return true
  const left = isTable(before) ? before : {}
  const right = isTable(after) ? after : {}
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].every((name) =>
    name === key
      ? equalBut(left[name], right[name], rest)
      : JSON.stringify(left[name]) === JSON.stringify(right[name]),
  )
}
