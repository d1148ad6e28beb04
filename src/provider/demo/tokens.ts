const TOKEN = / ?\p{L}{1,6}| ?\p{N}{1,3}|\s+| ?[^\s\p{L}\p{N}]{1,3}/gu

/** Cuts text into pieces about as long as a tokenizer's; joined they give the text again. */
function tokenize(text: string): string[] {
  return text.match(TOKEN) ?? []
}

/** The estimated number of tokens of a text. */
export function countTokens(text: string): number {
  return tokenize(text).length
}

/** The text joined from the first `limit` tokens, and whether that cut something off. */
export function cutTokens(
  text: string,
  limit: number,
): { text: string; used: number; cut: boolean } {
  const tokens = tokenize(text)
  if (tokens.length <= limit) return { text, used: tokens.length, cut: false }
  return { text: tokens.slice(0, limit).join(''), used: limit, cut: true }
}

/** A text in the parts that a stream sends it in: a few tokens each. */
export function* deltasOf(text: string, size = 4): Generator<string> {
  const tokens = tokenize(text)
  for (let start = 0; start < tokens.length; start += size) {
    yield tokens.slice(start, start + size).join('')
  }
}
