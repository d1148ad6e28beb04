import { isBlank } from '../value.ts'
import type { Block, MessagesRequest } from './schema.ts'

const BILLING = 'x-anthropic-billing-header:'

/**
 * The system prompt's text blocks for an upstream that is not Anthropic: without empty ones and without Claude
 * Code's billing header, whose hash changes with each request and would defeat prefix caching.
 */
export function foreignSystem(system: MessagesRequest['system']): Block[] {
  const blocks: Block[] =
    typeof system === 'string' ? [{ type: 'text', text: system }] : (system ?? [])
  const kept: Block[] = []
  for (const block of blocks) {
    const text = withoutBilling(block.text ?? '')
    if (block.type !== 'text') kept.push(block)
    else if (!isBlank(text)) kept.push(text === block.text ? block : { ...block, text })
  }
  return kept
}

function withoutBilling(text: string): string {
  if (!text.startsWith(BILLING)) return text
  const end = text.indexOf('\n')
  return end === -1 ? '' : text.slice(end + 1)
}

/** A system message in the middle of a conversation, as the user text that foreign models take it for. */
export function systemReminder(text: string): string {
  return `<system-reminder>\n${text}\n</system-reminder>`
}
