import { isRecord } from '../../kit/json.ts'
import type { Block, RequestMessage } from '../messages/schema.ts'
import type { Note } from '../protocol.ts'
import { isBlank, objectIn } from '../value.ts'
import { type CallSite, callSites } from './call-sites.ts'
import {
  type ImageDetails,
  partsIn,
  refused,
  textBlocks,
  thinkingIn,
  withCache,
} from './parts-in.ts'
import type { ChatMessage } from './schema.ts'

/** A conversation in the hub's form. */
export interface Conversation {
  readonly system: Block[]
  readonly messages: RequestMessage[]
  readonly imageDetails: ImageDetails
}

interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: Block[]
}

/** Chat messages as system blocks and alternating turns; each call's output stands right behind its call. */
export function messagesIn(messages: ChatMessage[], notes: Note[]): Conversation {
  const builder = new Builder(callSites(messages, notes), notes)
  for (const [index, message] of messages.entries()) builder.add(message, index)
  return builder.end()
}

class Builder {
  readonly #sites: Map<number, CallSite[]>
  readonly #notes: Note[]
  readonly #details: ImageDetails = new Map()
  readonly #system: Block[] = []
  readonly #turns: Turn[] = []
  /** Calls of the assistant turn that is being built. */
  #open: CallSite[] = []

  constructor(sites: Map<number, CallSite[]>, notes: Note[]) {
    this.#sites = sites
    this.#notes = notes
  }

  add(message: ChatMessage, index: number): void {
    const path = `messages.${index}`
    switch (message.role) {
      case 'system':
      case 'developer':
        checkContent(message, path)
        this.#addSystem(message, path)
        break
      case 'user':
        checkContent(message, path)
        this.#addUser(
          withCache(partsIn(message.content, `${path}.content`, this.#details), message),
        )
        break
      case 'assistant':
        this.#addAssistant(message, index)
        break
      case 'tool':
      case 'function':
        this.#answer()
        break
      default:
        throw refused(`${path}.role`, `role "${message.role}" is unknown`)
    }
  }

  end(): Conversation {
    this.#answer()
    return { system: this.#system, messages: this.#turns, imageDetails: this.#details }
  }

  #addSystem(message: ChatMessage, path: string): void {
    for (const block of withCache(
      partsIn(message.content, `${path}.content`, this.#details),
      message,
    )) {
      if (block.type === 'text') this.#system.push(block)
      else this.#notes.push(`${path}: ${block.type} in a ${message.role} message dropped`)
    }
  }

  #addUser(blocks: Block[]): void {
    if (blocks.length === 0) return
    this.#answer()
    this.#turn('user').push(...blocks)
  }

  #addAssistant(message: ChatMessage, index: number): void {
    const path = `messages.${index}`
    const said = [
      ...thinkingIn(message),
      ...partsIn(message.content, `${path}.content`, this.#details),
      ...textBlocks(message.refusal),
    ]
    if (isRecord(message.audio)) this.#notes.push(`${path}.audio: not kept here, dropped`)
    const sites = this.#sites.get(index) ?? []
    const calls = sites.map(toolUse)
    const blocks = withCache([...said, ...calls], message)
    if (blocks.length === 0) return
    const turn = this.#turn('assistant')
    const firstCall = turn.findIndex((block) => block.type === 'tool_use')
    // Words after a call that waits for its output go before it: the output must follow the call.
    const at = firstCall === -1 ? turn.length : firstCall
    turn.splice(at, 0, ...blocks.filter((block) => block.type !== 'tool_use'))
    turn.push(...blocks.filter((block) => block.type === 'tool_use'))
    this.#open.push(...sites)
  }

  /** The outputs of the open calls, in the calls' order, as the head of a user turn. */
  #answer(): void {
    const results = this.#open.flatMap((site) => toolResult(site, this.#details))
    this.#open = []
    if (results.length > 0) this.#turn('user').push(...results)
  }

  /** The last turn's content if it is of that role, else a new turn's. */
  #turn(role: Turn['role']): Block[] {
    const last = this.#turns.at(-1)
    if (last?.role === role) return last.content
    const content: Block[] = []
    this.#turns.push({ role, content })
    return content
  }
}

/** Only an assistant's message may do without content. */
function checkContent({ content }: ChatMessage, path: string): void {
  if (content === undefined || content === null) {
    throw refused(`${path}.content`, 'it must be a string or an array of parts')
  }
}

function toolUse(site: CallSite): Block {
  const input = isBlank(site.args) ? {} : objectIn(site.args)
  if (input === undefined) {
    throw refused(`${site.path}.arguments`, 'arguments must be a JSON object')
  }
  return { type: 'tool_use', id: site.id, name: site.name, input }
}

function toolResult(site: CallSite, details: ImageDetails): Block[] {
  if (site.result === undefined) return []
  const { message, path } = site.result
  const { content } = message
  const said =
    typeof content === 'string' || content === undefined || content === null
      ? (content ?? '')
      : partsIn(content, `${path}.content`, details)
  const block: Block = { type: 'tool_result', tool_use_id: site.id, content: said }
  return withCache([message.is_error === true ? { ...block, is_error: true } : block], message)
}
