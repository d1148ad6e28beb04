import type { Secret } from '../../kit/secret.ts'

/** Keys and tokens by their look: Anthropic's, bearer values, JSON web tokens, assignments of secrets. */
const LOOKS: readonly (readonly [RegExp, string])[] = [
  [/\bsk-[A-Za-z0-9_-]{6,}/g, 'sk-***'],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, '$1 ***'],
  [/\beyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]+)*/g, '***'],
  [
    /((?:api[_-]?key|token|secret|password|authorization)["']?\s*[=:]\s*["']?)(?!bearer |basic )[^\s"',;]{6,}/gi,
    '$1***',
  ],
]

/** A text without what looks like a key, and without the secrets that are known. */
export function redact(text: string, secrets: readonly Secret[] = []): string {
  let safe = text
  for (const secret of secrets) {
    const value = secret.reveal()
    if (value.length >= 6) safe = safe.replaceAll(value, '***')
  }
  for (const [look, instead] of LOOKS) safe = safe.replace(look, instead)
  return safe
}

const KEPT_LINES = 3
const KEPT_CHARS = 300

/** The first or last lines of an output that say something, on one line, without secrets. */
export function excerpt(
  text: string,
  end: 'first' | 'last',
  secrets: readonly Secret[] = [],
): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal start with one
  const plain = text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
  const lines = plain
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const kept = end === 'first' ? lines.slice(0, KEPT_LINES) : lines.slice(-KEPT_LINES)
  const safe = redact(kept.join(' / '), secrets)
  if (safe.length <= KEPT_CHARS) return safe
  return end === 'first' ? `${safe.slice(0, KEPT_CHARS)}…` : `…${safe.slice(-KEPT_CHARS)}`
}
