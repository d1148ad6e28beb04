import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../../../src/kit/json.ts'
import { recordsIn } from '../../../src/protocol/value.ts'
import { framesOf } from '../../support/golden.ts'

type Json = Record<string, unknown>

/** The events of a Responses stream, each frame's name equal to its type. */
function eventsIn(text: string): Json[] {
  return framesOf(text).map((frame) => {
    const event: unknown = JSON.parse(frame.data)
    if (!isRecord(event)) throw new Error(`No object: ${frame.data}`)
    if (event.type !== frame.event) throw new Error(`Frame ${frame.event} holds ${event.type}`)
    return event
  })
}

const RESPONSE_KEYS = (
  'id object created_at status error incomplete_details instructions metadata model output ' +
  'parallel_tool_calls temperature tool_choice tools top_p'
).split(' ')

/** One item while it is open: what its deltas added up to, by the field of the finished item. */
interface OpenItem {
  readonly item: Json
  readonly texts: Map<string, string>
  parts: number
  openPart: string | undefined
}

/** Holds a Responses stream against the API's own order; strict, for our own output. Throws where it is broken. */
export class ResponseStreamChecker {
  #sequence = 0
  #phase: 'start' | 'created' | 'running' | 'over' = 'start'
  #open: OpenItem | undefined
  readonly #done: Json[] = []
  readonly #ids = new Set<unknown>()

  static check(text: string): Json[] {
    const events = eventsIn(text)
    const checker = new ResponseStreamChecker()
    for (const event of events) checker.push(event)
    checker.end()
    return events
  }

