import { freshId } from '../fresh-id.ts'
import type { Note } from '../protocol.ts'
import { refused } from './parts-in.ts'
import type { ChatMessage, ChatToolCall } from './schema.ts'
import { legalToolId } from './tool-id.ts'

/** One tool call of the history, with the id that it gets in the hub and the output that answers it. */
export interface CallSite {
  readonly id: string
  readonly original: string
  readonly name: string
  readonly args: string
  /** Where the called function stands. */
  readonly path: string
  result: { readonly message: ChatMessage; readonly path: string } | undefined
}

/** The calls of each assistant message, by the message's index, each with the last output that the client sent for it. */
export function callSites(messages: ChatMessage[], notes: Note[]): Map<number, CallSite[]> {
  const sites = new Map<number, CallSite[]>()
  const all: CallSite[] = []
  const taken = new Set<string>()
  messages.forEach((message, index) => {
    if (message.role === 'assistant') {
      const calls = callsOf(message, index, taken)
      sites.set(index, calls)
      all.push(...calls)
    } else if (message.role === 'tool' || message.role === 'function') {
      answer(message, index, all, notes)
    }
  })
  return sites
}

function answer(message: ChatMessage, index: number, all: CallSite[], notes: Note[]): void {
  const path = `messages.${index}`
  const site = siteFor(message, all)
  if (site === undefined) {
    notes.push(`${path}: a tool output without a call is dropped`)
    return
  }
  if (site.result !== undefined) {
    notes.push(`${site.result.path}: replaced by the later output of the same call in ${path}`)
  }
  site.result = { message, path }
}

/** The latest call of that id before the output; an output without an id answers the oldest open call. */
function siteFor(message: ChatMessage, all: CallSite[]): CallSite | undefined {
  if (message.role === 'function') {
    return all.find((site) => site.name === message.name && site.result === undefined)
  }
  const id = message.tool_call_id ?? ''
  if (id === '') return all.find((site) => site.result === undefined)
  return all.findLast((site) => site.original === id)
}

function callsOf(message: ChatMessage, index: number, taken: Set<string>): CallSite[] {
  const path = `messages.${index}`
  const calls = (message.tool_calls ?? []).map((call, at) =>
    siteOf(call, `${path}.tool_calls.${at}.function`, taken, `call_${index}_${at}`),
  )
  if (message.function_call) {
    const call = { function: message.function_call }
    calls.push(siteOf(call, `${path}.function_call`, taken, `call_${index}_f`))
  }
  return calls
}

function siteOf(call: ChatToolCall, path: string, taken: Set<string>, fallback: string): CallSite {
  const { function: called } = call
  if (called === undefined || called.name === '') {
    throw refused(`${path}.name`, 'a call needs the name of its function')
  }
  const original = call.id ?? ''
  const own = legalToolId(original) || fallback
  // Anthropic refuses an id twice in a conversation; small models count from call_0 on each turn.
  const id = freshId(own, taken)
  return {
    id,
    original,
    name: called.name,
    args: called.arguments ?? '',
    path,
    result: undefined,
  }
}
