import { DEEPEST } from './json-depth.ts'

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

const INTEGER = /^-?[0-9]+$/

/**
 * Parses JSON so that ids beyond 2^53 (snowflakes, 64-bit keys) are written again with all their digits.
 * Such a number is no number to the reader, who may only pass it on. Undefined where the text is no JSON.
 */
export function parseExact(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return holdsLong(value) ? JSON.parse(text, keepDigits) : value
  } catch {
    // Not JSON: the caller decides what that means.
    return undefined
  }
}

/** To look at what was parsed takes a tenth of the time that it takes to look through the text. */
function holdsLong(value: unknown, levels = DEEPEST): boolean {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER
  if (typeof value !== 'object' || value === null || levels === 0) return false
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (const one of inner) {
    if (typeof one !== 'string' && holdsLong(one, levels - 1)) return true
  }
  return false
}

function keepDigits(
  _key: string,
  value: unknown,
  { source }: { readonly source?: string },
): unknown {
  if (typeof value !== 'number' || source === undefined) return value
  return Number.isSafeInteger(value) || !INTEGER.test(source) ? value : JSON.rawJSON(source)
}
