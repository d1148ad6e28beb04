import type { ModelTraits } from './fake-check-body.ts'
import { demand, refuse } from './fake-refusal.ts'
import { asJson, type Issued, isJson, type Json } from './fake-reply.ts'

const USER_BLOCKS = [
  ...['text', 'image', 'document', 'search_result', 'tool_result', 'container_upload'],
  ...['mcp_tool_listing', 'compaction'],
]
const ASSISTANT_BLOCKS = [
  ...['text', 'thinking', 'redacted_thinking', 'tool_use', 'server_tool_use', 'mcp_tool_use'],
  ...['mcp_tool_result', 'advisor_tool_result', 'fallback', 'compaction', 'web_search_tool_result'],
  ...['web_fetch_tool_result', 'code_execution_tool_result', 'bash_code_execution_tool_result'],
  ...['text_editor_code_execution_tool_result', 'tool_search_tool_result'],
]
const SYSTEM_BLOCKS = ['text', 'tool_addition', 'tool_removal']

/** Keys of the blocks whose shape is closed. */
const BLOCK_KEYS: Readonly<Record<string, readonly string[]>> = {
  text: ['type', 'text', 'citations', 'cache_control'],
  thinking: ['type', 'thinking', 'signature'],
  redacted_thinking: ['type', 'data'],
  tool_use: ['type', 'id', 'name', 'input', 'caller', 'toolset_name', 'cache_control'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'toolset_name', 'cache_control'],
}

interface Turn {
  readonly role: string
  readonly blocks: Json[]
  readonly at: string
}

/** Refuses a conversation that the real API refuses. @see wire.md 1.3 */
export function checkMessages(body: Json, issued: Issued, traits: ModelTraits): void {
  demand(Array.isArray(body.messages), 'messages: Field required')
  demand(body.messages.length > 0, 'messages: at least one message is required')
  demand(body.messages.length <= 100000, 'messages: too many messages')
  const turns = body.messages.map((entry, index) => readTurn(entry, index))
  demand(turns[0]?.role !== 'assistant', 'messages: first message must use the "user" role')
  const ids = new Set<string>()
  for (const turn of turns) {
    for (const [index, block] of turn.blocks.entries()) {
      checkBlock(turn.role, block, `${turn.at}.content.${index}`, issued)
      if (block.type === 'tool_use') claimId(ids, block.id)
    }
  }
  const merged = mergeTurns(turns)
  checkAdjacency(merged)
  const prefilled = merged.at(-1)?.role === 'assistant'
  demand(!(prefilled && traits.prefillRefused), 'This model does not support assistant prefill.')
}

function readTurn(entry: unknown, index: number): Turn {
  const at = `messages.${index}`
  demand(isJson(entry), `${at}: Input should be an object`)
  const role = String(entry.role)
  demand(['user', 'assistant', 'system'].includes(role), `${at}.role: unexpected "${role}"`)
  if (typeof entry.content === 'string') {
    demand(entry.content !== '', `${at}: user messages must have non-empty content`)
    return { role, blocks: [{ type: 'text', text: entry.content }], at }
  }
  demand(Array.isArray(entry.content), `${at}.content: Field required`)
  demand(entry.content.length > 0, `${at}: all messages must have non-empty content`)
  return { role, blocks: entry.content.map(asJson), at }
}

function claimId(ids: Set<string>, id: unknown): void {
  demand(!ids.has(String(id)), 'messages: `tool_use` ids must be unique')
  ids.add(String(id))
}

function checkBlock(role: string, block: Json, at: string, issued: Issued): void {
  const type = String(block.type)
  const known = { user: USER_BLOCKS, assistant: ASSISTANT_BLOCKS, system: SYSTEM_BLOCKS }[role]
  demand(known?.includes(type) === true, `${at}: Input tag '${type}' is not allowed for ${role}`)
  const keys = BLOCK_KEYS[type]
  const extra = keys === undefined ? undefined : Object.keys(block).find((k) => !keys.includes(k))
  demand(extra === undefined, `${at}.${extra}: Extra inputs are not permitted`)
  switch (type) {
    case 'text':
      demand(typeof block.text === 'string', `${at}.text: Field required`)
      demand(block.text.trim() !== '', 'messages: text content blocks must be non-empty')
      return
    case 'thinking':
      demand(typeof block.signature === 'string', `${at}.signature: Field required`)
      demand(issued.knows(block.signature, block.thinking), `${at}: Invalid \`signature\``)
      return
    case 'tool_use':
      demand(/^[A-Za-z0-9_-]+$/.test(String(block.id)), `${at}.id: String should match pattern`)
      demand(isJson(block.input), `${at}.input: Input should be a valid dictionary`)
      return
    case 'tool_result':
      checkResult(block, at)
      return
    case 'image':
      demand(isJson(block.source), `${at}.source: Field required`)
      return
    default:
      return
  }
}

function checkResult(block: Json, at: string): void {
  demand(typeof block.tool_use_id === 'string', `${at}.tool_use_id: Field required`)
  const allowed = ['text', 'image', 'search_result', 'document', 'tool_reference', 'browser_state']
  const content = block.content ?? ''
  if (typeof content === 'string') return
  demand(Array.isArray(content), `${at}.content: Input should be a valid list`)
  for (const entry of content) {
    const part = asJson(entry)
    demand(allowed.includes(String(part.type)), `${at}.content: unexpected ${String(part.type)}`)
    const empty = part.type === 'text' && part.text === ''
    demand(!empty, 'messages: text content blocks must be non-empty')
  }
}

/** Consecutive turns of one role count as one; system turns stand beside the conversation. */
function mergeTurns(turns: readonly Turn[]): Turn[] {
  const merged: Turn[] = []
  for (const turn of turns) {
    if (turn.role === 'system') continue
    const last = merged.at(-1)
    if (last?.role === turn.role) last.blocks.push(...turn.blocks)
    else merged.push({ ...turn, blocks: [...turn.blocks] })
  }
  return merged
}

function checkAdjacency(turns: readonly Turn[]): void {
  for (const [index, turn] of turns.entries()) {
    const uses = idsOf(turn, 'tool_use', 'id')
    const next = turns[index + 1]
    const answered = next === undefined ? [] : idsOf(next, 'tool_result', 'tool_use_id')
    const missing = uses.filter((id) => !answered.includes(id))
    if (missing.length > 0 && next !== undefined) {
      refuse(
        `${turn.at}: \`tool_use\` ids were found without \`tool_result\`: ${missing.join(', ')}`,
      )
    }
    if (missing.length > 0) refuse(`${turn.at}: final \`tool_use\` without \`tool_result\``)
    const results = idsOf(turn, 'tool_result', 'tool_use_id')
    const before = turns[index - 1]
    const asked = before === undefined ? [] : idsOf(before, 'tool_use', 'id')
    const stray = results.find((id) => !asked.includes(id))
    demand(stray === undefined, `${turn.at}: unexpected \`tool_use_id\` found: ${stray}`)
    demand(new Set(results).size === results.length, `${turn.at}: duplicate \`tool_result\``)
    checkResultsFirst(turn)
  }
}

function checkResultsFirst(turn: Turn): void {
  const firstOther = turn.blocks.findIndex((block) => block.type !== 'tool_result')
  const late = turn.blocks.findIndex((b, i) => b.type === 'tool_result' && i > firstOther)
  demand(firstOther === -1 || late === -1, `${turn.at}: \`tool_result\` blocks must come first`)
}

function idsOf(turn: Turn, type: string, key: string): string[] {
  return turn.blocks.filter((block) => block.type === type).map((block) => String(block[key]))
}
