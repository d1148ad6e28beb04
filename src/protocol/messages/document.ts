import { isRecord } from '../../kit/json.ts'
import type { Note } from '../protocol.ts'
import { textOf } from '../value.ts'
import type { Block } from './schema.ts'

/** What stands above a document that goes up as text: its title and what its sender says of it. */
export function documentHead(block: Block): string {
  return [textOf(block.title), contextOf(block)].filter((part) => part !== undefined).join('\n')
}

/** A document's text below its head. */
export function headed(block: Block, text: string): string {
  const head = documentHead(block)
  return head === '' ? text : `${head}\n${text}`
}

/** Notes what of a document or search result another upstream cannot be told; a file has no place for its context. */
export function noteLost(block: Block, path: string, notes: Note[], asFile: boolean): void {
  const { citations } = block
  if (isRecord(citations) && citations.enabled === true) {
    notes.push(`${path}.citations: the answer will not say where its words come from`)
  }
  if (asFile && contextOf(block) !== undefined)
    notes.push(`${path}.context: dropped, files have none`)
}

function contextOf(block: Block): string | undefined {
  return 'context' in block ? textOf(block.context) : undefined
}
