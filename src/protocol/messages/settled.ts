import { Value } from '@sinclair/typebox/value'
import { isRecord } from '../../kit/json.ts'
import { invalidField } from '../check.ts'
import type { Note } from '../protocol.ts'
import { textOf } from '../value.ts'
import { withSummaries } from './compaction.ts'
import { type Block, type MessagesRequest, type RequestMessage, Tool } from './schema.ts'

/**
 * The request as it stands where the model is to go on, for an upstream that cannot change course in a conversation:
 * with the tools that system messages added or took away, with the effort that the current turn was given, with the
 * summaries of compactions as texts, and without the texts that were to be shown for one turn only. Every message keeps its place.
 */
export function settled(asked: MessagesRequest, notes: Note[]): MessagesRequest {
  const request = withSummaries(asked)
  if (!request.messages.some(({ role }) => role === 'system')) return request
  const lastUser = request.messages.findLastIndex(({ role }) => role === 'user')
  const turn = request.messages.findLastIndex(isPrompt)
  const tools = new Toolbox(request.tools ?? [], notes)
  let effort: string | undefined
  const messages = request.messages.map((message, index) => {
    if (message.role !== 'system') return message
    if (index > turn) effort = textOf(message.output_config?.effort) ?? effort
    const content = tools.change(message.content, `messages.${index}.content`)
    const over = message.clear_at === 'next_user_message' && index < lastUser
    return { ...message, content: over ? [] : content }
  })
  const out: MessagesRequest = { ...request, messages }
  if (tools.changed) out.tools = tools.offered()
  if (effort !== undefined) out.output_config = { ...request.output_config, effort }
  return out
}

/** A user message that begins a turn: the results of calls alone go on with one. */
function isPrompt({ role, content }: RequestMessage): boolean {
  if (role !== 'user') return false
  return typeof content === 'string' || content.some(({ type }) => type !== 'tool_result')
}

/** The tools that the model may call, as a conversation changes them. */
class Toolbox {
  readonly #notes: Note[]
  readonly #known = new Map<string, Tool>()
  readonly #offered = new Map<string, Tool>()
  changed = false

  constructor(tools: readonly Tool[], notes: Note[]) {
    this.#notes = notes
    for (const [index, tool] of tools.entries()) this.#offer(tool.name ?? `#${index}`, tool)
  }

  offered(): Tool[] {
    return [...this.#offered.values()]
  }

  /** Makes the changes that a system message asks for; what is left of it is its text. */
  change(content: RequestMessage['content'], path: string): RequestMessage['content'] {
    if (typeof content === 'string') return content
    return content.filter((block, index) => {
      if (block.type === 'tool_addition') this.#add(block, `${path}.${index}`)
      else if (block.type === 'tool_removal') this.#remove(block, `${path}.${index}`)
      else return true
      return false
    })
  }

  #add({ tool }: Block, path: string): void {
    if (isRecord(tool) && tool.type === 'tool_definition') {
      const { definition } = tool
      if (!Value.Check(Tool, definition) || textOf(definition.name) === undefined) {
        throw invalidField(`${path}.tool.definition`, 'it must be a tool with a name')
      }
      this.#offer(definition.name ?? '', definition)
      this.changed = true
      return
    }
    const name = nameOf(tool)
    const known = this.#known.get(name ?? '')
    if (name === undefined || known === undefined) {
      this.#notes.push(`${path}: a tool that the request does not define is not added`)
      return
    }
    this.changed ||= !this.#offered.has(name)
    this.#offered.set(name, known)
  }

  #remove({ tool }: Block, path: string): void {
    const name = nameOf(tool)
    if (name === undefined) this.#notes.push(`${path}: tools of MCP servers do not go up at all`)
    else if (this.#offered.delete(name)) this.changed = true
  }

  #offer(name: string, tool: Tool): void {
    this.#known.set(name, tool)
    this.#offered.set(name, tool)
  }
}

function nameOf(tool: unknown): string | undefined {
  return isRecord(tool) && tool.type === 'tool_reference' ? textOf(tool.name) : undefined
}
