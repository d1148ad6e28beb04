import { isBlank, objectIn } from '../value.ts'
import type { CallDelta } from './delta-in.ts'

/** One tool call as its deltas came in. */
export interface Call {
  readonly order: number
  /** The upstream's index, or a place in the order where it sends none. */
  readonly key: number
  id: string | undefined
  name: string | undefined
  args: string
  readonly scan: Scan
  state: 'unnamed' | 'waiting' | 'open' | 'closed'
}

/** What is open in a call's arguments, as far as they have been looked through. */
interface Scan {
  /** What came since. */
  unseen: string
  depth: number
  inside: 'nothing' | 'string' | 'escape'
}

/** Sorts the deltas of tool calls to their calls, whichever of index, id and name the vendor sends. */
export class Calls {
  readonly #calls: Call[] = []
  readonly #byKey = new Map<number, Call>()
  #last: Call | undefined

  /** The call that a delta belongs to, with the delta's id and name taken in. */
  take(delta: CallDelta): Call {
    const call = this.#find(delta) ?? this.#add(delta)
    this.#last = call
    // The first id and name count: vendors repeat them on every delta, or send null later.
    call.id ??= delta.id
    call.name ??= delta.name
    return call
  }

  /** Every call of which at least an id, a name or arguments came: with none of them there is no call. */
  all(): Call[] {
    return this.#calls.filter(
      ({ id, name, args }) => id !== undefined || name !== undefined || args !== '',
    )
  }

  /** Calls that never got both id and name, in the upstream's order. */
  unstarted(): Call[] {
    return this.all()
      .filter((call) => call.state === 'unnamed')
      .sort((a, b) => a.key - b.key)
  }

  /** Arguments are nothing or a JSON object; a stream cannot take back what it sent of others. */
  sound(): boolean {
    return this.all().every(({ args }) => isBlank(args) || objectIn(args) !== undefined)
  }

  #find(delta: CallDelta): Call | undefined {
    if (delta.index === undefined) return this.#findUnindexed(delta)
    const call = this.#byKey.get(delta.index)
    return call === undefined || isAnother(delta, call) ? undefined : call
  }

  #findUnindexed(delta: CallDelta): Call | undefined {
    const last = this.#last
    if (delta.id !== undefined) {
      const same = this.#calls.find((call) => call.id === delta.id)
      if (same !== undefined) return same
      return last !== undefined && last.id === undefined && delta.name === undefined
        ? last
        : undefined
    }
    if (delta.name === undefined || last === undefined) return last
    const goesOn = last.name === delta.name && objectIn(last.args) === undefined
    return goesOn ? last : undefined
  }

  #add(delta: CallDelta): Call {
    const order = this.#calls.length
    const key = delta.index ?? order
    const scan: Scan = { unseen: '', depth: 0, inside: 'nothing' }
    const nameless = { id: undefined, name: undefined, args: '' }
    const call: Call = { order, key, ...nameless, scan, state: 'unnamed' }
    this.#calls.push(call)
    this.#byKey.set(key, call)
    return call
  }
}

/**
 * Whether a named delta begins another call at the same index. Ollama and Gemini's endpoint send every parallel call
 * whole at index 0, some without ids (2026-02); vLLM gave each piece of one call an id of its own (gpt-oss, 2025-08).
 */
function isAnother({ id, name, args = '' }: CallDelta, call: Call): boolean {
  if (name === undefined || call.name === undefined) return false
  const other = name !== call.name
  // Looked at first: to parse what came at each piece would cost the square of their number.
  const over = BEGINNING.test(args) && isComplete(call)
  if (id !== undefined && call.id !== undefined && id !== call.id) {
    return other || isBlank(call.args) || over
  }
  // Without another id, only arguments behind whole ones show that a call is over.
  return over && (other || !isBlank(args))
}

/** How the arguments of a call begin: with an object, or with nothing yet. */
const BEGINNING = /^\s*(?:\{|$)/

/** Adds to a call's arguments. */
export function grow(call: Call, args: string): void {
  call.args += args
  call.scan.unseen += args
}

/** Whether a call's arguments are whole. Only what is new is looked at: a long text grows by little pieces. */
export function isComplete({ args, scan }: Call): boolean {
  const { unseen } = scan
  scan.unseen = ''
  for (let at = 0; at < unseen.length; at++) step(scan, unseen.charCodeAt(at))
  return scan.depth === 0 && scan.inside === 'nothing' && objectIn(args) !== undefined
}

const QUOTE = 34
const BACKSLASH = 92
const OPENING = 123
const CLOSING = 125

function step(scan: Scan, character: number): void {
  if (scan.inside === 'escape') scan.inside = 'string'
  else if (scan.inside === 'string') {
    if (character === QUOTE) scan.inside = 'nothing'
    else if (character === BACKSLASH) scan.inside = 'escape'
  } else if (character === QUOTE) scan.inside = 'string'
  else if (character === OPENING) scan.depth += 1
  else if (character === CLOSING) scan.depth -= 1
}
