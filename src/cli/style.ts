import { plainText } from '../kit/plain-text.ts'
import type { CommandContext, Output } from './command.ts'

/** Colours for one output; plain text where it is no terminal or NO_COLOR is set. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
  red(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

/** The colours that an output may be given. */
export function styleOf(context: Pick<CommandContext, 'env'>, output: Output): Style {
  const on = output.isTerminal && !context.env.NO_COLOR && context.env.TERM !== 'dumb'
  // Codes of our own: `node:util` for its styleText takes 2 ms to load (Bun 1.4.5, 2026-11).
  const paint = (begin: number, end: number) => (text: string) =>
    on ? `\x1b[${begin}m${text}\x1b[${end}m` : text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    green: paint(32, 39),
    red: paint(31, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  }
}

/** Tells the user something beside what the command prints. */
export function remark(
  { env, stderr }: Pick<CommandContext, 'env' | 'stderr'>,
  kind: 'Warning' | 'Note',
  text: string,
): void {
  stderr.write(`${styleOf({ env }, stderr).yellow(`${kind}:`)} ${plainText(text)}\n`)
}

/** Rows as columns of equal width. */
export function columns(rows: readonly (readonly string[])[], indent = '  '): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length)
    }
  }
  const line = (row: readonly string[]) =>
    row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')
  return rows.map((row) => `${indent}${line(row)}`.trimEnd()).join('\n')
}
