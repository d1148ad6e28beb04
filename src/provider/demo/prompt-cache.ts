import { isRecord } from '../../kit/json.ts'
import { countTokens } from './tokens.ts'

const LEAST_TOKENS = 1024
const LIFETIME_SECONDS = 300
const MOST_ENTRIES = 1_000

/** Remembers prompt prefixes up to their last cache breakpoint for five minutes, as the real cache does. */
export class PromptCache {
  readonly #until = new Map<string, number>()

  constructor(readonly now: () => number) {}

  /** Tokens of this body that are read from the cache, and written to it. */
  look(body: Record<string, unknown>, total: number): { read: number; write: number } {
    const prefixes = prefixesOf(body).filter((prefix) => prefix.tokens >= LEAST_TOKENS)
    const marked = prefixes.filter((prefix) => prefix.marked)
    const last = marked.at(-1)
    if (last === undefined) return { read: 0, write: 0 }
    const now = this.now()
    // An earlier turn's breakpoint may stand anywhere in this prompt, no longer marked.
    const hit = prefixes
      .filter((prefix) => prefix.tokens <= last.tokens)
      .findLast((prefix) => (this.#until.get(prefix.digest) ?? 0) > now)
    for (const prefix of marked) this.#keep(prefix.digest, now + LIFETIME_SECONDS)
    const read = Math.min(hit?.tokens ?? 0, total)
    return { read, write: Math.min(last.tokens, total) - read }
  }

  #keep(digest: string, until: number): void {
    this.#until.delete(digest)
    this.#until.set(digest, until)
    const oldest = this.#until.keys().next().value
    if (this.#until.size > MOST_ENTRIES && oldest !== undefined) this.#until.delete(oldest)
  }
}

interface Prefix {
  readonly digest: string
  readonly tokens: number
  /** Ends at a cache breakpoint. */
  readonly marked: boolean
}

/** The prompt up to each block, in the order tools, system, messages. */
function prefixesOf(body: Record<string, unknown>): Prefix[] {
  const hasher = new Bun.CryptoHasher('sha256').update(String(body.model))
  const prefixes: Prefix[] = []
  let tokens = 0
  for (const part of partsOf(body)) {
    const text = JSON.stringify(part, (key, value: unknown) =>
      key === 'cache_control' ? undefined : value,
    )
    hasher.update(text)
    tokens += countTokens(text)
    const marked = isRecord(part.cache_control)
    prefixes.push({ digest: hasher.copy().digest('hex'), tokens, marked })
  }
  return prefixes
}

function partsOf(body: Record<string, unknown>): Record<string, unknown>[] {
  const messages = Array.isArray(body.messages) ? body.messages : []
  const contents = messages.flatMap((message: unknown) => {
    if (!isRecord(message)) return []
    return Array.isArray(message.content) ? message.content : [{ text: message.content }]
  })
  return [body.tools, body.system, contents].flat().filter(isRecord)
}
