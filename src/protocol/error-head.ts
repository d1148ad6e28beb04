/** Characters. */
const MOST_READ = 8192

/** What is looked through of an upstream's error, which may be a page without end: what it says stands at the beginning. */
export function headOf(text: string): string {
  return text.slice(0, MOST_READ)
}
