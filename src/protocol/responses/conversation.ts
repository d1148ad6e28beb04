import type { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { invalidField } from '../check.ts'
import type { Block, RequestMessage } from '../messages/schema.ts'
import { systemReminder } from '../messages/system.ts'
import type { Note } from '../protocol.ts'
import { objectIn, textOf } from '../value.ts'
import { pairCalls } from './call-pairs.ts'
import { COMPACTION_PROMPT, compactionText } from './compaction.ts'
import { isClaudeSignature, openSealed } from './envelope.ts'
import { blocksOfContent, type ImageDetails, textsOfContent } from './parts-in.ts'
import type { Item } from './schema.ts'
import type { NamedTools } from './tool-names.ts'
import { TurnList } from './turns.ts'

/** What the input becomes in the hub. */
export interface Conversation {
  readonly system: string[]
  readonly messages: RequestMessage[]
  readonly imageDetails: ImageDetails
}

interface Reader {
  readonly details: ImageDetails
  readonly tools: NamedTools
  readonly notes: Note[]
  readonly turns: TurnList
  readonly system: string[]
  /** The id of each call and output. */
  readonly ids: ReadonlyMap<Item, string>
  readonly called: ReadonlySet<string>
}

/** Reads a request's input items into a system prompt and alternating messages. */
export function readConversation(
  items: readonly Item[],
  tools: NamedTools,
  notes: Note[],
): Conversation {
  const details: ImageDetails = new Map()
  const ids = pairCalls(items)
  const results = toolResults(items, ids, details, notes)
  const reader: Reader = {
    tools,
    notes,
    details,
    turns: new TurnList(results),
    system: [],
    ids,
    called: new Set(items.filter(isCall).map((item) => ids.get(item) ?? '')),
  }
  let leading = true
  for (const [index, item] of items.entries()) {
    const path = `input.${index}`
    const system = item.role === 'system' || item.role === 'developer'
    if (system && isMessage(item)) readSystem(item, path, leading, reader)
    else readItem(item, path, reader)
    leading &&= system
  }
  return { system: reader.system, messages: reader.turns.messages(), imageDetails: details }
}

function isMessage(item: Item): boolean {
  return item.type === 'message' || (item.type ?? '') === ''
}

/**
 * Instructions before the conversation are its system prompt. Later ones stay in their place: moving them up
 * would change the prefix that prompt caches and thinking blocks are bound to.
 */
function readSystem(item: Item, path: string, leading: boolean, reader: Reader): void {
  const texts = textsOfContent(item.content)
  if (Array.isArray(item.content) && item.content.some((part) => textOf(part.text) === undefined)) {
    reader.notes.push(`${path}.content: only text can stand in a ${item.role} message`)
  }
  if (texts.length === 0) return
  if (leading) {
    reader.system.push(...texts)
    return
  }
  reader.notes.push(
    `${path}.role: a later ${item.role} message became a reminder in the user's turn`,
  )
  reader.turns.user([{ type: 'text', text: systemReminder(texts.join('\n')) }])
}

function readItem(item: Item, path: string, reader: Reader): void {
  if (isMessage(item)) {
    readMessage(item, path, reader)
    return
  }
  switch (item.type) {
    case 'reasoning':
      reader.turns.assistant(thinkingOf(item, path, reader.notes))
      return
    case 'function_call':
    case 'custom_tool_call':
    case 'tool_search_call':
      reader.turns.call(toolUse(item, path, reader))
      return
    case 'function_call_output':
    case 'custom_tool_call_output':
    case 'tool_search_output':
      readOutput(item, path, reader)
      return
    case 'additional_tools':
      return
    case 'compaction':
      reader.turns.user([{ type: 'text', text: summaryOf(item, path) }])
      return
    case 'compaction_trigger':
      reader.notes.push(`${path}: the compaction is a summary that the model was asked for`)
      reader.turns.user([{ type: 'text', text: COMPACTION_PROMPT }])
      return
    case 'web_search_call':
      reader.notes.push(`${path}: a past web search is not sent again; the answer that used it is`)
      return
    default:
      throw refused(path, item)
  }
}

function summaryOf(item: Item, path: string): string {
  const text = compactionText(item.encrypted_content ?? '')
  if (text !== undefined) return text
  throw invalidField(`${path}.encrypted_content`, 'only a compaction made here can be read')
}

function readMessage(item: Item, path: string, reader: Reader): void {
  if (item.role === 'assistant') {
    reader.turns.assistant(blocksOfContent(item.content, `${path}.content`, reader.details))
  } else if (item.role === 'user') {
    if (item.content === undefined || item.content === null) {
      throw invalidField(`${path}.content`, 'it must be a string or an array of parts')
    }
    reader.turns.user(blocksOfContent(item.content, `${path}.content`, reader.details))
  } else if (item.role === undefined || item.role === null) {
    throw refused(path, { ...item, type: 'item_reference' })
  } else {
    throw invalidField(`${path}.role`, `"${item.role}" is not a role`)
  }
}

/** Our own envelope gives the block back exactly; another vendor's reasoning cannot be replayed here. */
function thinkingOf(item: Item, path: string, notes: Note[]): Block[] {
  const content = textOf(item.encrypted_content)
  const sealed = content === undefined ? undefined : openSealed(content)
  if (sealed?.kind === 'redacted') {
    return sealed.data === '' ? [] : [{ type: 'redacted_thinking', data: sealed.data }]
  }
  if (sealed !== undefined) {
    const { thinking, signature } = sealed
    return [{ type: 'thinking', thinking, ...(signature === undefined ? {} : { signature }) }]
  }
  if (content !== undefined && isClaudeSignature(content)) {
    const summary = textsOfContent(item.summary)
    const texts = summary.length > 0 ? summary : textsOfContent(item.content)
    return [{ type: 'thinking', thinking: texts.join('\n\n'), signature: content }]
  }
  notes.push(`${path}: reasoning that is not of this gateway's making cannot be replayed`)
  return []
}

function toolUse(item: Item, path: string, reader: Reader): Block {
  const id = reader.ids.get(item) ?? ''
  const name = item.type === 'tool_search_call' ? 'tool_search' : textOf(item.name)
  if (name === undefined) throw invalidField(`${path}.name`, 'a call needs the name of its tool')
  const flat = reader.tools.flat(name, item.namespace)
  return { type: 'tool_use', id, name: flat, input: inputOf(item, path, reader.notes) }
}

function inputOf(item: Item, path: string, notes: Note[]): Record<string, unknown> {
  if (item.type === 'custom_tool_call') {
    return { input: typeof item.input === 'string' ? item.input : '' }
  }
  if (isRecord(item.arguments)) return item.arguments
  const json = textOf(item.arguments)
  if (json === undefined || json.trim() === '') return {}
  const value = objectIn(json)
  if (value !== undefined) return value
  notes.push(`${path}.arguments: not a JSON object, so sent as the text of one field`)
  return { arguments: json }
}

/** All results by call id; the last output of a call counts. */
function toolResults(
  items: readonly Item[],
  ids: ReadonlyMap<Item, string>,
  details: ImageDetails,
  notes: Note[],
): Map<string, Block> {
  const results = new Map<string, Block>()
  for (const [index, item] of items.entries()) {
    const id = isCall(item) ? undefined : ids.get(item)
    if (id === undefined) continue
    const path = `input.${index}`
    if (results.has(id)) notes.push(`${path}: a second output of call "${id}" replaces the first`)
    const content = resultContent(item, path, details)
    results.set(id, { type: 'tool_result', tool_use_id: id, content })
  }
  return results
}

function isCall(item: Item): boolean {
  return item.type?.endsWith('_call') === true
}

function resultContent(item: Item, path: string, details: ImageDetails): string | Block[] {
  if (item.type === 'tool_search_output') return foundTools(item.tools)
  const output = item.output
  if (typeof output === 'string') return output
  if (output === undefined || output === null) return ''
  if (!Array.isArray(output)) return JSON.stringify(output)
  const blocks = blocksOfContent(output, `${path}.output`, details)
  return blocks.length === 0 ? '' : blocks
}

/** What a tool search found: the tools themselves join the request's, here the model reads their names. */
function foundTools(tools: unknown): string {
  const names = (Array.isArray(tools) ? tools : []).flatMap((tool: unknown) =>
    isRecord(tool) ? (textOf(tool.name) ?? []) : [],
  )
  return names.length === 0 ? 'No tools found' : `Tools now available: ${names.join(', ')}`
}

function readOutput(item: Item, path: string, reader: Reader): void {
  if (reader.called.has(reader.ids.get(item) ?? '')) {
    reader.turns.output()
    return
  }
  reader.notes.push(`${path}: an output without its call became text`)
  const content = resultContent(item, path, reader.details)
  const blocks =
    typeof content === 'string' ? blocksOfContent(content, path, reader.details) : content
  reader.turns.user(blocks)
}

function refused(path: string, item: Item): ProxyError {
  if (item.type === 'item_reference') {
    return invalidField(
      path,
      'items are not stored here; send the whole item, with store set to false',
    )
  }
  return invalidField(`${path}.type`, `"${item.type}" items cannot be translated`)
}
