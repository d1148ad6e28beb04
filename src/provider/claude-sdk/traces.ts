import type { Block, BlockDelta, StreamEvent } from '../../protocol/messages/schema.ts'
import { resultBlocks } from './history.ts'

/**
 * How what Claude Code's own tools did reaches the caller: `blocks` as Anthropic's MCP blocks, which say that a call
 * has been run already; `text` for clients of other protocols; `none` leaves it out.
 */
export type TraceForm = 'blocks' | 'text' | 'none'

const SERVER = 'claude-code'

/** The form that the settings ask for: clients of other protocols than Messages read text only. */
export function traceForm(
  mode: 'forward' | 'ignore' | 'formatted',
  translated: boolean,
): TraceForm {
  switch (mode) {
    case 'ignore':
      return 'none'
    case 'formatted':
      return 'text'
    case 'forward':
      return translated ? 'text' : 'blocks'
  }
}

/** One call of one of Claude Code's own tools. */
export interface TracedCall {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

/** A call as the content that tells of it. */
export function callTrace(form: TraceForm, { id, name, input }: TracedCall): Block | undefined {
  switch (form) {
    case 'none':
      return undefined
    case 'blocks':
      return Object.assign({ type: 'mcp_tool_use', id, name, input }, { server_name: SERVER })
    case 'text':
      return text(
        `\n<tool_call name="${escaped(name)}">\n${escaped(pretty(input))}\n</tool_call>\n`,
      )
  }
}

/** A result as the content that tells of it. */
export function resultTrace(form: TraceForm, name: string, result: Block): Block | undefined {
  const { tool_use_id = '', is_error = false } = result
  const content = resultBlocks(result.content)
  switch (form) {
    case 'none':
      return undefined
    case 'blocks':
      return { type: 'mcp_tool_result', tool_use_id, is_error, content }
    case 'text': {
      const failed = is_error ? ' is_error="true"' : ''
      const said = content.map((block) => shown(block)).join('\n')
      return text(
        `\n<tool_result name="${escaped(name)}"${failed}>\n${escaped(said)}\n</tool_result>\n`,
      )
    }
  }
}

/** Content that comes whole, as the events of a block. */
export function wholeBlock(index: number, block: Block): StreamEvent[] {
  const isText = block.type === 'text'
  const opening = isText ? { type: 'text', text: '' } : block
  const deltas: BlockDelta[] = isText ? [{ type: 'text_delta', text: block.text ?? '' }] : []
  return [
    { type: 'content_block_start', index, content_block: opening },
    ...deltas.map((delta): StreamEvent => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

function text(value: string): Block {
  return { type: 'text', text: value }
}

function shown(block: Record<string, unknown>): string {
  return block.type === 'text' && typeof block.text === 'string' ? block.text : `[${block.type}]`
}

function pretty(input: unknown): string {
  return JSON.stringify(input, null, 2) ?? ''
}

/** What a tool printed must not look like the end of its own trace. */
function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
