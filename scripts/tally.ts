/** What a run of tests came to. */
export interface Tally {
  passed: number
  failed: number
  skipped: number
}

/** Adds up a JUnit report; a file that was to run and is not in it failed before its first test. */
export function tally(report: string, files: readonly string[]): Tally {
  const sum: Tally = { passed: 0, failed: 0, skipped: 0 }
  for (const [, attributes = '', body = ''] of report.matchAll(
    /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    if (/<skipped\b/.test(body)) sum.skipped++
    else if (/<(?:failure|error)\b/.test(body)) sum.failed++
    else if (attributes) sum.passed++
  }
  for (const file of files) if (!report.includes(` file="${file}"`)) sum.failed++
  return sum
}

/** The tally as the last line of a run. */
export function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} not run` : ''}`
}
