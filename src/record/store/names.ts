import type { NewRow } from './store.ts'

// Texts that repeat (models, paths, errors, sessions, …) are stored once, and rows hold their numbers: a third of the
// size, and a search for a part of such a text looks at the few different ones instead of at each row.

/** What a text is the name of. */
export type NameKind =
  | 'instance'
  | 'client'
  | 'address'
  | 'session'
  | 'word'
  | 'path'
  | 'provider'
  | 'model'
  | 'ended'
  | 'notes'
  | 'error'

/** A text and what it is the name of. */
export interface Name {
  readonly kind: NameKind
  readonly text: string
}

/** The columns that hold names; `word` is any short word that nobody asks for alone. */
export const NAMED: readonly (readonly [field: keyof NewRow, column: string, kind: NameKind])[] = [
  ['client', 'client', 'client'],
  ['address', 'address', 'address'],
  ['session', 'session', 'session'],
  ['mode', 'mode', 'word'],
  ['method', 'method', 'word'],
  ['path', 'path', 'path'],
  ['protocol', 'protocol', 'word'],
  ['wire', 'wire', 'word'],
  ['provider', 'provider', 'provider'],
  ['kind', 'kind', 'word'],
  ['model', 'model', 'model'],
  ['upstreamModel', 'upstream_model', 'model'],
  ['ended', 'ended', 'ended'],
  ['stopReason', 'stop_reason', 'word'],
  ['notes', 'notes', 'notes'],
  ['error', 'error', 'error'],
]

const DAY_MS = 86_400_000
/** More different texts than this are not remembered at once. */
const MOST = 20_000

/** The day that a name is noted to have been used on. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS)
}

type Known = Readonly<Record<NameKind, Map<string, number>>>

/**
 * The numbers of names that this process knows. Each is asked for again once a day, which notes in the database that it
 * is in use; a name that nobody noted for longer than rows are kept can be deleted without any process missing it.
 */
export class Names {
  readonly #ask: ((name: Name, day: number) => number) | undefined
  #known = nothingKnown()
  #count = 0
  #day = 0

  /** @param ask gives the number of a name that is not known; without it all must have been learnt before */
  constructor(ask?: (name: Name, day: number) => number) {
    this.#ask = ask
  }

  /** To be called before each write: what was learnt on another day is asked for again. */
  begin(now: number): void {
    const day = dayOf(now)
    if (day !== this.#day || this.#count > MOST) this.forget()
    this.#day = day
  }

  /** The names among these rows' that have to be learnt, sorted, each once. */
  missing(rows: readonly NewRow[], instance: string): Name[] {
    const missing = new Map<string, Name>()
    const look = (kind: NameKind, text: string) => {
      if (!this.#known[kind].has(text)) missing.set(`${kind}\n${text}`, { kind, text })
    }
    look('instance', instance)
    for (const row of rows) {
      for (const [field, , kind] of NAMED) {
        const text = row[field]
        if (typeof text === 'string') look(kind, text)
      }
    }
    return [...missing].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, name]) => name)
  }

  learn(name: Name, id: number): void {
    this.#known[name.kind].set(name.text, id)
    this.#count += 1
  }

  /** Forgets all: what was learnt in a transaction that did not end well may not be there. */
  forget(): void {
    this.#known = nothingKnown()
    this.#count = 0
  }

  /** Forgets all at the next write: one that is under way goes on with what it learnt. */
  forgetNext(): void {
    this.#day = 0
  }

  idOf(kind: NameKind, text: string | undefined): number | null {
    if (text === undefined) return null
    const known = this.#known[kind].get(text)
    if (known !== undefined) return known
    if (this.#ask === undefined) throw new Error(`Name "${text}" was not learnt`)
    const name = { kind, text }
    const id = this.#ask(name, this.#day)
    this.learn(name, id)
    return id
  }
}

function nothingKnown(): Known {
  return {
    instance: new Map(),
    client: new Map(),
    address: new Map(),
    session: new Map(),
    word: new Map(),
    path: new Map(),
    provider: new Map(),
    model: new Map(),
    ended: new Map(),
    notes: new Map(),
    error: new Map(),
  }
}

/**
 * Marks all names as of rows that are gone. They stay: another process that knows their numbers goes on with them, and
 * each is as before once it is noted again.
 */
export const RETIRE_NAMES_SQL = 'UPDATE name SET used = -used WHERE used > 0'

/** Deletes the names that nobody noted since a day. */
export const FORGET_NAMES_SQL = 'DELETE FROM name WHERE abs(used) < $1'

/** Notes a name as used and gives its number, in both dialects. */
export const NAME_SQL = `INSERT INTO name (kind, text, used) VALUES ($1, $2, $3)
  ON CONFLICT (kind, text) DO UPDATE SET used = excluded.used RETURNING id`
