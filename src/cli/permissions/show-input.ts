import { isRecord } from '../../kit/json.ts'
import { plainText, wrapped } from '../../kit/plain-text.ts'
import type { Style } from '../style.ts'

/** One line of an input, and how it is meant. */
interface Line {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** An input as it is shown. */
export interface ShownInput {
  readonly text: string
  /** Something was left out. */
  readonly cut: boolean
}

const WIDTH = 74
/** Of a longer input so many lines of its beginning and of its end are shown: the worst may stand last. */
const HEAD_LINES = 24
const TAIL_LINES = 12

/** A tool's input for the terminal, every line behind a bar; `whole` shows all of it. */
export function showInput(tool: string, input: unknown, style: Style, whole = false): ShownInput {
  const lines = linesOf(tool, input).flatMap(({ sign, text }) =>
    plainText(text)
      .split('\n')
      .flatMap((line) => wrapped(line, WIDTH))
      .map((line): Line => ({ sign, text: line })),
  )
  const shown = lines.map((line) => paint(line, style))
  const left = lines.length - HEAD_LINES - TAIL_LINES
  if (whole || left <= 1) return { text: shown.join('\n'), cut: false }
  const note = `… ${left} lines are not shown: press v to see all of it`
  return {
    text: [
      ...shown.slice(0, HEAD_LINES),
      style.yellow(note),
      ...shown.slice(lines.length - TAIL_LINES),
    ].join('\n'),
    cut: true,
  }
}

function paint({ sign, text }: Line, style: Style): string {
  const line = sign === ' ' ? text : `${sign} ${text}`
  const painted = { ' ': line, '-': style.red(line), '+': style.cyan(line) }[sign]
  return `${style.dim('│')} ${painted}`
}

function linesOf(tool: string, input: unknown): Line[] {
  if (!isRecord(input)) return [plain(json(input))]
  const { command, old_string: before, new_string: after, content, edits, ...rest } = input
  const lines: Line[] = []
  if (typeof command === 'string') lines.push(plain(`$ ${command}`))
  else if (command !== undefined) lines.push(...fields({ command }))
  lines.push(...fields(rest))
  lines.push(...change(before, after))
  const writes = tool === 'Write' && typeof content === 'string'
  if (writes) lines.push({ sign: '+', text: content })
  else if (content !== undefined) lines.push(...fields({ content }))
  if (Array.isArray(edits)) lines.push(...edits.flatMap((edit) => linesOf(tool, edit)))
  else if (edits !== undefined) lines.push(...fields({ edits }))
  return lines.length === 0 ? [plain('(no input)')] : lines
}

/** An edit as what goes and what comes. */
function change(before: unknown, after: unknown): Line[] {
  if (typeof before === 'string' && typeof after === 'string') {
    return [
      { sign: '-', text: before },
      { sign: '+', text: after },
    ]
  }
  return fields({
    ...(before === undefined ? {} : { old_string: before }),
    ...(after === undefined ? {} : { new_string: after }),
  })
}

function fields(record: Readonly<Record<string, unknown>>): Line[] {
  return Object.entries(record).map(([name, value]) => {
    const text = typeof value === 'string' ? value : json(value)
    return plain(text.includes('\n') ? `${name}:\n${text}` : `${name}: ${text}`)
  })
}

function plain(text: string): Line {
  return { sign: ' ', text }
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2) ?? String(value)
}
