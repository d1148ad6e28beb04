import { isRecord } from '../../kit/json.ts'
import type { ToolNames } from '../messages/tool-names.ts'
import { urlCitations } from '../messages/url-citation.ts'
import type { World } from '../protocol.ts'
import { recordsIn, textOf } from '../value.ts'
import { legalCallId } from './call-id.ts'
import { type InItem, InItems, indexOf, partsOf, placeOf } from './items-in.ts'
import { searchContent, searchQuery } from './search-in.ts'
import { isSound, type Segment, SegmentQueue } from './segments.ts'

/** What reading an upstream's response needs beside it. */
export interface ResponsesInOptions {
  readonly world: World
  /** The model as the client asked for it; the reply names no other. */
  readonly model: string
  /** Gives tool names that were cut for the upstream back. */
  readonly names?: ToolNames
  readonly lost?: (path: string) => void
  /** The profile's name: reasoning is replayed to the upstream that it came from. */
  readonly upstream?: string
}

/** Reads the events of output items into segments: whatever an event repeats or a later one completes counts once. */
export class ItemReader {
  readonly queue: SegmentQueue
  readonly #options: ResponsesInOptions
  readonly #items = new InItems()
  #refusal = ''

  constructor(options: ResponsesInOptions) {
    this.#options = options
    this.queue = new SegmentQueue(options.upstream ?? '')
  }

  /** Why the model refused; empty where it did not. */
  get refusal(): string {
    return this.#refusal
  }

  /** Opens what can be opened now that nothing more comes, and tells of the calls. */
  settle(): { readonly calls: number; readonly sound: boolean } {
    for (const item of this.#items.all()) this.#openCall(item, true)
    const calls = this.#items.all().filter((item) => item.segment?.kind === 'call')
    return { calls: calls.length, sound: calls.every((item) => isSound(item.args)) }
  }

  /** A text delta; servers that announce no item are believed. */
  text(event: Record<string, unknown>): void {
    const item = this.#itemOf(event, 'message')
    this.#grow(item, partOf(event, 'content_index'), textOf(event.delta))
  }

  /** The whole text of a part: what of it has not come yet is added. */
  textDone(event: Record<string, unknown>, text: unknown): void {
    const item = this.#find(event, 'message')
    if (item === undefined || item.done) return
    this.#complete(item, partOf(event, 'content_index'), textOf(text))
  }

  /** The sources of a text; they are said as they come and again with the whole item. */
  annotate(event: Record<string, unknown>): void {
    const item = this.#find(event, 'message')
    if (item !== undefined) this.#cite(item, [event.annotation])
    this.queue.advance()
  }

  refuse(event: Record<string, unknown>): void {
    this.#refusal = textOf(event.refusal) ?? this.#refusal + (textOf(event.delta) ?? '')
  }

  /** Summary and full reasoning say the same twice: the kind that comes first counts. */
  reasoning(event: Record<string, unknown>, place: 'summary_index' | 'content_index'): void {
    const item = this.#itemOf(event, 'reasoning')
    const part = partOf(event, place)
    const other = item.lastPart !== undefined && item.lastPart < 0 !== part < 0
    if (!other) this.#grow(item, part, textOf(event.delta))
  }

  arguments(event: Record<string, unknown>): void {
    const item = this.#itemOf(event, 'function_call')
    if (!item.done) this.#addArguments(item, textOf(event.delta) ?? '')
  }

  argumentsDone(event: Record<string, unknown>): void {
    const item = this.#itemOf(event, 'function_call')
    if (item.done) return
    item.name ??= textOf(event.name)
    this.#hydrate(item, argumentsOf(event.arguments))
    this.#openCall(item, false)
    if (item.args !== '' && item.segment?.kind === 'call') item.segment.complete = true
    this.queue.advance()
  }

  itemAdded(event: Record<string, unknown>): void {
    const value = event.item
    if (!isRecord(value)) return
    const place = placeOf(value, event.output_index)
    const known = place.id === undefined ? undefined : this.#items.find(place)
    // A server that gives every item the same index announces another one.
    const over = known?.done === true && known.id !== place.id
    const item = known === undefined || over ? this.#items.add(place) : known
    item.encrypted ??= textOf(value.encrypted_content)
    if (item.type !== 'function_call') return
    item.callId ??= place.callId
    item.name ??= textOf(value.name)
    this.#hydrate(item, argumentsOf(value.arguments))
    this.#openCall(item, false)
  }

  itemDone(value: unknown, index: unknown): void {
    if (!isRecord(value)) return
    const place = placeOf(value, index)
    const item = this.#items.find(place) ?? this.#disguised(value) ?? this.#items.add(place)
    if (item.done) return
    switch (item.type) {
      case 'message':
        this.#messageDone(item, value)
        break
      case 'reasoning':
        this.#reasoningDone(item, value)
        break
      case 'function_call':
        this.#callDone(item, value)
        break
      case 'web_search_call':
        this.#searchDone(item, value)
        break
      default:
        this.#options.lost?.(`output.${item.type}`)
    }
    this.queue.advance()
  }

  #find(event: Record<string, unknown>, type: string): InItem | undefined {
    return this.#items.find({ type, id: textOf(event.item_id), index: indexOf(event.output_index) })
  }

