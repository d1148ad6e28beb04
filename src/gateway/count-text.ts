import type { TokenFamily } from './token-family.ts'
import { countO200k } from './tokenizer.ts'

const HAN = / ?[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu
const HANGUL = / ?\p{Script=Hangul}+/gu
/** Letters of no script above and not Latin, with the space that o200k_base joins to a word. */
const OTHER = / ?(?:[^\P{L}\p{Script=Latin}]|\p{M})+/gu
const WORD = / ?[\p{L}\p{M}]+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+/gu
/** A whole word of six letters or more. */
const LONG_WORD = /\p{L}{6,}/gu
const NUMBER = /\p{N}+/gu
const NOT_LATIN = /[^\P{L}\p{Script=Latin}]|\p{M}/u

/** A text this long is worth remembering: system prompts and tools come again with each request. */
const CACHED_CHARS = 2048
const CACHE_ENTRIES = 512
/** How much text is sorted into scripts and words at once, so that a long one blocks nobody. */
const SLICE_CHARS = 32_768
/** Numbers only, by length and hash: no text of a client is kept. */
const cache = new Map<string, number>()

/** How many tokens a model of the family would count in a text; a fraction, rounded by the caller. */
export async function countText(text: string, family: TokenFamily): Promise<number> {
  if (text.length < CACHED_CHARS) return count(text, family)
  const key = `${family.name}:${text.length}:${Bun.hash(text)}`
  const known = cache.get(key)
  const tokens = known ?? (await count(text, family))
  cache.delete(key)
  cache.set(key, tokens)
  const oldest = cache.keys().next().value
  if (cache.size > CACHE_ENTRIES && oldest !== undefined) cache.delete(oldest)
  return tokens
}

async function count(text: string, family: TokenFamily): Promise<number> {
  const { word, split, han, otherScript } = family
  if (word === 1 && split === 1 && han === 1 && otherScript === 1) return countO200k(text)
  let tokens = 0
  for (let from = 0; from < text.length; ) {
    const limit = from + SLICE_CHARS
    const space = limit < text.length ? text.lastIndexOf(' ', limit) : -1
    const to = space > from ? space : limit
    tokens += await countScripts(text.slice(from, to), family)
    from = to
  }
  return tokens
}

async function countScripts(text: string, family: TokenFamily): Promise<number> {
  const { han, hangul, otherScript } = family
  let latin = text
  let tokens = 0
  if (NOT_LATIN.test(text)) {
    const take = async (script: RegExp, weight: number) => {
      const found = latin.match(script)
      if (found === null) return
      latin = latin.replace(script, '')
      tokens += weight * (await countO200k(found.join('')))
    }
    await take(HAN, han)
    await take(HANGUL, hangul)
    await take(OTHER, otherScript)
  }
  return tokens + (await countLatin(latin, family))
}

async function countLatin(text: string, family: TokenFamily): Promise<number> {
  const tokens = await countO200k(text)
  const words = Math.min(tokens, matches(text, WORD))
  const digits = family.singleDigits ? extraDigits(text) : 0
  const long = family.longWord > 0 ? Math.min(words, matches(text, LONG_WORD)) : 0
  return words * family.word + long * family.longWord + (tokens - words) * family.split + digits
}

function matches(text: string, pattern: RegExp): number {
  let found = 0
  for (const _ of text.matchAll(pattern)) found++
  return found
}

function extraDigits(text: string): number {
  let extra = 0
  for (const [digits] of text.matchAll(NUMBER))
    extra += digits.length - Math.ceil(digits.length / 3)
  return extra
}