  push(event: Json): void {
    const type = String(event.type)
    if (event.sequence_number !== this.#sequence) throw new Error(`${type}: sequence number`)
    this.#sequence += 1
    if (this.#phase === 'over') throw new Error(`${type} after the end`)
    if (type === 'response.created') this.#step('start', 'created', event)
    else if (type === 'response.in_progress') this.#step('created', 'running', event)
    else if (this.#phase !== 'running') throw new Error(`${type} before response.in_progress`)
    else if (/^response\.(completed|incomplete|failed)$/.test(type)) this.#terminal(type, event)
    else if (type === 'response.output_item.added') this.#added(event)
    else if (type === 'response.output_item.done') this.#itemDone(event)
    else this.#inside(type, event)
  }

  end(): void {
    if (this.#phase !== 'over') throw new Error('The stream has no end')
  }

  #step(from: string, to: 'created' | 'running', event: Json): void {
    if (this.#phase !== from) throw new Error(`${event.type} out of place`)
    this.#phase = to
    const response = responseOf(event)
    if (response.status !== 'in_progress') throw new Error('Status is not in_progress')
    if (recordsIn(response.output).length > 0) throw new Error('Output before the start')
  }

  #terminal(type: string, event: Json): void {
    const response = responseOf(event)
    if (`response.${response.status}` !== type) throw new Error(`${type} with ${response.status}`)
    if (type !== 'response.failed' && this.#open !== undefined) throw new Error('An item is open')
    if (!isDeepStrictEqual(response.output, this.#done))
      throw new Error('Output differs from items')
    if (type === 'response.incomplete' && !isRecord(response.incomplete_details)) {
      throw new Error('incomplete without details')
    }
    if ((type === 'response.failed') !== isRecord(response.error)) throw new Error('error field')
    this.#phase = 'over'
  }

  #added(event: Json): void {
    const item = itemOf(event)
    if (this.#open !== undefined) throw new Error('Two items are open')
    if (event.output_index !== this.#done.length) throw new Error('output_index has a gap')
    if (this.#ids.has(item.id)) throw new Error('An item id is used twice')
    this.#ids.add(item.id)
    this.#open = { item, texts: new Map(), parts: 0, openPart: undefined }
  }

  #itemDone(event: Json): void {
    const item = itemOf(event)
    const open = this.#at(event)
    if (item.id !== open.item.id || item.type !== open.item.type) throw new Error('Another item')
    if (open.openPart !== undefined) throw new Error('A part is open')
    for (const [field, text] of open.texts) {
      if (fieldOf(item, field) !== text) throw new Error(`${field} differs from its deltas`)
    }
    this.#done.push(item)
    this.#open = undefined
  }

  #inside(type: string, event: Json): void {
    const open = this.#at(event)
    if (event.item_id !== open.item.id) throw new Error(`${type}: another item_id`)
    const [, name = '', verb = ''] = /^response\.([a-z_]+)\.([a-z_.]+)$/.exec(type) ?? []
    switch (name) {
      case 'content_part':
      case 'reasoning_summary_part':
        this.#part(open, name, verb, event)
        return
      case 'output_text':
      case 'refusal':
      case 'reasoning_summary_text':
        this.#text(open, name, verb, event)
        return
      case 'function_call_arguments':
        this.#field(open, 'function_call', 'arguments', verb, event)
        return
      case 'custom_tool_call_input':
        this.#field(open, 'custom_tool_call', 'input', verb, event)
        return
      case 'web_search_call':
        if (open.item.type !== 'web_search_call') throw new Error(`${type} in another item`)
        return
      default:
        throw new Error(`Unknown event ${type}`)
    }
  }

  #part(open: OpenItem, name: string, verb: string, event: Json): void {
    const index = name === 'content_part' ? event.content_index : event.summary_index
    const key = `${name === 'content_part' ? 'content' : 'summary'}.${index}`
    if (verb === 'added') {
      if (open.openPart !== undefined || index !== open.parts) throw new Error('Part out of place')
      open.openPart = key
      open.parts += 1
      return
    }
    if (open.openPart !== key) throw new Error('The end of a part that is not open')
    open.openPart = undefined
    const { part } = event
    const kind = isRecord(part) && part.type === 'refusal' ? 'refusal' : 'text'
    if (!isRecord(part) || part[kind] !== (open.texts.get(`${key}.${kind}`) ?? '')) {
      throw new Error('A part differs from its deltas')
    }
  }

  #text(open: OpenItem, name: string, verb: string, event: Json): void {
    const summary = name === 'reasoning_summary_text'
    const key = summary ? `summary.${event.summary_index}` : `content.${event.content_index}`
    if (open.openPart !== key) throw new Error(`${name} outside its part`)
    if (verb === 'annotation.added') return
    const field = `${key}.${name === 'refusal' ? 'refusal' : 'text'}`
    if (name === 'output_text' && !Array.isArray(event.logprobs)) throw new Error('No logprobs')
    grow(open, field, verb, verb === 'delta' ? event.delta : (event.text ?? event.refusal))
  }

  #field(open: OpenItem, type: string, field: string, verb: string, event: Json): void {
    if (open.item.type !== type) throw new Error(`${field} in a ${open.item.type}`)
    if (open.item[field] !== '') throw new Error(`An item starts with ${field}`)
    if (type === 'function_call' && verb === 'done' && event.name !== open.item.name) {
      throw new Error('The name is missing')
    }
    grow(open, field, verb, verb === 'delta' ? event.delta : event[field])
  }

  #at(event: Json): OpenItem {
    const open = this.#open
    if (open === undefined) throw new Error(`${event.type} outside an item`)
    if (event.output_index !== this.#done.length) throw new Error(`${event.type}: output_index`)
    return open
  }
}

function grow(open: OpenItem, field: string, verb: string, text: unknown): void {
  if (typeof text !== 'string') throw new Error(`${field}: no text`)
  const before = open.texts.get(field) ?? ''
  if (verb === 'delta') {
    if (text === '') throw new Error(`${field}: empty delta`)
    open.texts.set(field, before + text)
  } else if (verb !== 'done' || text !== before)
    throw new Error(`${field}: done differs from deltas`)
}

function fieldOf(item: Json, path: string): unknown {
  let value: unknown = item
  for (const key of path.split('.')) {
    if (Array.isArray(value)) value = value[Number(key)]
    else value = isRecord(value) ? value[key] : undefined
  }
  return value
}

function responseOf(event: Json): Json {
  const { response } = event
  if (!isRecord(response)) throw new Error(`${event.type} without a response`)
  for (const key of RESPONSE_KEYS)
    if (!(key in response)) throw new Error(`response without ${key}`)
  if (response.object !== 'response') throw new Error('object is not response')
  return response
}

const ITEM_KEYS: Readonly<Record<string, readonly string[]>> = {
  message: ['id', 'status', 'role', 'content'],
  reasoning: ['id', 'summary'],
  function_call: ['id', 'status', 'call_id', 'name', 'arguments'],
  custom_tool_call: ['id', 'status', 'call_id', 'name', 'input'],
  tool_search_call: ['id', 'status', 'call_id', 'execution', 'arguments'],
  web_search_call: ['id', 'status', 'action'],
  compaction: ['id', 'encrypted_content'],
}

function itemOf(event: Json): Json {
  const { item } = event
  if (!isRecord(item)) throw new Error(`${event.type} without an item`)
  const keys = ITEM_KEYS[String(item.type)]
  if (keys === undefined) throw new Error(`Unknown item ${item.type}`)
  for (const key of keys) if (!(key in item)) throw new Error(`${item.type} without ${key}`)
  return item
}
