import { posix } from 'node:path'
import { isRecord } from '../../kit/json.ts'
import { ownValue } from '../../kit/own-value.ts'

/** One rule of `sdk.permission_rules`. */
export interface PermissionRule {
  /** A tool's name, exact or with `*`. */
  readonly tool: string
  /** What the telling text must look like, with `*`; without it any does. */
  readonly match?: string | undefined
  readonly action: 'allow' | 'deny' | 'ask'
}

/** The part of an input that tells what a tool is about to do, and how it reads. */
interface Telling {
  readonly kind: 'command' | 'path' | 'url' | 'other'
  readonly text: string
}

const FIELDS: Readonly<Record<string, Telling['kind']>> = {
  command: 'command',
  file_path: 'path',
  notebook_path: 'path',
  path: 'path',
  url: 'url',
  query: 'other',
  pattern: 'other',
}

/** The one field that counts, of Claude Code's own tools. */
const FIELD_OF_TOOL: Readonly<Record<string, string>> = {
  Bash: 'command',
  Read: 'file_path',
  Write: 'file_path',
  Edit: 'file_path',
  MultiEdit: 'file_path',
  NotebookEdit: 'notebook_path',
  WebFetch: 'url',
  WebSearch: 'query',
  Glob: 'pattern',
}

/** What can begin another command, or put one into another's words. */
const SHELL_SYNTAX = /[;&|<>\n\r`$()]/g

/**
 * The first rule that fits a tool request. A rule that allows is read narrowly and one that denies or asks widely: where
 * a tool has several telling fields all of them must fit to allow, and one is enough to deny.
 */
export function fittingRule(
  rules: readonly PermissionRule[],
  tool: string,
  input: unknown,
): PermissionRule | undefined {
  return rules.find((rule) => {
    if (!fits(rule.tool, tool)) return false
    const { match } = rule
    if (match === undefined || match === '*') return true
    const tellings = tellingsOf(tool, input)
    if (rule.action !== 'allow') return tellings.some((one) => fitsWidely(match, one))
    return tellings.length > 0 && tellings.every((one) => fitsNarrowly(match, one))
  })
}

function tellingsOf(tool: string, input: unknown): Telling[] {
  if (typeof input === 'string') return [{ kind: 'other', text: input }]
  if (!isRecord(input)) return []
  const known = ownValue(FIELD_OF_TOOL, tool)
  const fields = known === undefined ? Object.keys(FIELDS) : [known]
  return fields.flatMap((field) => {
    const text = input[field]
    return typeof text === 'string' ? [{ kind: FIELDS[field] ?? 'other', text }] : []
  })
}

/** The text fits as a whole, as another spelling of itself, or one command of several does. */
function fitsWidely(pattern: string, { kind, text }: Telling): boolean {
  const spellings = {
    command: () => text.split(/[;&|\n\r]+/).map((one) => one.trim()),
    path: () => [plainPath(text)],
    url: () => [hrefOf(text) ?? text],
    other: () => [],
  }[kind]()
  return [text, ...spellings].some((one) => fits(pattern, one))
}

/** What `*` stands for can neither hold another command nor lead to another folder or host. */
function fitsNarrowly(pattern: string, { kind, text }: Telling): boolean {
  switch (kind) {
    case 'command':
      return syntaxIn(text) === syntaxIn(pattern) && fits(pattern, text)
    case 'path':
      return fits(pattern.replaceAll('\\', '/'), plainPath(text))
    case 'url':
      return fitsUrl(pattern, text)
    case 'other':
      return fits(pattern, text)
  }
}

/** A path without `..` on its way, so far as its text tells; Windows spells it with backslashes. */
function plainPath(text: string): string {
  return posix.normalize(text.replaceAll('\\', '/'))
}

/** As many as the pattern itself has means that its `*` stand for none. */
function syntaxIn(text: string): number {
  return text.match(SHELL_SYNTAX)?.length ?? 0
}

/** Host and path are compared apart: the `*` of `https://*.example.com/*` is no path of another host. */
function fitsUrl(pattern: string, text: string): boolean {
  const href = hrefOf(text)
  if (href === undefined) return false
  const [origin, rest] = splitUrl(href)
  const [wantedOrigin, wantedRest] = splitUrl(pattern)
  return fits(wantedOrigin, origin) && fits(wantedRest === '' ? '/' : wantedRest, rest)
}

function splitUrl(url: string): [origin: string, rest: string] {
  const start = url.indexOf('://')
  const slash = url.indexOf('/', start === -1 ? 0 : start + 3)
  return slash === -1 ? [url, ''] : [url.slice(0, slash), url.slice(slash)]
}

/** A URL as it will be asked for; undefined where it is none. */
function hrefOf(text: string): string | undefined {
  return URL.canParse(text) ? new URL(text).href : undefined
}

/** Whether a text is what a pattern with `*` says; takes the first place for each piece, so never long. */
function fits(pattern: string, text: string): boolean {
  const pieces = pattern.split('*')
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (pieces.length === 1) return text === pattern
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let from = first.length
  for (const piece of pieces.slice(1, -1)) {
    const at = text.indexOf(piece, from)
    if (at === -1) return false
    from = at + piece.length
  }
  return from <= end
}
