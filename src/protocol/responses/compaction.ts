import { summaryText } from '../messages/compaction.ts'
import type { ResponsesRequest } from './schema.ts'

const SEAL = 'ccproxy.compaction.1.'

/** What asks a model that knows no compaction for one. */
export const COMPACTION_PROMPT = `Summarize this conversation so that it can go on from your summary alone: none of the messages above will be there.
Say what the user wants and has decided, what was done and what came of it, how things stand now and what is to be done next. Keep every name, path, value and piece of code that will be needed, exactly as it is.
Call no tools. Answer with the summary and nothing else.`

/** Whether a client asks for a compaction of its conversation in place of an answer, as Codex does. */
export function isCompacting({ input }: ResponsesRequest): boolean {
  return Array.isArray(input) && input.some((item) => item.type === 'compaction_trigger')
}

/** The request for the summary that a compaction is: in free words, by no tool. */
export function asCompaction(body: ResponsesRequest): ResponsesRequest {
  return { ...body, tool_choice: 'none', text: null }
}

/** Puts a summary into the `encrypted_content` that a client sends back in place of what it summarizes. */
export function sealCompaction(summary: string): string {
  return SEAL + Buffer.from(summary).toString('base64url')
}

/** What a model reads of a compaction of our making; another vendor's gives nothing. */
export function compactionText(content: string): string | undefined {
  if (!content.startsWith(SEAL)) return undefined
  const summary = Buffer.from(content.slice(SEAL.length), 'base64url').toString()
  return summaryText(summary)
}
