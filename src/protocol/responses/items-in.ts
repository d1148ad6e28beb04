import { recordsIn, textOf } from '../value.ts'
import type { Segment } from './segments.ts'

/** An output item as its events came in. */
export interface InItem {
  readonly type: string
  readonly id: string | undefined
  /** Whether neither an id nor an index has told it from others. */
  nameless: boolean
  done: boolean
  /** The text of each part so far: by its place in the content, or below zero in the summary. */
  readonly parts: Map<number, string>
  /** Its sources, told once each. */
  readonly cited: Set<string>
  segment: Segment | undefined
  lastPart: number | undefined
  callId: string | undefined
  name: string | undefined
  args: string
  encrypted: string | undefined
}

/** What an event says of the item that it belongs to. */
export interface ItemPlace {
  readonly type: string
  readonly id: string | undefined
  readonly index: number | undefined
  readonly callId?: string | undefined
}

/** The place of an item by itself and the index beside it. */
export function placeOf(value: Record<string, unknown>, index: unknown): ItemPlace {
  return {
    type: textOf(value.type) ?? '',
    id: textOf(value.id),
    index: indexOf(index),
    callId: textOf(value.call_id),
  }
}

/** A number that names a place, else nothing. */
export function indexOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** The parts of a message; some servers write its one text without them. */
export function partsOf({ content }: Record<string, unknown>): Record<string, unknown>[] {
  return typeof content === 'string' ? [{ type: 'output_text', text: content }] : recordsIn(content)
}

/** Sorts events to their items by id, by index or, where a server sends neither, by type. */
export class InItems {
  readonly #all: InItem[] = []
  readonly #byId = new Map<string, InItem>()
  readonly #byIndex = new Map<number, InItem>()

  /** The item of an event; nothing where it names one that was never seen. */
  find(place: ItemPlace): InItem | undefined {
    if (place.id !== undefined) {
      const known = this.#byId.get(place.id)
      if (known !== undefined) return known.type === place.type ? known : undefined
    }
    if (place.callId !== undefined) {
      const same = this.#all.find((item) => item.callId === place.callId)
      if (same !== undefined) return same
    }
    const there = place.index === undefined ? undefined : this.#byIndex.get(place.index)
    if (there !== undefined && isSame(there, place)) return there
    // Neither id nor index: the one of this type that is still growing.
    const named = place.id !== undefined || place.index !== undefined
    const growing = this.#all.findLast((item) => isSame(item, place) && !item.done)
    if (!named) return growing
    return growing?.nameless === true ? this.#named(growing, place) : undefined
  }

  /** What grew without a name has it by now: some servers tell it only with the whole. */
  #named(item: InItem, { id, index }: ItemPlace): InItem {
    item.nameless = false
    if (id !== undefined) this.#byId.set(id, item)
    if (index !== undefined) this.#byIndex.set(index, item)
    return item
  }

  add(place: ItemPlace): InItem {
    const item: InItem = {
      type: place.type,
      id: place.id,
      nameless: place.id === undefined && place.index === undefined,
      done: false,
      parts: new Map(),
      cited: new Set(),
      segment: undefined,
      lastPart: undefined,
      callId: place.callId,
      name: undefined,
      args: '',
      encrypted: undefined,
    }
    this.#all.push(item)
    if (place.id !== undefined) this.#byId.set(place.id, item)
    if (place.index !== undefined) this.#byIndex.set(place.index, item)
    return item
  }

  /** The message whose text this is, as far as it came: some servers end it under another id. */
  messageWith(text: string): InItem | undefined {
    return this.#all.find((item) => {
      if (item.type !== 'message') return false
      const had = [...item.parts.values()].join('')
      return had === text || (!item.done && had !== '' && text.startsWith(had))
    })
  }

  all(): readonly InItem[] {
    return this.#all
  }
}

/** The same index and type are the same item, unless two calls differ in what names them. */
function isSame(item: InItem, place: ItemPlace): boolean {
  if (item.type !== place.type) return false
  if (item.type !== 'function_call') return true
  return (
    textOf(place.callId) === undefined || item.callId === undefined || item.callId === place.callId
  )
}
