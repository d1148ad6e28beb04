import { badField, failure } from '../failure.ts'
import { recordsOf } from '../json.ts'
import type { DemoModel } from '../models.ts'
import { type Fields, must, needList, needOneOf, needRecord } from './check.ts'
import { checkBlock } from './check-block.ts'

interface Entry {
  readonly role: string
  readonly blocks: readonly Fields[]
  readonly index: number
}

/** Checks roles, blocks, and that each tool_use has its tool_result in the very next message. */
export function checkMessages(messages: unknown[], model: DemoModel, version: string): void {
  must(messages.length > 0, 'messages', 'at least one message is required')
  must(messages.length <= 100_000, 'messages', 'at most 100000 messages are allowed')
  const entries = messages.map((value, index) => checkMessage(value, index, version))
  const turns = merged(entries.filter((entry) => entry.role !== 'system'))
  must(turns[0]?.role === 'user', 'messages', 'first message must use the "user" role')
  checkPairs(turns)
  const last = turns.at(-1)
  if (last?.role === 'assistant' && !model.prefill) {
    throw failure(
      400,
      'This model does not support assistant message prefill. The conversation must end with a user message.',
      { field: `messages.${last.index}` },
    )
  }
}

function checkMessage(value: unknown, index: number, version: string): Entry {
  const path = `messages.${index}`
  const message = needRecord(value, path)
  const role = needOneOf(message.role, ['user', 'assistant', 'system'], `${path}.role`)
  const { content } = message
  must(content !== undefined, `${path}.content`, 'Field required')
  if (typeof content === 'string') {
    must(content !== '' || role === 'assistant', path, 'user messages must have non-empty content')
    return { role, blocks: [{ type: 'text', text: content }], index }
  }
  const blocks = needList(content, `${path}.content`)
  must(blocks.length > 0 || role === 'assistant', path, 'user messages must have non-empty content')
  for (const [at, block] of blocks.entries()) {
    checkBlock(needRecord(block, `${path}.content.${at}`), {
      role,
      path: `${path}.content.${at}`,
      version,
    })
  }
  return { role, blocks: recordsOf(blocks), index }
}

/** Consecutive turns of one role count as one. */
function merged(entries: readonly Entry[]): Entry[] {
  const turns: Entry[] = []
  for (const entry of entries) {
    const last = turns.at(-1)
    if (last?.role !== entry.role) turns.push(entry)
    else turns.splice(-1, 1, { ...last, blocks: [...last.blocks, ...entry.blocks] })
  }
  return turns
}

function checkPairs(turns: readonly Entry[]): void {
  const seen = new Set<unknown>()
  for (const [at, turn] of turns.entries()) {
    const calls = idsOf(turn, 'tool_use', 'id')
    for (const id of calls) {
      must(!seen.has(id), `messages.${turn.index}`, '`tool_use` ids must be unique')
      seen.add(id)
    }
    const next = turns[at + 1]
    if (calls.length > 0 && next !== undefined) checkAnswered(calls, turn, next)
    if (turn.role === 'user') checkAsked(turn, turns[at - 1])
  }
}

function idsOf(turn: Entry, type: string, key: string): unknown[] {
  return turn.blocks.filter((block) => block.type === type).map((block) => block[key])
}

function checkAnswered(calls: readonly unknown[], turn: Entry, next: Entry): void {
  const answered = idsOf(next, 'tool_result', 'tool_use_id')
  const missing = calls.filter((id) => !answered.includes(id))
  if (missing.length === 0) return
  throw badField(
    `messages.${turn.index}`,
    `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  )
}

function checkAsked(turn: Entry, previous: Entry | undefined): void {
  const asked = previous === undefined ? [] : idsOf(previous, 'tool_use', 'id')
  const answered = idsOf(turn, 'tool_result', 'tool_use_id')
  const stray = answered.find((id) => !asked.includes(id))
  must(
    stray === undefined,
    `messages.${turn.index}.content`,
    `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
  )
  must(
    new Set(answered).size === answered.length,
    `messages.${turn.index}.content`,
    'each tool_use must have a single result',
  )
  const firstOther = turn.blocks.findIndex((block) => block.type !== 'tool_result')
  const late = turn.blocks.findLastIndex((block) => block.type === 'tool_result')
  must(
    asked.length === 0 || firstOther < 0 || firstOther > late,
    `messages.${turn.index}.content`,
    '`tool_result` blocks must come first in the message that follows `tool_use`',
  )
}
