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

/**
 * The numbers of names that this process knows. Each is asked for again once a day, which notes in the database that it
 * is in use; a name that nobody noted for longer than rows are kept can be deleted without any process missing it.
 */
export class Names {
  #known = new Map<string, number>()
  #day = 0

  /** The names among these rows' that have to be asked for, sorted, each once. */
  missing(rows: readonly NewRow[], instance: string, now: number): Name[] {
    const day = dayOf(now)
    if (day !== this.#day || this.#known.size > MOST) this.#known = new Map()
    this.#day = day
    const missing = new Map<string, Name>()
    const look = (kind: NameKind, text: string) => {
      const full = keyOf(kind, text)
      if (!this.#known.has(full)) missing.set(full, { kind, text })
    }
    look('instance', instance)
    for (const row of rows) {
      for (const [field, , kind] of NAMED) {
        const text = row[field]
        if (typeof text === 'string') look(kind, text)
      }
    }
    return [...missing.keys()].sort().flatMap((full) => missing.get(full) ?? [])
  }

  learn(name: Name, id: number): void {
    this.#known.set(keyOf(name.kind, name.text), id)
  }

  /** Forgets all: what was learnt in a transaction that did not end well may not be there. */
  forget(): void {
    this.#known = new Map()
  }

  idOf(kind: NameKind, text: string | undefined): number | null {
    if (text === undefined) return null
    const id = this.#known.get(keyOf(kind, text))
    if (id === undefined) throw new Error(`Name "${text}" was not asked for`)
    return id
  }
}

function keyOf(kind: NameKind, text: string): string {
  return `${kind}\n${text}`
}

/** Notes a name as used and gives its number, in both dialects. */
export const NAME_SQL = `INSERT INTO name (kind, text, used) VALUES ($1, $2, $3)
  ON CONFLICT (kind, text) DO UPDATE SET used = excluded.used RETURNING id`
