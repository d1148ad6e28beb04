declare global {
  /** What TypeScript's own declarations do not have yet. @see https://tc39.es/proposal-json-parse-with-source/ */
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown
    rawJSON(text: string): unknown
  }
}

/** A number of so many digits may be more than a double holds; looking for one costs next to nothing. */
const LONG = /[:,[]\s*-?[0-9]{16}/
const INTEGER = /^-?[0-9]+$/

/**
 * Parses JSON so that ids beyond 2^53 (snowflakes, 64-bit keys) are written again with all their digits.
 * Such a number is no number to the reader, who may only pass it on. Undefined where the text is no JSON.
 */
export function parseExact(text: string): unknown {
  try {
    return LONG.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)
  } catch {
    // Not JSON: the caller decides what that means.
    return undefined
  }
}

function keepDigits(
  _key: string,
  value: unknown,
  { source }: { readonly source?: string },
): unknown {
  if (typeof value !== 'number' || source === undefined) return value
  return Number.isSafeInteger(value) || !INTEGER.test(source) ? value : JSON.rawJSON(source)
}
