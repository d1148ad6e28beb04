import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './child.ts'

/** What README.md says. */
export const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

/** A fenced block of it. */
export interface Block {
  readonly language: string
  readonly text: string
  /** Where it begins. */
  readonly line: number
}

/** The fenced blocks, in their order. */
export function blocks(language: string): Block[] {
  return [...README.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .map((match) => ({
      language: match[1] ?? '',
      text: match[2] ?? '',
      line: README.slice(0, match.index).split('\n').length,
    }))
    .filter((block) => block.language === language)
}

/** The commands of a shell block: continued lines joined, remarks left out. */
export function commandsOf({ text }: Block): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter((line) => line !== '')
}

/** What stands in backticks in the rows of a table, by its first cell. */
export function tableBelow(heading: string): Map<string, string[][]> {
  const section = README.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = section.split('\n').filter((line) => /^\| (?!-)/.test(line))
  return new Map(
    rows.slice(1).map((row) => {
      const cells = row.slice(2, -2).split(/ (?<!\\)\| /)
      return [cells[0] ?? '', cells.map(inlineCode)]
    }),
  )
}

/** What stands in backticks, outside fenced blocks. */
export function inlineCode(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/`([^`\n]+(?:\n[^`\n]+)?)`/g)].map(([, code = '']) =>
    code.replaceAll('\n', ' ').replaceAll('\\|', '|'),
  )
}
