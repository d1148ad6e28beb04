/** The name of the section that has no version yet. */
export const UNRELEASED = 'Unreleased'

/** Cuts the section of one version out of a changelog in the form of Keep a Changelog. */
export function releaseNotes(changelog: string, version: string): string {
  const lines = changelog.split('\n')
  const start = lines.findIndex((line) => isHeading(line, version))
  if (start < 0) {
    const found = lines.flatMap((line) => /^## \[(.+?)\]/.exec(line)?.[1] ?? [])
    throw new Error(
      `CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD" (it has ${found.join(', ')}): ` +
        `rename [${UNRELEASED}], or try a release with --snapshot`,
    )
  }
  const rest = lines.slice(start + 1)
  // The next version's heading ends it, as do the links that the format allows at the end of the file.
  const end = rest.findIndex((line) => line.startsWith('## ') || /^\[.+\]: /.test(line))
  const notes = rest
    .slice(0, end < 0 ? undefined : end)
    .join('\n')
    .trim()
  if (notes === '') throw new Error(`The section [${version}] of CHANGELOG.md is empty`)
  return `${notes}\n`
}

/** A version's heading has its date; only what is not released has none. */
function isHeading(line: string, version: string): boolean {
  if (version === UNRELEASED) return line.trim() === `## [${UNRELEASED}]`
  const prefix = `## [${version}] - `
  return line.startsWith(prefix) && /^\d{4}-\d{2}-\d{2}$/.test(line.slice(prefix.length).trim())
}

/** Throws unless a tag names the version that is in package.json. */
export function checkTag(tag: string, version: string): void {
  if (tag === `v${version}`) return
  throw new Error(
    `The tag "${tag}" is not that of package.json: version ${version} needs v${version}`,
  )
}
