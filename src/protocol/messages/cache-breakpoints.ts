import type { Note } from '../protocol.ts'
import type { Block, MessagesRequest } from './schema.ts'

/** The most cache breakpoints that Anthropic takes in one request. */
const MOST = 4
/** Of these the newest messages keep at least so many: the conversation grows at that end. */
const NEWEST = 2

type Holder = { cache_control?: Block['cache_control'] }

/** The request with at most four cache breakpoints: the oldest ones in messages go first. @see translation.md F19 */
export function limitBreakpoints(request: MessagesRequest, notes: Note[]): MessagesRequest {
  const system = typeof request.system === 'string' ? [] : (request.system ?? [])
  const fixed: Holder[] = [...(request.tools ?? []), ...system].filter(isMarked)
  const moving: Holder[] = request.messages
    .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    .filter(isMarked)
  const excess = fixed.length + moving.length - MOST
  if (excess <= 0) return request
  const newest = Math.min(NEWEST, moving.length)
  const order = [...moving.slice(0, moving.length - newest), ...fixed, ...moving.slice(-newest)]
  const dropped = new Set(order.slice(0, excess))
  notes.push(`cache_control: ${excess} of the oldest breakpoints dropped, Anthropic takes ${MOST}`)
  return without(request, dropped)
}

function isMarked(holder: Holder): boolean {
  return holder.cache_control !== undefined && holder.cache_control !== null
}

function without(request: MessagesRequest, dropped: ReadonlySet<Holder>): MessagesRequest {
  const strip = <Item extends Holder>(item: Item): Item => {
    if (!dropped.has(item)) return item
    const copy = { ...item }
    delete copy.cache_control
    return copy
  }
  const out: MessagesRequest = {
    ...request,
    messages: request.messages.map((message) =>
      typeof message.content === 'string'
        ? message
        : { ...message, content: message.content.map(strip) },
    ),
  }
  if (request.tools !== undefined) out.tools = request.tools.map(strip)
  if (Array.isArray(request.system)) out.system = request.system.map(strip)
  return out
}
