/**
 * 2026-11: gpt-tokenizer, because it alone is exact, pure JavaScript (nothing to unpack in the
 * compiled binary) and fast on short pieces. Loading its o200k_base takes about 0.25 s and 100 MB,
 * so it is imported when the first estimate is asked for, and never by a proxy that needs none.
 */
interface Tokenizer {
  count(text: string): number
  /** Its merge cache holds pieces of what clients sent; nothing of that outlives an estimate. */
  forget(): void
}

/** The longest text handed to the tokenizer at once: its merge is quadratic in one long word. */
const SEGMENT_CHARS = 1024
/** How long to count before other requests get their turn. */
const SLICE_MS = 8
const BLANK = /\s/
/** After a letter or a digit, what can be neither of them, nor a mark, nor a contraction's `'`. */
const WORD_END = /[\p{L}\p{N}](?=[^\p{L}\p{N}\p{M}'])/gu

let loading: Promise<Tokenizer> | undefined
let sliceStart = 0

/** The o200k_base tokenizer, loaded once; a failed load is tried again. */
function load(): Promise<Tokenizer> {
  loading ??= import('gpt-tokenizer/encoding/o200k_base').then(
    ({ countTokens, clearMergeCache }) => {
      // Like a server, it reads `<|endoftext|>` in a client's text as those 13 characters.
      const plain = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() }
      return { count: (text) => countTokens(text, plain), forget: () => clearMergeCache() }
    },
    (error: unknown) => {
      loading = undefined
      throw error
    },
  )
  return loading
}

/**
 * The o200k_base tokens of a text. It is exact, except in a run of over 1024 characters without
 * any word's end, where each further 1024 may count a token more.
 */
export async function countO200k(text: string): Promise<number> {
  const tokenizer = await load()
  let tokens = 0
  for (let from = 0; from < text.length; ) {
    const to = segmentEnd(text, from)
    tokens += tokenizer.count(text.slice(from, to))
    from = to
    if (performance.now() - sliceStart > SLICE_MS) await pause()
  }
  return tokens
}

/** Drops what the tokenizer remembers of the texts counted so far. */
export async function forgetTexts(): Promise<void> {
  if (loading !== undefined) (await loading).forget()
}

async function pause(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
  sliceStart = performance.now()
}

/**
 * Where to cut: o200k_base never joins across these places, so the parts count as the whole does.
 * A space after a non-blank is the usual one; scripts without spaces are cut behind a word.
 */
function segmentEnd(text: string, from: number): number {
  const limit = from + SEGMENT_CHARS
  if (limit >= text.length) return text.length
  for (let at = text.lastIndexOf(' ', limit); at > from; at = text.lastIndexOf(' ', at - 1)) {
    if (!BLANK.test(text.charAt(at - 1))) return at
  }
  const window = text.slice(from, limit)
  let end = 0
  for (const match of window.matchAll(WORD_END)) end = match.index + match[0].length
  if (end > 0) return from + end
  const isPairSplit = /[\uD800-\uDBFF]/.test(text.charAt(limit - 1))
  return isPairSplit ? limit - 1 : limit
}
