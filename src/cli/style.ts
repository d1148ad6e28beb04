import { styleText } from 'node:util'
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
  const paint = (format: 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan') => (text: string) =>
    on ? styleText(format, text, { validateStream: false }) : text
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    green: paint('green'),
    red: paint('red'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
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
