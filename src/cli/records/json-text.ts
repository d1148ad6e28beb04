/** What JSON leaves as it is and a terminal obeys: the upper control characters, and what turns a text around. */
const STEERS = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

/** A value as JSON that steers no terminal, whatever others put into its texts. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    STEERS,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