  #itemOf(event: Record<string, unknown>, type: string): InItem {
    const place = { type, id: textOf(event.item_id), index: indexOf(event.output_index) }
    return this.#items.find(place) ?? this.#items.add(place)
  }

  /** A finished item under an id that was never announced: the same words are the same message. */
  #disguised(value: Record<string, unknown>): InItem | undefined {
    if (value.type !== 'message') return undefined
    const text = partsOf(value)
      .map((part) => textOf(part.text) ?? '')
      .join('')
    return text === '' ? undefined : this.#items.messageWith(text)
  }

  #grow(item: InItem, part: number, text: string | undefined): void {
    if (text === undefined || item.done) return
    const had = item.parts.get(part) ?? ''
    const next = item.lastPart !== undefined && item.lastPart !== part
    item.parts.set(part, had + text)
    item.lastPart = part
    const open = item.segment
    if (item.type === 'reasoning')
      this.#addThinking(item, next && had === '' ? `\n\n${text}` : text)
    else if (open?.kind !== 'text' || open.complete || next) {
      const segment: Segment = { kind: 'text', pending: text, complete: false, citations: [] }
      item.segment = segment
      this.queue.enqueue(segment)
    } else {
      open.pending += text
      this.queue.advance()
    }
  }

  #addThinking(item: InItem, text: string): void {
    if (item.segment?.kind === 'thinking') {
      item.segment.pending += text
      this.queue.advance()
      return
    }
    const { encrypted } = item
    const segment: Segment = { kind: 'thinking', pending: text, complete: false, encrypted }
    item.segment = segment
    this.queue.enqueue(segment)
  }

  #complete(item: InItem, part: number, whole: string | undefined): void {
    if (whole === undefined) return
    const had = item.parts.get(part) ?? ''
    if (whole.length > had.length && whole.startsWith(had))
      this.#grow(item, part, whole.slice(had.length))
  }

  #messageDone(item: InItem, value: Record<string, unknown>): void {
    partsOf(value).forEach((part, index) => {
      if (part.type === 'refusal') this.#refusal = textOf(part.refusal) ?? this.#refusal
      else if (typeof part.text === 'string') this.#complete(item, index, part.text)
      else this.#options.lost?.(`output.message.${String(part.type)}`)
      this.#cite(item, part.annotations)
    })
    if (item.segment?.kind === 'text') item.segment.complete = true
    item.done = true
  }

  #cite(item: InItem, annotations: unknown): void {
    const { segment } = item
    if (segment?.kind !== 'text' || segment.complete) return
    for (const citation of urlCitations(annotations, 'responses')) {
      const key = JSON.stringify(citation)
      if (!item.cited.has(key)) segment.citations.push(citation)
      item.cited.add(key)
    }
  }

  #reasoningDone(item: InItem, value: Record<string, unknown>): void {
    item.encrypted = textOf(value.encrypted_content) ?? item.encrypted
    const summary = recordsIn(value.summary)
    const parts = summary.length > 0 ? summary : recordsIn(value.content)
    const shown = summary.length > 0
    if (item.lastPart === undefined || item.lastPart < 0 === shown) {
      parts.forEach((part, index) => {
        this.#complete(item, shown ? -1 - index : index, textOf(part.text))
      })
    }
    // Without text a block is worth opening only if it can be replayed.
    if (item.segment === undefined && item.encrypted !== undefined) this.#addThinking(item, '')
    if (item.segment?.kind === 'thinking') {
      if (!item.segment.complete) item.segment.encrypted = item.encrypted
      item.segment.complete = true
    }
    item.done = true
  }

  #callDone(item: InItem, value: Record<string, unknown>): void {
    item.callId ??= textOf(value.call_id)
    item.name ??= textOf(value.name)
    this.#hydrate(item, argumentsOf(value.arguments))
    this.#openCall(item, true)
    // Arguments may still come with the whole response; `{}` is what a call without any sends.
    if (item.args === '') return
    if (item.segment?.kind === 'call') item.segment.complete = true
    item.done = item.segment !== undefined
  }

  #searchDone(item: InItem, value: Record<string, unknown>): void {
    item.done = true
    const raw = item.id ?? textOf(value.id) ?? this.#options.world.id()
    const id = `srvtoolu_${legalCallId(raw)}`
    const query = searchQuery(value)
    const content = searchContent(value)
    this.queue.enqueue({ kind: 'search', id, query, content, complete: true })
  }

  #hydrate(item: InItem, whole: string | undefined): void {
    if (whole === undefined) return
    if (whole.length > item.args.length && whole.startsWith(item.args)) {
      this.#addArguments(item, whole.slice(item.args.length))
    }
  }

  #addArguments(item: InItem, text: string): void {
    const closed = item.segment?.kind === 'call' && item.segment.complete
    if (closed) return
    item.args += text
    if (item.segment?.kind !== 'call') return
    item.segment.pending += text
    this.queue.advance()
  }

  /** A call opens once it has a name, and an id or no chance of one. */
  #openCall(item: InItem, last: boolean): void {
    if (item.segment !== undefined || item.name === undefined) return
    if (item.callId === undefined && !last) return
    const { world, names } = this.#options
    const id = legalCallId(item.callId ?? '') || `toolu_${world.id()}`
    const name = names?.down(item.name) ?? item.name
    const segment: Segment = { kind: 'call', id, name, pending: item.args, complete: false }
    item.segment = segment
    this.queue.enqueue(segment)
  }
}

/** Some servers send the arguments as an object instead of its JSON. */
function argumentsOf(value: unknown): string | undefined {
  return isRecord(value) ? JSON.stringify(value) : textOf(value)
}

/** A part's key: its place in the content, or below zero its place in the summary. */
function partOf(event: Record<string, unknown>, place: 'summary_index' | 'content_index'): number {
  const index = indexOf(event[place]) ?? 0
  return place === 'summary_index' ? -1 - index : index
}
