import { textOf } from '../value.ts'
import type { Block, MessagesRequest } from './schema.ts'

/** How a summary is told to a model that takes it for an ordinary text. */
export function summaryText(summary: string): string {
  return `The conversation before this was compacted. Its summary:\n\n${summary}`
}

/** The request with the summaries that Claude's compactions hold as texts, for an upstream that knows no compaction. */
export function withSummaries(request: MessagesRequest): MessagesRequest {
  if (!request.messages.some(({ content }) => holdsSummary(content))) return request
  const messages = request.messages.map((message) => {
    const { content } = message
    if (typeof content === 'string' || !holdsSummary(content)) return message
    return { ...message, content: content.map(asText) }
  })
  return { ...request, messages }
}

function holdsSummary(content: string | readonly Block[]): boolean {
  return typeof content !== 'string' && content.some((block) => summaryOf(block) !== undefined)
}

function summaryOf(block: Block): string | undefined {
  return block.type === 'compaction' ? textOf(block.content) : undefined
}

function asText(block: Block): Block {
  const summary = summaryOf(block)
  return summary === undefined ? block : { type: 'text', text: summaryText(summary) }
}
